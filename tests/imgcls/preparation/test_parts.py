"""Several instances prepare what one prepares, byte for byte; a missing part is named."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import pytest

from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.preparation import parts, scan
from imgcls.preparation.run import prepare
from tests.imgcls.preparation import defects

main = runpy.run_path(str(Path(__file__).parents[3] / "model_code" / "prepare.py"))["main"]


def _source(folder: Path) -> Path:
    source = defects.clean_set(folder)
    for index, defect in enumerate(defects.EXACT):
        if defect.split != "removed":
            path = source / str(defect.plant(source))
            path.rename(path.with_name(f"defect{index}{path.suffix}"))
    shutil.copy(source / "train/b/000.jpg", source / "test/b/leak.jpg")
    return source


def _scatter(source: Path, folder: Path, num: int) -> list[Path]:
    """The files of each of `num` instances if S3 shards the keys among them."""
    instances = [folder / f"algo-{index + 1}" for index in range(num)]
    for index, path in enumerate(sorted(path for path in source.rglob("*") if not path.is_dir())):
        target = instances[index % num] / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target, follow_symlinks=False)
    return instances


def _inspect(instance: Path, target: Path) -> None:
    paths = [path.relative_to(instance).as_posix() for path in scan.files(instance)]
    parts.inspect_part(instance, paths, len(paths), target, "algo-1", DatasetSettings(), packed=True, workers=1)


def _tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_three_instances_prepare_what_one_prepares(tmp_path: Path) -> None:
    source = _source(tmp_path / "in")
    flags = ["--workers", "1", "--max-quarantined", "0.9"]
    for instance in _scatter(source, tmp_path, 3):
        config = tmp_path / f"{instance.name}.json"
        config.write_text(json.dumps({"current_host": instance.name, "hosts": ["algo-1", "algo-2", "algo-3"]}))
        part = ["--input", str(instance), "--output", str(tmp_path / "parts"), "--part-of", str(config)]
        assert main([*part, *flags]) == 0
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == [
        f"algo-{i}.{kind}" for i in (1, 2, 3) for kind in ("bin", "jsonl")
    ]
    merged = ["--input", str(source), "--output", str(tmp_path / "merged"), "--parts", str(tmp_path / "parts")]
    assert main([*merged, *flags]) == 0
    assert main(["--input", str(source), "--output", str(tmp_path / "alone"), *flags]) == 0
    assert _tree(tmp_path / "merged") == _tree(tmp_path / "alone") != {}


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    first, _ = _scatter(source, tmp_path, 2)
    with pytest.raises(DatasetError, match="does not contain any instance's part"):
        prepare(source, tmp_path / "out", DatasetSettings(), parts=tmp_path)
    _inspect(first, tmp_path / "parts")
    with pytest.raises(DatasetError, match=r"no instance inspected .* and 26 more files: prepare again"):
        prepare(source, tmp_path / "out", DatasetSettings(), parts=tmp_path / "parts", workers=1)


def test_a_file_that_changed_since_is_named(tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    _inspect(source, tmp_path / "parts")
    (source / "train/a/000.jpg").write_bytes(b"other")
    with pytest.raises(DatasetError, match=r"train/a/000.jpg changed while"):
        prepare(source, tmp_path / "out", DatasetSettings(), parts=tmp_path / "parts", workers=1)


def test_a_file_that_names_no_host_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(DatasetError, match="does not contain a current_host"):
        parts.host(tmp_path / "config.json")


def test_the_merge_decodes_nothing_and_needs_every_part_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = defects.clean_set(tmp_path / "in")
    settings = DatasetSettings(max_short_side=64)
    paths = [path.relative_to(source).as_posix() for path in scan.files(source)]
    parts.inspect_part(source, paths, len(paths), tmp_path / "parts", "algo-1", settings, packed=True, workers=1)

    def decode(*_: object, **__: object) -> None:
        raise AssertionError("an image is decoded again")

    monkeypatch.setattr("imgcls.images.preprocess.decode_for_training", decode)
    message = prepare(source, tmp_path / "out", settings, parts=tmp_path / "parts", workers=1)
    assert message.num_train == 36
    images = tmp_path / "parts" / "algo-1.bin"
    images.write_bytes(images.read_bytes()[: images.stat().st_size // 2])
    with pytest.raises(DatasetError, match=r"algo-1.bin is cut short: prepare again"):
        prepare(source, tmp_path / "again", settings, parts=tmp_path / "parts", workers=1)


@pytest.mark.parametrize("name", ["../x", "", "a/b"])
def test_a_host_that_cannot_name_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"current_host": name}))
    with pytest.raises(DatasetError, match="cannot name a file"):
        parts.host(tmp_path / "config.json")


def test_an_instance_without_files_leaves_an_empty_part(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"current_host": "algo-4", "hosts": ["algo-4"]}))
    (tmp_path / "none").mkdir()
    options = ["--input", str(tmp_path / "none"), "--output", str(tmp_path / "parts")]
    assert main([*options, "--part-of", str(tmp_path / "config.json")]) == 0
    assert _tree(tmp_path / "parts") == {"algo-4.jsonl": b"", "algo-4.bin": b""}
