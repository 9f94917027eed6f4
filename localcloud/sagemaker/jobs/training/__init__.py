"""Training jobs: AWS's own training toolkit, in a directory that stands for /opt/ml."""
