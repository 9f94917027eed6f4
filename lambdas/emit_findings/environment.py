"""The environment of EmitFindings."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`environment` is the value of the metrics' dimension of that name."""

    environment: str
