"""Network architectures, their pretrained weights and weights files."""
