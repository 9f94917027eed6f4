"""Operations of SageMaker's API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from localcloud.context import Cloud
from localcloud.sagemaker.api.placements import Placements
from localcloud.server import Application, JsonOperation

Answer = Mapping[str, object]
# Each operation takes the TypedDict of its own request; the server has made sure that the request matches it.
Operation = Callable[[Any], Answer | None]


class Part(Protocol):
    """Answers some operations, by name."""

    def operations(self) -> Mapping[str, Operation]: ...


def install_operations(cloud: Cloud, app: Application, parts: Iterable[Part]) -> None:
    """Answer the operations of all `parts` in place of moto."""
    placements = Placements(cloud)
    for part in parts:
        for name, operation in part.operations().items():
            app.operation("sagemaker", name, _placed(name, operation, placements))


def _placed(name: str, operation: Operation, placements: Placements) -> JsonOperation:
    def answer(request: dict[str, Any]) -> Answer | None:
        placements.check(name, request)
        return operation(request)

    return answer
