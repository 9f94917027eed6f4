"""The environment of the function that starts an image build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """`project` is the name of the CodeBuild project."""

    project: str

    def to_environment(self) -> dict[str, str]:
        return {"PROJECT": self.project}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Environment:
        return cls(project=environment["PROJECT"])
