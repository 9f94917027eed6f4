"""Model artifacts: archives, exported graphs, reduced precision, imported weights."""
