"""Training: the command line, the loop, the optimizer, checkpoints and what a training leaves behind."""
