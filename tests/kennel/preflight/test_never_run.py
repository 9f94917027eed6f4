"""docs/never-run.md: a row per fact, with an id, evidence, a fallback and who settles it."""

from __future__ import annotations

import re

import pytest

from kennel.preflight import never_run


def test_every_row_is_whole() -> None:
    rows = never_run.rows()
    assert len(rows) >= 27
    for row in rows:
        assert re.fullmatch(r"[a-z0-9.]+(-[a-z0-9.]+)*", row.id), row
        assert all((row.fact, row.evidence, row.fallback, row.settled_by)), row


def test_a_row_is_settled_by_a_command_or_by_a_person_who_is_told_what_to_look_at() -> None:
    for row in never_run.rows():
        assert row.settled_by in (never_run.FREE, never_run.SPEND) or row.settled_by.startswith("a person"), row


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("| `one` | b | c | d | e |\n| `one` | b | c | d | e |", "one twice"),
        ("| `one` | b | c |", "3 cells instead of 5"),
    ],
)
def test_a_broken_table_is_refused(rows: str, message: str, tmp_path, monkeypatch) -> None:
    page = tmp_path / "never-run.md"
    page.write_text(f"| {' | '.join(never_run.COLUMNS)} |\n|---|---|---|---|---|\n{rows}\n\nMore.\n")
    monkeypatch.setattr(never_run, "PAGE", page)
    never_run.rows.cache_clear()
    with pytest.raises(ValueError, match=message):
        never_run.rows()
    never_run.rows.cache_clear()
