"""Hostile archives: every unpacker ends in time with one sentence, and leaves nothing outside its folder."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from imgcls.artifacts import archives as models
from imgcls.contract.artifact import ArtifactError
from kennel.datasets import archives as imports
from kennel.errors import KennelError
from kennel.runs import reports
from localcloud import unpacking
from localcloud.sagemaker.containers import model_archive
from tests.attack import hostile_archives
from tests.attack.hostile_archives import COMPRESS, TARS, ZIPS

ROOT = Path(__file__).parents[2]
MOST_BYTES, MOST_SECONDS = 12_000_000, 20


def _zip(archive: Path, folder: Path) -> None:
    unpacking.unpack(archive, folder, unpacking.Limits(), formats=("zip",))


UNPACKERS: dict[str, tuple[Callable[[Path, Path], object], type[Exception]]] = {
    "a model's archive": (models.unpack, ArtifactError),
    "the local cloud's models": (lambda a, f: model_archive.unpack(a, f, 10**9), model_archive.UnsafeArchive),
    "a training's output": (reports._unpack, KennelError),
    "data import": (imports.unpack, KennelError),
    "a function's code, a build's source": (_zip, unpacking.ArchiveError),
}


def attack(data: bytes, unpacker: str, place: Path) -> str:
    """What the unpacker says; empty where it takes the archive. Fails on a traceback, an escape, a flood or a wait."""
    run, error = UNPACKERS[unpacker]
    archive, folder = place / "evil.archive", place / "inside" / "folder"
    folder.parent.mkdir(parents=True)
    archive.write_bytes(data)
    started, said = time.monotonic(), ""
    try:
        run(archive, folder)
    except error as refused:
        said = str(refused)
        assert said and said.isprintable() and len(said) < 700, said
    assert time.monotonic() - started < MOST_SECONDS
    assert {path.name for path in place.iterdir()} == {"evil.archive", "inside"}
    assert not (place.parent / "out.jpg").exists() and not Path("/tmp/kennel-out.jpg").exists()
    size = 0
    for root, folders, files in os.walk(place / "inside"):
        for name in (*folders, *files):
            path = Path(root, name)
            assert not path.is_symlink() and (path.is_dir() or (path.is_file() and path.stat().st_nlink == 1))
            size += path.stat().st_size * path.is_file()
    assert size <= max(MOST_BYTES, 100 * len(data))
    return said


@pytest.mark.parametrize("unpacker", ["a model's archive", "the local cloud's models", "a training's output"])
@pytest.mark.parametrize("kind", TARS)
def test_a_hostile_tar_is_refused_in_a_sentence(kind: str, unpacker: str, tmp_path: Path) -> None:
    make, sentence = TARS[kind]
    if unpacker != "a model's archive" and kind in ("upper and lower case", "too many members"):
        pytest.skip("what AWS or a training may hold")
    said = attack(COMPRESS["gz"](make()), unpacker, tmp_path)
    assert re.search(sentence, said), said


@pytest.mark.parametrize("kind", ZIPS)
def test_a_hostile_zip_is_refused_in_a_sentence(kind: str, tmp_path: Path) -> None:
    make, sentence = ZIPS[kind]
    said = attack(make(), "a function's code, a build's source", tmp_path / "code")
    assert re.search(sentence, said), said
    attack(make(), "data import", tmp_path / "data")


@pytest.mark.parametrize("form", COMPRESS)
@pytest.mark.parametrize("kind", TARS)
def test_an_import_takes_the_images_and_nothing_else(kind: str, form: str, tmp_path: Path) -> None:
    attack(COMPRESS[form](TARS[kind][0]()), "data import", tmp_path)


@pytest.mark.parametrize("seed", range(150))
def test_a_mixed_archive(seed: int, tmp_path: Path) -> None:
    data = hostile_archives.mixed(seed)
    for number, unpacker in enumerate(UNPACKERS):
        attack(data, unpacker, tmp_path / str(number))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_thousands_of_mixed_archives(block: int, tmp_path: Path, tries: Callable[[int], None]) -> None:
    tries(300 * len(UNPACKERS))
    for seed in range(1000 + 300 * block, 1300 + 300 * block):
        for number, unpacker in enumerate(UNPACKERS):
            attack(hostile_archives.mixed(seed), unpacker, tmp_path / str(seed) / str(number))


def test_good_archives_are_taken(tmp_path: Path) -> None:
    for number, (unpacker, data) in enumerate(
        [*((name, COMPRESS["gz"](hostile_archives.tar(*hostile_archives.good()))) for name in list(UNPACKERS)[:4]),
         *((name, hostile_archives.zipped(*hostile_archives.GOOD_ZIP)) for name in list(UNPACKERS)[3:])]
    ):  # fmt: skip
        place = tmp_path / str(number)
        assert attack(data, unpacker, place) == ""
        assert (place / "inside/folder/b/1.jpg").read_bytes() == b"data"


def test_the_local_cloud_has_the_same_unpacker() -> None:
    mine, other = ROOT / "model_code/imgcls/contract/unpacking", ROOT / "localcloud/unpacking"
    assert {path.name: path.read_text() for path in mine.glob("*.py")} == {
        path.name: path.read_text() for path in other.glob("*.py")
    }
