"""Figures against peers: every one a ratio, measured side by side in one interleaved run."""
