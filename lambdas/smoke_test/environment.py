"""The environment of SmokeTest."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`max_wait_seconds`: how long the endpoint may take to load the model."""

    artifacts_bucket: str
    endpoint_name: str
    max_wait_seconds: int = 480
