"""The client: ask a deployed model."""
