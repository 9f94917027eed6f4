"""Reports: pure functions from recorded data to one self-contained HTML page each. No network, no torch."""
