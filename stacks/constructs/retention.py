"""What becomes of a resource with data when its stack goes: kept or deleted, as the environment says."""

from __future__ import annotations

from aws_cdk import RemovalPolicy


def removal_policy(retain: bool) -> RemovalPolicy:
    """A creation that fails deletes even what is retained later: it would be in the way of the next creation."""
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if retain else RemovalPolicy.DESTROY
