"""Watches a training run: tensors of sampled steps, the rules over them, what they found."""
