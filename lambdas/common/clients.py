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
