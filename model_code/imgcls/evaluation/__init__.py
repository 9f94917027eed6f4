"""Evaluation: the servable candidate, its scores, golden images and saliency maps."""
