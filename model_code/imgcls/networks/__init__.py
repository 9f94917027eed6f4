"""Network architectures, their pretrained weights and the files that weights are kept in."""
