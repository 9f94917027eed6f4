"""Tuning jobs: a search whose trials are real training jobs."""
