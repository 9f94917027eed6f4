"""The client: predictions by a deployed model."""
