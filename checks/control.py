"""A control: an id, a requirement, and how to find the resources that violate it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checks.assembly import Assembly, Resource

Holds = Callable[[Resource, Assembly], object]
Found = str | tuple[str, str]
"""The label of a resource, or (label, what about it violates the requirement)."""


@dataclass(frozen=True)
class Violation:
    """`resource` violates `control`. `requirement` completes the sentence "the resource must ..."."""

    control: str
    resource: str
    requirement: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.control}: {self.resource} must {self.requirement}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Control:
    """`find` yields the labels of the resources that violate `requirement`, with what violates it where that helps.

    `when` names the entry of `Assembly.expected` that turns the control on; None means always.
    """

    id: str
    requirement: str
    find: Callable[[Assembly], Iterable[Found]]
    when: str | None = None

    def violations(self, assembly: Assembly) -> Iterator[Violation]:
        if self.when is None or assembly.expected.get(self.when):
            for found in self.find(assembly):
                label, detail = (found, "") if isinstance(found, str) else found
                yield Violation(self.id, label, self.requirement, detail)


def each(id: str, requirement: str, kind: str | tuple[str, ...], holds: Holds, *, when: str | None = None) -> Control:
    """A control on every resource of `kind`."""
    kinds = (kind,) if isinstance(kind, str) else kind

    def find(assembly: Assembly) -> Iterator[Found]:
        return (resource.label for resource in assembly.of(*kinds) if not holds(resource, assembly))

    return Control(id, requirement, find, when)


def of_assembly(id: str, requirement: str, holds: Callable[[Assembly], object], *, when: str | None = None) -> Control:
    """A control on the assembly as a whole."""
    return Control(id, requirement, lambda assembly: [] if holds(assembly) else ["the assembly"], when)
