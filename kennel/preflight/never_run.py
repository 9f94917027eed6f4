"""The facts that only an account can prove: the table of docs/never-run.md, read from the page itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from kennel.workspace import clone

PAGE = clone.ROOT / "docs" / "never-run.md"
COLUMNS = ("id", "never seen", "evidence", "fallback", "settled by")
FREE, SPEND = "`preflight`", "`preflight --spend`"


@dataclass(frozen=True)
class Row:
    """One fact. `settled_by` is FREE, SPEND, or what a person must look at."""

    id: str
    fact: str
    evidence: str
    fallback: str
    settled_by: str


@cache
def rows() -> tuple[Row, ...]:
    """The rows in the page's order. Raises ValueError for a row with another number of cells, or an id used twice."""
    table = PAGE.read_text().partition(f"| {' | '.join(COLUMNS)} |\n")[2]
    lines = [line for line in table.split("\n\n", 1)[0].splitlines() if not line.startswith("|---")]
    found = tuple(_row(line) for line in lines)
    ids = [row.id for row in found]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"{PAGE.name} has {', '.join(twice)} twice: each row needs an id of its own")
    return found


def _row(line: str) -> Row:
    cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{PAGE.name} has a row of {len(cells)} cells instead of {len(COLUMNS)}: {line[:60]}")
    return Row(cells[0].strip("`"), *cells[1:])
