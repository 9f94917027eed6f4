"""The Prepare step from end to end: what it writes, and that it is reproducible."""

from __future__ import annotations

import hashlib
import io
import json
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from imgcls.contract import manifest, prepared
from imgcls.contract.dataset import DatasetSettings, Split
from imgcls.data.folders import open_dataset
from imgcls.data.shards import open_split
from imgcls.preparation.run import prepare
from tests.imgcls.preparation import defects

SCRIPT = Path(__file__).parents[3] / "model_code" / "prepare.py"
main = runpy.run_path(str(SCRIPT))["main"]


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_splits_are_written_as_the_contract_says(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    (source / "train/a/bad.jpg").write_bytes(b"not an image")
    message = prepare(source, tmp_path / "out", DatasetSettings(), workers=1)
    folder = tmp_path / "out" / message.manifest_id
    assert {path.name for path in (tmp_path / "out").iterdir()} == {message.manifest_id}
    assert (message.num_train, message.num_validation, message.num_test) == (36, 9, 9)
    assert message.num_quarantined == 1
    for split, num in ((prepared.TRAIN, 36), (prepared.VALIDATION, 9), (prepared.TEST, 9)):
        assert len(open_split(folder / split)) == num
    assert (folder / "quarantine/train/a/bad.jpg").read_bytes() == b"not an image"
    assert "not an image of a known format" in (folder / "quarantine/train/a/bad.jpg.reason.txt").read_text()
    assert (source / "train/a/bad.jpg").is_file()
    header = manifest.read_header(folder / manifest.FILE)
    rows = list(manifest.read_rows(folder / manifest.FILE))
    assert header.id == manifest.manifest_id(header.settings, rows) == message.manifest_id
    assert len(rows) == 55 and header.counts["quarantine"] == 1
    assert "bad.jpg" in (folder / prepared.REPORTS / prepared.DATA_REPORT).read_text()


def test_the_message_says_how_jobs_are_to_read_the_training_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = defects.clean_set(tmp_path / "in")
    assert prepare(source, tmp_path / "out", DatasetSettings(), workers=1).train_input_mode == "File"
    monkeypatch.setattr(prepared, "STREAMED_BYTES", 1000)
    assert prepare(source, tmp_path / "again", DatasetSettings(), workers=1).train_input_mode == "FastFile"


def test_a_set_can_be_written_as_class_folders(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    (source / "train/b/no-extension").write_bytes(defects.encoded(defects.photo(1), "PNG"))
    (source / "train/b/deeper").mkdir()
    (source / "train/b/deeper/large.png").write_bytes(defects.encoded(defects.photo(2, (300, 200)), "PNG"))
    settings = DatasetSettings(packing="folders", max_short_side=120)
    message = prepare(source, tmp_path / "out", settings, workers=1)
    split = open_dataset(tmp_path / "out" / message.manifest_id / "train")
    names = {split.name(index) for index in range(len(split))}
    assert len(names) == 38
    assert {"b/no-extension.png", "b/deeper/large.png.jpg", "a/000.jpg"} <= names


def test_classes_may_have_the_names_of_splits(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    for split in ("train", "valid", "test"):
        (source / split / "a").rename(source / split / "train")
    message = prepare(source, tmp_path / "out", DatasetSettings(packing="folders"), workers=1)
    folder = tmp_path / "out" / message.manifest_id
    assert open_dataset(folder / "train").labels == open_dataset(folder / "test").labels == ("b", "c", "train")


def test_only_the_train_split_is_scaled_down(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    for seed, split in enumerate(("train", "valid", "test")):
        (source / split / "a" / "large.jpg").write_bytes(defects.encoded(defects.photo(seed, (900, 700))))
    message = prepare(source, tmp_path / "out", DatasetSettings(max_short_side=100), workers=1)
    folder = tmp_path / "out" / message.manifest_id
    packed = open_split(folder / "train")
    read = {packed.name(index): packed.read(index) for index in range(len(packed))}
    with Image.open(io.BytesIO(read["train/a/large.jpg"])) as image:
        assert image.size == (129, 100)
    for split, name in (("valid", "validation"), ("test", "test")):
        assert (folder / name / "a/large.jpg").read_bytes() == (source / split / "a/large.jpg").read_bytes()
    assert read["train/a/000.jpg"] == (source / "train/a/000.jpg").read_bytes()


def test_same_input_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in", per_class=(30, 3, 3))
    first = prepare(source, tmp_path / "one", DatasetSettings(max_short_side=64), workers=1)
    second = prepare(source, tmp_path / "two", DatasetSettings(max_short_side=64), workers=2)
    assert first == second
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def test_a_run_that_was_killed_can_be_repeated(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    left = tmp_path / "out" / ".unfinished" / "train" / "a"
    left.mkdir(parents=True)
    (left / "half.jpg").write_bytes(b"half")
    message = prepare(source, tmp_path / "out", DatasetSettings(), workers=1)
    prepare(source, tmp_path / "clean", DatasetSettings(), workers=1)
    assert _files(tmp_path / "out") == _files(tmp_path / "clean")
    again = prepare(source, tmp_path / "out", DatasetSettings(), workers=1)
    assert again == message and _files(tmp_path / "out") == _files(tmp_path / "clean")


def test_a_killed_process_leaves_nothing_half_done(tmp_path: Path) -> None:
    source = defects.classes_only(tmp_path / "in", per_class=100)
    command = [sys.executable, str(SCRIPT), "--input", str(source), "--workers", "1", "--output"]
    process = subprocess.Popen([*command, str(tmp_path / "out")], stdout=subprocess.DEVNULL)
    while not (tmp_path / "out/.unfinished/train").is_dir():
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".unfinished"]
    for folder in ("out", "clean"):
        subprocess.run([*command, str(tmp_path / folder)], check=True, stdout=subprocess.DEVNULL)
    assert _files(tmp_path / "out") == _files(tmp_path / "clean")


def test_an_added_file_moves_no_other(tmp_path: Path) -> None:
    source = defects.classes_only(tmp_path / "in", size=(900, 700))
    # Large images for a test: a few dozen fill a shard of one MB.
    settings = DatasetSettings(split=Split(0.6, 0.2, 0.2), shard_megabytes=1)
    before = prepare(source, tmp_path / "out", settings, workers=1)
    (source / "a" / "new.jpg").write_bytes(defects.encoded(defects.photo(3), quality=95))
    after = prepare(source, tmp_path / "out", settings, workers=1)
    rows = [
        {row.path: row for row in manifest.read_rows(tmp_path / "out" / message.manifest_id / manifest.FILE)}
        for message in (before, after)
    ]
    added = rows[1].pop("a/new.jpg")
    shards = [_shards(tmp_path / "out" / message.manifest_id / "train") for message in (before, after)]
    assert len(shards[0]) > 1
    assert len([name for name in shards[0] if shards[0][name] != shards[1][name]]) == (added.split == "train")
    assert added.split in manifest.SPLITS
    assert rows[0] == rows[1]
    assert before.manifest_id != after.manifest_id


def _shards(folder: Path) -> dict[str, str]:
    index = json.loads((folder / "shards.json").read_text())
    return {shard["name"]: shard["sha256"] for shard in index["shards"]}


def test_near_duplicates_share_a_split(tmp_path: Path) -> None:
    source = defects.classes_only(tmp_path / "in")
    for path in sorted((source / "a").iterdir())[:20]:
        with Image.open(path) as image:
            (source / "a" / f"copy-{path.name}").write_bytes(defects.encoded(image, quality=60))
    message = prepare(source, tmp_path / "out", DatasetSettings(split=Split(0.5, 0.25, 0.25)), workers=1)
    rows = {row.path: row for row in manifest.read_rows(tmp_path / "out" / message.manifest_id / manifest.FILE)}
    for number in range(20):
        assert rows[f"a/{number:03d}.jpg"].split == rows[f"a/copy-{number:03d}.jpg"].split
    assert len({row.split for row in rows.values()}) == 3


def test_validation_is_taken_from_train_if_only_train_and_test_are_given(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in", per_class=(60, 3, 10))
    shutil.rmtree(source / "valid")
    message = prepare(source, tmp_path / "out", DatasetSettings(split=Split.parse("0.8/0.2")), workers=1)
    assert message.num_test == 30
    assert message.num_train + message.num_validation == 180
    assert 6 <= message.num_validation <= 35
