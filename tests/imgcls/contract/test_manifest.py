"""`manifest.jsonl`: rows in path order, an id over all that is in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from imgcls.contract import manifest
from imgcls.contract.manifest import Header, Row

ROWS = (
    Row("a/1.jpg", "0" * 64, 100, "a", "train", 10, 20),
    Row("a/2.jpg", "1" * 64, 200, "a", "quarantine", findings=("truncated",)),
    Row("b/1.jpg", "2" * 64, 300, "b", "removed", 30, 40),
)
HEADER = Header("1a2b", "pets", {"min_side": 16}, ("a", "b"), {"train": 1})


def test_the_splits_and_what_is_left_out_have_these_names() -> None:
    assert manifest.SPLITS == ("train", "validation", "test")
    assert (manifest.QUARANTINED, manifest.REMOVED, manifest.FILE) == ("quarantine", "removed", "manifest.jsonl")


def test_a_manifest_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / manifest.FILE
    manifest.write(path, HEADER, ROWS)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {
        "id": "1a2b", "dataset": "pets", "settings": {"min_side": 16}, "classes": ["a", "b"], "counts": {"train": 1},
        "format": 1,
    }  # fmt: skip
    assert lines[1] == {
        "path": "a/1.jpg", "sha256": "0" * 64, "bytes": 100, "label_folder": "a", "split": "train", "width": 10,
        "height": 20, "findings": [],
    }  # fmt: skip
    # Sorted, so that the same manifest is the same file.
    assert path.read_text().startswith('{"classes": ') and '\n{"bytes": 100, ' in path.read_text()
    assert manifest.read_header(path) == HEADER
    assert tuple(manifest.read_rows(path)) == ROWS


@pytest.mark.parametrize("format", [None, 2])
def test_another_format_is_refused(tmp_path: Path, format: object) -> None:
    path = tmp_path / manifest.FILE
    path.write_text(json.dumps({"id": "1", "dataset": "d", "classes": [], "format": format}) + "\n")
    with pytest.raises(ValueError, match=f"manifest.jsonl has format {format!r}; this version reads format 1"):
        manifest.read_header(path)


def test_a_row_without_size_or_findings_has_none() -> None:
    assert (ROWS[1].width, ROWS[1].height, ROWS[0].findings) == (0, 0, ())


def test_the_same_content_has_the_same_id() -> None:
    made = manifest.manifest_id({"b": 1, "a": 2}, ROWS)
    assert made == "d68d6c961fd04cf9" == manifest.manifest_id({"a": 2, "b": 1}, iter(ROWS))
    assert manifest.manifest_id({"a": 2, "b": 2}, ROWS) != made
    assert manifest.manifest_id({"a": 2, "b": 1}, (replace(ROWS[0], width=11), *ROWS[1:])) != made


@pytest.mark.parametrize("rows", [(ROWS[1], ROWS[0]), (ROWS[0], ROWS[0])])
def test_rows_out_of_order_are_refused(tmp_path: Path, rows: tuple[Row, ...]) -> None:
    sentence = f"the row of {rows[1].path} comes after that of {rows[0].path}"
    with pytest.raises(ValueError, match=sentence):
        manifest.manifest_id({}, rows)
    with pytest.raises(ValueError, match=sentence):
        manifest.write(tmp_path / "m", HEADER, rows)


def test_a_name_that_is_not_unicode_sorts_by_its_bytes() -> None:
    first, second = replace(ROWS[0], path="\U0001f408.jpg"), replace(ROWS[0], path="\udcff.jpg")
    assert second.path < first.path
    assert manifest.manifest_id({}, (first, second))
