"""The environment of PublishModel."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`stable_key` and `refresh_stable_key`: see `config.pipeline.PublishConfig`."""

    artifacts_bucket: str
    endpoint_name: str
    stable_key: bool
    refresh_stable_key: bool
