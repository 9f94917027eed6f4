"""The environment of StageArtifact."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """The bucket of runs and models."""

    artifacts_bucket: str
