"""The environment of the function that starts an image build."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`project` is the name of the CodeBuild project, `repositories` are those that it pushes to."""

    project: str
    repositories: list[str]
