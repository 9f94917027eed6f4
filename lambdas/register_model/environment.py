"""The environment of RegisterModel."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.common.environment import FunctionEnvironment


@dataclass(frozen=True)
class Environment(FunctionEnvironment):
    """`serving_image` is the URI of the image that serves the package."""

    serving_image: str
    project: str
    environment: str
