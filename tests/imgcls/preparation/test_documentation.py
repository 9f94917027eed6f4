"""docs/data.md lists every finding with its action and its meaning."""

from __future__ import annotations

from pathlib import Path

from imgcls.contract.dataset import PACKINGS
from imgcls.preparation.findings import BY_CODE

PAGE = Path(__file__).parents[3] / "docs" / "data.md"


def _rows(heading: str) -> list[str]:
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_table_of_findings_is_complete_and_correct() -> None:
    assert _rows("Check") == [f"| `{f.code}` | {f.action} | {f.meaning} |" for f in BY_CODE.values()]


def test_the_table_of_packings_is_complete() -> None:
    assert [row.split("`")[1] for row in _rows("Shards")] == list(PACKINGS)
