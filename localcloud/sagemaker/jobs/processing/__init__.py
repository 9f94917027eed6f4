"""Processing jobs: a container's entrypoint, with S3 inputs and outputs below /opt/ml."""
