"""The table of permitted imports in docs/architecture.md: its rows, and what the code imports against them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from checks.architecture.imports import ROOT, imports, modules

PAGE = ROOT / "docs" / "architecture.md"
OURS = {
    "benchmarks", "checks", "config", "examples", "imgcls", "inference", "kennel", "lambdas", "localcloud", "pipeline",
    "samples", "stacks", "tests",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What the modules in `folder` may import beside their own package: packages of `ours`, and third-party ones.

    A module belongs to the row with the deepest folder that contains it.
    """

    folder: str
    ours: frozenset[str]
    third_party: frozenset[str]

    @cached_property
    def modules(self) -> tuple[Path, ...]:
        return tuple(path for path in modules(ROOT / self.folder) if row_of(path) is self)

    def imports(self) -> Iterator[tuple[Path, str]]:
        """(module, dotted name that it imports), without the standard library and its own package."""
        own = self.folder.removeprefix("model_code/").replace("/", ".")
        for path in self.modules:
            for name in imports(path):
                if _top(name) not in sys.stdlib_module_names and not _within(name, own):
                    yield path, name

    def permission(self, name: str) -> str | None:
        """The entry of the row that permits the import of `name`, if there is one."""
        if _top(name) in OURS:
            return next((entry for entry in self.ours if _within(name, entry)), None)
        return _top(name) if _top(name) in self.third_party else None


@cache
def rows() -> tuple[Row, ...]:
    """Raises ValueError if the page does not have a table."""
    lines = PAGE.read_text().splitlines()
    found = tuple(_row(line) for line in lines if line.startswith("| `") and line.count("|") == 4)
    if not found:
        raise ValueError(f"{PAGE} does not contain the table of permitted imports")
    return found


def row_of(path: Path) -> Row | None:
    """The row that a module belongs to."""
    fitting = [row for row in rows() if path.is_relative_to(ROOT / row.folder)]
    return max(fitting, key=lambda row: len(row.folder), default=None)


def _row(line: str) -> Row:
    folder, ours, third_party = (cell.split("`")[1::2] for cell in line.strip("|").split("|"))
    return Row(folder[0], frozenset(ours), frozenset(third_party))


def _top(name: str) -> str:
    return name.partition(".")[0]


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
