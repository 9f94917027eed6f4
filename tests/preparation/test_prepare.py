"""The Prepare step as a whole: what it writes, that it repeats itself, and the sentences of its refusals."""

from __future__ import annotations

import hashlib
import io
import json
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from imgcls.contract import manifest, prepared
from imgcls.contract.dataset import DatasetError, DatasetSettings, Split
from imgcls.data.folders import open_dataset
from imgcls.data.shards import open_split
from imgcls.preparation.run import prepare
from tests.preparation import defects

SCRIPT = Path(__file__).parents[2] / "model_code" / "prepare.py"
main = runpy.run_path(str(SCRIPT))["main"]


def _files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _classes_only(folder: Path, per_class: int = 40, size: tuple[int, int] = (120, 96)) -> Path:
    for index, name in enumerate(("a", "b")):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            data = defects.encoded(defects.photo(7000 + index * per_class + number, size), quality=95)
            (folder / name / f"{number:03d}.jpg").write_bytes(data)
    return folder


def test_splits_are_written_as_the_contract_says(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    (source / "train/a/bad.jpg").write_bytes(b"no image")
    message = prepare(source, tmp_path / "out", DatasetSettings(), workers=1)
    folder = tmp_path / "out" / message.manifest_id
    assert {path.name for path in (tmp_path / "out").iterdir()} == {message.manifest_id}
    assert (message.num_train, message.num_validation, message.num_test) == (36, 9, 9)
    assert message.num_quarantined == 1
    for split, num in ((prepared.TRAIN, 36), (prepared.VALIDATION, 9), (prepared.TEST, 9)):
        assert len(open_split(folder / split)) == num
    assert (folder / "quarantine/train/a/bad.jpg").read_bytes() == b"no image"
    assert "no image of a known format" in (folder / "quarantine/train/a/bad.jpg.reason.txt").read_text()
    assert (source / "train/a/bad.jpg").is_file()
    header = manifest.read_header(folder / manifest.FILE)
    rows = list(manifest.read_rows(folder / manifest.FILE))
    assert header.id == manifest.manifest_id(header.settings, rows) == message.manifest_id
    assert len(rows) == 55 and header.counts["quarantine"] == 1
    assert "bad.jpg" in (folder / prepared.REPORTS / prepared.DATA_REPORT).read_text()


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


def test_classes_may_be_called_like_splits(tmp_path: Path) -> None:
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
    source = _classes_only(tmp_path / "in", per_class=100)
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
    source = _classes_only(tmp_path / "in", size=(900, 700))
    # The largest images of a shard that a test can afford: a few dozen make one MB.
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


def test_look_alikes_share_a_split(tmp_path: Path) -> None:
    source = _classes_only(tmp_path / "in")
    for path in sorted((source / "a").iterdir())[:20]:
        with Image.open(path) as image:
            (source / "a" / f"copy-{path.name}").write_bytes(defects.encoded(image, quality=60))
    message = prepare(source, tmp_path / "out", DatasetSettings(split=Split(0.5, 0.25, 0.25)), workers=1)
    rows = {row.path: row for row in manifest.read_rows(tmp_path / "out" / message.manifest_id / manifest.FILE)}
    for number in range(20):
        assert rows[f"a/{number:03d}.jpg"].split == rows[f"a/copy-{number:03d}.jpg"].split
    assert len({row.split for row in rows.values()}) == 3


def test_validation_is_carved_from_train_when_only_train_and_test_are_given(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in", per_class=(60, 3, 10))
    shutil.rmtree(source / "valid")
    message = prepare(source, tmp_path / "out", DatasetSettings(split=Split.parse("0.8/0.2")), workers=1)
    assert message.num_test == 30
    assert message.num_train + message.num_validation == 180
    assert 6 <= message.num_validation <= 35


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: shutil.rmtree(folder / name)


def _break_all(folder: Path) -> None:
    for path in folder.glob("*/b/*.jpg"):
        path.write_bytes(path.read_bytes()[:-500])


def _few(folder: Path) -> None:
    for path in sorted((folder / "train/b").iterdir())[3:]:
        path.unlink()


def _one_class(folder: Path) -> None:
    for name in ("b", "c"):
        for split in ("train", "valid", "test"):
            shutil.rmtree(folder / split / name)


def _leaks(folder: Path) -> None:
    for path in (folder / "train/a").iterdir():
        shutil.copy(path, folder / "test/a" / f"x{path.name}")


def _same_label(folder: Path) -> None:
    for split in ("train", "valid", "test"):
        (folder / split / "c").rename(folder / split / "007.a")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_few, "class 'b' has 3 images in train/; at least 10 are needed: add some or pass --min-images 3"),
        (_break_all, "all 18 images of class 'b' are unusable (mostly truncated): replace them, or delete the class"),
        (_one_class, "the data set has 1 class; a classifier needs at least 2: add a class folder"),
        (_remove("valid/c"), "class 'c' has no usable image in validation: move some there"),
        (_remove("train/c"), "class 'c' is in test/ but not in train/: add training images, or delete the folder"),
        (_leaks, "class 'a' has 0 images in train/ after 12 copies and leaks were removed"),
        (_same_label, "the folders 007.a and a both have the label 'a': rename one"),
        (
            lambda folder: (folder / "train/empty").mkdir(),
            "class 'empty' has no images: add some, or delete its folder",
        ),
    ],
)
def test_hard_failures_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], None], sentence: str
) -> None:
    source = defects.clean_set(tmp_path / "in")
    damage(source)
    message = tmp_path / "message"
    status = main(
        ["--input", str(source), "--output", str(tmp_path / "out"), "--message", str(message), "--workers", "1"]
    )
    assert status == 1
    assert capsys.readouterr().err.startswith(sentence)
    assert message.read_text().startswith(sentence)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["refused"]
    assert sentence.split("'")[0] in (tmp_path / "out/refused/reports/data-report.html").read_text().replace(
        "&#x27;", "'"
    )


