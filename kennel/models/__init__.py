"""Models: what is published, batch predictions, weights from elsewhere, pretrained weights."""
