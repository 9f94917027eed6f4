"""Small decisions between the pipeline's steps: one folder per function."""
