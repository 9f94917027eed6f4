"""Cached compiled graphs: the same answers as a fresh compilation, limited in size, never read from elsewhere."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from tiny_artifact import SIDE, colour_graph, write_model

from imgcls.contract.artifact import read_card
from imgcls.serving import blobs as module
from imgcls.serving.blobs import BlobCache
from imgcls.serving.engine import OpenVinoEngine


def _load(folder: Path, blobs: BlobCache | None) -> OpenVinoEngine:
    return OpenVinoEngine(folder, read_card(folder), threads=2, blobs=blobs)


def test_a_model_that_is_loaded_again_answers_as_before(tmp_path: Path) -> None:
    write_model(tmp_path, graph=colour_graph(num_padding=3000))
    blobs = BlobCache(1 << 20)
    pixels = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)
    first = _load(tmp_path, blobs)
    expected = first(pixels)
    first.retire()
    (tmp_path / "model.onnx").unlink()
    (tmp_path / "model.onnx").touch()
    second = _load(tmp_path, blobs)
    np.testing.assert_array_equal(second(pixels), expected)


def test_a_kept_graph_outlives_its_place_in_the_cache(tmp_path: Path) -> None:
    write_model(tmp_path)
    blobs = BlobCache(1 << 20)
    first = _load(tmp_path, blobs)
    first.retire()
    second = _load(tmp_path, blobs)
    for number in range(module.MAX_BLOBS):
        blobs.put(f"other-{number}", b"x")
    first.retire()
    pixels = np.full((1, SIDE, SIDE, 3), 7, np.uint8)
    np.testing.assert_array_equal(second(pixels), first(pixels))


@pytest.mark.parametrize("change", ["graph", "labels", "threads"])
def test_a_different_graph_is_compiled_again(tmp_path: Path, change: str) -> None:
    write_model(tmp_path / "a")
    other = {"graph": colour_graph(roll=1)} if change == "graph" else {}
    write_model(tmp_path / "b", **other)
    blobs = BlobCache(1 << 20)
    _load(tmp_path / "a", blobs).retire()
    size = blobs.num_bytes
    card = read_card(tmp_path / "b")
    if change == "labels":
        with pytest.raises(Exception, match="labels"):
            write_model(tmp_path / "b", labels=("one", "two"))
            _load(tmp_path / "b", blobs)
        return
    OpenVinoEngine(tmp_path / "b", card, threads=1 if change == "threads" else 2, blobs=blobs).retire()
    assert blobs.num_bytes > size


def test_the_cache_is_bounded_and_drops_what_was_not_used_for_longest() -> None:
    blobs = BlobCache(100)
    for key in "abc":
        blobs.put(key, key.encode() * 30)
    assert bytes(blobs.get("a") or b"") == b"a" * 30
    blobs.put("d", b"d" * 30)
    assert [key for key in "abcd" if key in blobs] == ["a", "c", "d"]
    blobs.put("huge", b"x" * 101)
    assert "huge" not in blobs and blobs.num_bytes == 90


def test_files_have_no_names_and_descriptors_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    blobs = BlobCache(1 << 20)
    for number in range(2 * module.MAX_BLOBS):
        blobs.put(str(number), b"x")
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) - before <= module.MAX_BLOBS + 1


def test_a_disk_that_cannot_be_written_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    blobs = BlobCache(1 << 20)
    blobs.put("a", b"x")
    assert "a" not in blobs
    assert "cannot be kept" in caplog.text
