"""AWS clients, each created on first use, so that tests can set endpoint and credentials before."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=70)


@functools.cache
def client(service: str) -> Any:
    return boto3.client(service, config=_CONFIG)


@functools.cache
def quick_client(service: str) -> Any:
    """For calls that a function can do without: one attempt, of a few seconds."""
    quick = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=10)
    return boto3.client(service, config=quick)
