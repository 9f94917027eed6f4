"""Checks of a container and of an archive against the serving contract."""
