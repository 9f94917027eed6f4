"""A disk that is full: each program ends with one sentence, and what was finished before is whole.

The disk is a tmpfs of a few MB where this machine lets a test mount one, as root; elsewhere these tests are skipped,
but for those that limit the size of a file, which any process may.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from imgcls.artifacts import archives as models
from imgcls.contract import disk_space
from imgcls.training.checkpoints import Checkpoints
from kennel.datasets import archives as imports
from kennel.errors import KennelError
from tests.attack.nasty_folder import picture
from tests.attack.small_disk import fill
from tests.imgcls.stripes import SPEC, draw_splits

ROOT = Path(__file__).parents[2]
MB = 1_000_000


def script(name: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "model_code" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def is_one_sentence(text: str) -> None:
    assert "Traceback" not in text and ("disk is full" in text or "MB free" in text), text


def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder, {"run": 1}, every_seconds=0)


def test_a_checkpoint_without_room_is_not_begun(disk: Callable[[int], Path]) -> None:
    folder = disk(8)
    saved = checkpoints(folder / "checkpoints")
    saved.save(1, 1, {"weights": torch.ones(100_000)})
    before = sorted(path.name for path in (folder / "checkpoints").iterdir())
    with pytest.raises(disk_space.DiskFull, match=r"a checkpoint needs 20.0 MB and .* has .* MB free"):
        saved.save(2, 2, {"weights": torch.ones(5_000_000)})
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == before
    loaded = checkpoints(folder / "checkpoints").load()
    assert loaded is not None and loaded["weights"].sum() == 100_000


def test_a_checkpoint_that_fails_while_it_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    saved = checkpoints(tmp_path)
    saved.save(1, 1, {"weights": torch.ones(100_000)})
    before = sorted(path.name for path in tmp_path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, limits[1]))
    try:
        with pytest.raises(disk_space.DiskFull, match="disk is full"), disk_space.told():
            saved.save(2, 2, {"weights": torch.ones(5_000_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("full", ["model-dir", "output-data-dir", "checkpoint-dir"])
def test_training(full: str, disk: Callable[[int], Path], tmp_path: Path) -> None:
    folder = disk(8)
    fill(folder, 30_000)
    splits = draw_splits(tmp_path / "splits")
    places = {name: tmp_path / name for name in ("model-dir", "output-data-dir", "checkpoint-dir")}
    places[full] = folder / full
    options = {
        "train": splits / "train", "validation": splits / "validation", "architecture": "simple_cnn", "epochs": 1,
        "pretrained": "false", "preprocessing": SPEC, "batch-size": 8, "checkpoint-epochs": 1, **places,
    }  # fmt: skip
    done = script("train.py", *(text for name, value in options.items() for text in (f"--{name}", value)))
    if done.returncode == 0:
        assert full == "output-data-dir", "a small record may fit"
        return
    is_one_sentence(done.stderr)
    if (places["model-dir"] / "model.json").is_file():
        models.verify(places["model-dir"])


def dataset(folder: Path) -> Path:
    for number, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for index in range(40):
            (folder / name / f"{index:03d}.jpg").write_bytes(picture(100 * number + index, number))
    return folder


@pytest.mark.parametrize("left", [0, 20_000, 150_000])
def test_preparation(left: int, disk: Callable[[int], Path], tmp_path: Path) -> None:
    source, folder = dataset(tmp_path / "in"), disk(4)
    filler = fill(folder, left)
    done = script("prepare.py", "--input", source, "--output", folder / "out", "--workers", 1)
    assert done.returncode == 1
    is_one_sentence(done.stderr)
    names = {path.name for path in (folder / "out").iterdir()} if (folder / "out").is_dir() else set()
    assert names <= {".unfinished"}, "no folder with a manifest's id"
    filler.unlink()
    assert script("prepare.py", "--input", source, "--output", folder / "out", "--workers", 1).returncode == 0


def images_zip(path: Path, num: int = 60) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for index in range(num):
            archive.writestr(f"{'cat' if index % 2 else 'dog'}/{index}.jpg", os.urandom(60_000))
    return path


def test_an_import_without_room_writes_nothing(disk: Callable[[int], Path], tmp_path: Path) -> None:
    archive, folder = images_zip(tmp_path / "d.zip"), disk(2)
    with pytest.raises(KennelError, match=r"the images need 4 MB and .* has 2 MB free"):
        imports.unpack(archive, folder / "data")
    assert not (folder / "data").exists()


def test_an_import_that_is_cut_goes_on(
    disk: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, folder = images_zip(tmp_path / "d.zip"), disk(5)
    filler = fill(folder, 2 * MB)
    monkeypatch.setattr(imports, "_require_room", lambda folder, num_bytes: None)
    with pytest.raises(KennelError, match="No space left"):
        imports.unpack(archive, folder / "data")
    whole = [path for path in (folder / "data").rglob("*.jpg")]
    assert whole and all(path.stat().st_size == 60_000 for path in whole)
    assert not list((folder / "data").rglob("*.partial"))
    filler.unlink()
    done = imports.unpack(archive, folder / "data")
    assert (done.written, done.present) == (60 - len(whole), len(whole))


def test_an_archive_is_whole_or_absent(disk: Callable[[int], Path], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights").write_bytes(os.urandom(3 * MB))
    folder = disk(2)
    with pytest.raises(disk_space.DiskFull), disk_space.told():
        models.pack(tmp_path / "model", folder / "model.tar.gz")
    assert list(folder.iterdir()) == []


def test_unpacking_says_that_it_is_the_disk(disk: Callable[[int], Path], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights").write_bytes(os.urandom(3 * MB))
    models.pack(tmp_path / "model", tmp_path / "model.tar.gz")
    with pytest.raises(disk_space.DiskFull, match="disk is full"), disk_space.told():
        models.unpack(tmp_path / "model.tar.gz", disk(2) / "out")


def test_the_command_line_says_it(disk: Callable[[int], Path], tmp_path: Path) -> None:
    source, folder = dataset(tmp_path / "in"), disk(1)
    fill(folder, 0)
    command = [sys.executable, "-m", "kennel", "data", "check", str(source), "--report", str(folder / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    is_one_sentence(" ".join(done.stderr.split()))


def test_other_errors_stay_what_they_are() -> None:
    assert disk_space.sentence(PermissionError(13, "Permission denied")) is None
    with pytest.raises(ZeroDivisionError), disk_space.told():
        _ = 1 / 0
    assert disk_space.sentence(RuntimeError("I/O error: No space left on device (os error 28)"))