def test_imbalance_and_findings_are_told_but_stop_nothing(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in", per_class=(24, 3, 3))
    for path in sorted((source / "train/c").iterdir())[10:]:
        path.unlink()
    (source / "train/a/bad.jpg").write_bytes(b"no image")
    lines: list[str] = []
    settings = DatasetSettings(imbalance_ratio=2)
    prepare(source, tmp_path / "out", settings, workers=1, progress=lines.append)
    assert "quarantined: 1 not-an-image" in lines
    expected = "imbalance: b has 24 training images, c 10 (2 times fewer); expect low recall there"
    assert expected in lines


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"labels": {"z": "zebra"}}, "labels renames 'z', which is no class; the classes are a, b, c"),
        ({"layout": "splits"}, None),
    ],
)
def test_settings_meet_the_folders(tmp_path: Path, settings: dict, sentence: str | None) -> None:
    source = defects.clean_set(tmp_path / "in")
    if sentence is None:
        assert prepare(source, tmp_path / "out", DatasetSettings.from_dict(settings), workers=1).num_classes == 3
        return
    with pytest.raises(DatasetError, match=sentence):
        prepare(source, tmp_path / "out", DatasetSettings.from_dict(settings), workers=1)


def test_a_missing_folder_and_a_folder_too_high_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no folder"):
        prepare(tmp_path / "nowhere", tmp_path / "out", DatasetSettings())
    defects.clean_set(tmp_path / "top" / "dogImages")
    with pytest.raises(DatasetError, match=r"did you mean .*dogImages"):
        prepare(tmp_path / "top", tmp_path / "out", DatasetSettings(layout="splits"))


def test_an_output_inside_the_data_set_is_refused(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    with pytest.raises(DatasetError, match="lies inside the data set"):
        prepare(source, source / "out", DatasetSettings(), workers=1)
    assert not (source / "out").exists()


def test_the_script_reads_the_plan_and_leaves_its_message(tmp_path: Path) -> None:
    source = _classes_only(tmp_path / "in")
    (tmp_path / "plan").mkdir()
    plan = {"dataset": {"name": "pets", "layout": "classes", "split": {"train": 0.6, "validation": 0.2, "test": 0.2}}}
    (tmp_path / "plan/plan.json").write_text(json.dumps(plan))
    arguments = ["--input", str(source), "--output", str(tmp_path / "out"), "--plan", str(tmp_path / "plan")]
    assert main([*arguments, "--message", str(tmp_path / "message"), "--jpeg-quality", "80"]) == 0
    message = json.loads((tmp_path / "message").read_text())
    header = manifest.read_header(tmp_path / "out" / message["manifest_id"] / manifest.FILE)
    assert header.dataset == "pets"
    assert (header.settings["jpeg_quality"], header.settings["split"]["test"]) == (80, 0.2)
    assert message["num_train"] + message["num_validation"] + message["num_test"] == 80


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"min_images": 3}, "unknown field min_images; choose from name, layout"),
        ({"layout": "folders"}, "layout is 'folders'; it must be one of auto, splits, classes"),
        ({"split": {"train": 0.5, "validation": 0.1, "test": 0.1}}, "0.5/0.1/0.1; the shares must be positive and add"),
        ({"split": "80"}, "write three shares like 0.8/0.1/0.1"),
        ({"jpeg_quality": 5}, "jpeg_quality is 5; it must be between 50 and 100"),
        ({"max_pixels": True}, "max_pixels is True"),
    ],
)
def test_wrong_settings_name_the_field(value: dict, sentence: str) -> None:
    with pytest.raises(DatasetError, match=sentence):
        DatasetSettings.from_dict(value)


def test_a_plan_without_a_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text("[]")
    assert main(["--input", ".", "--output", str(tmp_path), "--plan", str(tmp_path)]) == 1
    assert "has no `dataset` object" in capsys.readouterr().err
