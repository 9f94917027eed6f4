"""What the Prepare step refuses and reports, and what it reads from the plan and the command line."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgcls.contract import manifest
from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.preparation.run import prepare
from tests.imgcls.preparation import defects

SCRIPT = Path(__file__).parents[3] / "model_code" / "prepare.py"
main = runpy.run_path(str(SCRIPT))["main"]


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


def test_imbalance_and_findings_are_reported_but_stop_nothing(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in", per_class=(24, 3, 3))
    for path in sorted((source / "train/c").iterdir())[10:]:
        path.unlink()
    (source / "train/a/bad.jpg").write_bytes(b"not an image")
    lines: list[str] = []
    settings = DatasetSettings(imbalance_ratio=2)
    prepare(source, tmp_path / "out", settings, workers=1, progress=lines.append)
    assert "quarantined: 1 not-an-image" in lines
    expected = "imbalance: b has 24 training images, c 10 (2 times fewer); expect low recall there"
    assert expected in lines


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"labels": {"z": "zebra"}}, "labels renames 'z', which is not a class; the classes are a, b, c"),
        ({"layout": "splits"}, None),
    ],
)
def test_settings_meet_the_folders(tmp_path: Path, settings: dict[str, Any], sentence: str | None) -> None:
    source = defects.clean_set(tmp_path / "in")
    if sentence is None:
        assert prepare(source, tmp_path / "out", DatasetSettings.from_dict(settings), workers=1).num_classes == 3
        return
    with pytest.raises(DatasetError, match=sentence):
        prepare(source, tmp_path / "out", DatasetSettings.from_dict(settings), workers=1)


def test_a_missing_folder_and_a_folder_too_high_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        prepare(tmp_path / "nowhere", tmp_path / "out", DatasetSettings())
    defects.clean_set(tmp_path / "top" / "dogImages")
    with pytest.raises(DatasetError, match=r"did you mean .*dogImages"):
        prepare(tmp_path / "top", tmp_path / "out", DatasetSettings(layout="splits"))


def test_an_output_inside_the_data_set_is_refused(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    with pytest.raises(DatasetError, match="is inside the data set"):
        prepare(source, source / "out", DatasetSettings(), workers=1)
    assert not (source / "out").exists()


def test_the_script_reads_the_plan_and_leaves_its_message(tmp_path: Path) -> None:
    source = defects.classes_only(tmp_path / "in")
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
def test_wrong_settings_name_the_field(value: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DatasetError, match=sentence):
        DatasetSettings.from_dict(value)


def test_a_plan_without_a_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text("[]")
    assert main(["--input", ".", "--output", str(tmp_path), "--plan", str(tmp_path)]) == 1
    assert "does not contain a `dataset` object" in capsys.readouterr().err


@pytest.mark.parametrize("ahead", ["", "x"])
def test_a_long_exit_message_stays_utf8(tmp_path: Path, ahead: str) -> None:
    """SageMaker fails a job whose message is not UTF-8 with an error of its own, and the sentence is lost."""
    plan, message = tmp_path / (ahead + "/".join(["\u00fc" * 100] * 6)), tmp_path / "deep" / "message"
    arguments = ["--input", str(tmp_path), "--output", str(tmp_path / "out"), "--plan", str(plan)]
    assert main([*arguments, "--message", str(message)]) == 1
    assert 1022 < len(message.read_bytes()) <= 1024
    assert "\u00fc" in message.read_bytes().decode()
