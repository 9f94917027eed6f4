"""Operations of SageMaker's API: each checks its request against the service's own model before it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from localcloud.context import Cloud
from localcloud.sagemaker.api.placements import Placements
from localcloud.sagemaker.api.validation import check_request
from localcloud.server import Application, JsonOperation

Answer = Mapping[str, object]
# Each operation takes the TypedDict of its own request; check_request has made sure that the request matches it.
Operation = Callable[[Any], Answer | None]


class Part(Protocol):
    """Answers some operations, by name."""

    def operations(self) -> Mapping[str, Operation]: ...


def install_operations(cloud: Cloud, app: Application, parts: Iterable[Part]) -> None:
    """Answer the operations of all `parts` in place of moto."""
    placements = Placements(cloud)
    for part in parts:
        for name, operation in part.operations().items():
            app.operation("sagemaker", name, _checked(name, operation, placements))


def _checked(name: str, operation: Operation, placements: Placements) -> JsonOperation:
    def answer(request: dict[str, Any]) -> dict[str, Any] | None:
        check_request(name, request)
        placements.check(name, request)
        found = operation(request)
        return None if found is None else dict(found)

    return answer
