"""A control: an identity, a sentence, and how to find what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checks.assembly import Assembly, Resource

Holds = Callable[[Resource, Assembly], object]


@dataclass(frozen=True)
class Breach:
    """`resource` breaks `control`; `rule` is the sentence that should be true of it."""

    control: str
    resource: str
    rule: str

    def __str__(self) -> str:
        return f"{self.control}: {self.resource} must: {self.rule}"


@dataclass(frozen=True)
class Control:
    """`find` yields the labels of what breaks `rule`. `when`: a key of the environment's promises; None is always."""

    id: str
    rule: str
    find: Callable[[Assembly], Iterable[str]]
    when: str | None = None

    def breaches(self, assembly: Assembly) -> Iterator[Breach]:
        if self.when is None or assembly.expected.get(self.when):
            yield from (Breach(self.id, label, self.rule) for label in self.find(assembly))


def each(id: str, rule: str, kind: str | tuple[str, ...], holds: Holds, *, when: str | None = None) -> Control:
    """A control that every resource of `kind` must hold."""
    kinds = (kind,) if isinstance(kind, str) else kind

    def find(assembly: Assembly) -> Iterator[str]:
        return (resource.label for resource in assembly.of(*kinds) if not holds(resource, assembly))

    return Control(id, rule, find, when)


def some(id: str, rule: str, holds: Callable[[Assembly], object], *, when: str | None = None) -> Control:
    """A control on the assembly as a whole."""
    return Control(id, rule, lambda assembly: [] if holds(assembly) else ["the assembly"], when)
