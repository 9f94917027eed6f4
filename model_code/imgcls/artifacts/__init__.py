"""Model artifacts: archives, exported graphs, reduced precision, weights from elsewhere."""
