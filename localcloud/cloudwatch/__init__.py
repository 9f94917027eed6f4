"""Alarms that are evaluated."""

from localcloud.context import Cloud


def install(cloud: Cloud) -> None:
    """Start the alarm evaluator."""
