"""State machines: what moto's interpreter lacks."""

from localcloud.context import Cloud


def install(cloud: Cloud) -> None:
    """Add the missing integrations to moto's interpreter."""
