"""Why some mutants are not counted, and why others may live: what `reasons.toml` says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tests.mutation.mutants import Mutant

FILE = Path(__file__).parent / "reasons.toml"


@dataclass(frozen=True)
class Reason:
    """`mutants` is a name, or a pattern of names (`*`, `?`; a bracket is `[[]`)."""

    mutants: str
    reason: str

    def fits(self, mutant: Mutant) -> bool:
        return self.mutants == mutant.name or fnmatchcase(mutant.name, self.mutants)


@dataclass(frozen=True)
class Reasons:
    """`equivalent` mutants do the same as the product; a `survivor` does not, and no test is worth its while."""

    equivalent: tuple[Reason, ...]
    survivor: tuple[Reason, ...]

    @classmethod
    def load(cls, path: Path = FILE) -> Reasons:
        found = tomllib.loads(path.read_text())
        return cls(*(tuple(Reason(**entry) for entry in found.get(kind, ())) for kind in ("equivalent", "survivor")))

    def is_equivalent(self, mutant: Mutant) -> bool:
        return any(reason.fits(mutant) for reason in self.equivalent)

    def of_survivor(self, mutant: Mutant) -> str | None:
        return next((reason.reason for reason in self.survivor if reason.fits(mutant)), None)

    def stale(self, population: Iterable[Mutant]) -> list[str]:
        """Patterns that fit no mutant any more."""
        found = list(population)
        return [
            reason.mutants
            for reason in (*self.equivalent, *self.survivor)
            if not any(reason.fits(mutant) for mutant in found)
        ]
