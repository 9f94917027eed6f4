"""Archives: packing and unpacking keeps every byte; a hostile archive does not write outside its folder."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from imgcls.artifacts import archives
from imgcls.contract.artifact import ArtifactError, ModelCard, Preprocessing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "code" / "imgcls").mkdir(parents=True)
    (made / "weights.safetensors").write_bytes(bytes(range(256)) * 400)
    (made / "code" / "imgcls" / "__init__.py").write_text("")
    archives.write_artifact(
        made, ModelCard("m", "simple_cnn", ("cat", "dog"), Preprocessing(), started="2026-11-20T13:24:15+00:00")
    )
    return made


def hostile(path: Path, *members: tuple[Any, ...], compresslevel: int = 9) -> Path:
    """Members are (name, type, size, linkname); file contents are zeros."""
    with gzip.open(path, "wb", compresslevel) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, size, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, size, link
            tar.addfile(info, io.BytesIO(b"\0" * size) if kind == tarfile.REGTYPE else None)
    return path


def test_round_trip_and_version(folder: Path, tmp_path: Path) -> None:
    archives.pack(folder, tmp_path / "model.tar.gz")
    archives.unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    card = archives.verify(tmp_path / "out")
    assert card.version.startswith("20261120T132415Z-")
    assert set(card.files) == {"weights.safetensors", "code/imgcls/__init__.py"}
    assert (tmp_path / "out/weights.safetensors").read_bytes() == (folder / "weights.safetensors").read_bytes()


def test_packing_depends_only_on_names_and_bytes(folder: Path, tmp_path: Path) -> None:
    archives.pack(folder, tmp_path / "a.tar.gz")
    (folder / "weights.safetensors").touch()
    (folder / "weights.safetensors").chmod(0o600)
    archives.pack(folder, tmp_path / "b.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_verify_finds_damage(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="SHA-256"):
        archives.verify(folder)
    archives.verify(folder, only=["code/imgcls/__init__.py"])
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ArtifactError, match="lacks weights"):
        archives.verify(folder)


@pytest.mark.parametrize(
    "members",
    [
        [("../escaped", tarfile.REGTYPE, 3, "")],
        [("/tmp/escaped", tarfile.REGTYPE, 3, "")],
        [("a/../../escaped", tarfile.REGTYPE, 3, "")],
        [("link", tarfile.SYMTYPE, 0, "/etc/passwd")],
        [("link", tarfile.SYMTYPE, 0, ".."), ("link/escaped", tarfile.REGTYPE, 3, "")],
        [("hard", tarfile.LNKTYPE, 0, "/etc/passwd")],
        [("pipe", tarfile.FIFOTYPE, 0, "")],
        [("device", tarfile.CHRTYPE, 0, "")],
        [("twice", tarfile.REGTYPE, 3, ""), ("twice", tarfile.REGTYPE, 3, "")],
        [("file", tarfile.REGTYPE, 3, ""), ("file/below", tarfile.REGTYPE, 3, "")],
        [("bomb", tarfile.REGTYPE, 40_000_000, "")],
        [(f"many/{i}", tarfile.REGTYPE, 0, "") for i in range(5000)],
    ],
)
def test_hostile_archives_are_refused(tmp_path: Path, members: list[Any]) -> None:
    archive = hostile(tmp_path / "evil.tar.gz", *members)
    with pytest.raises(ArtifactError):
        archives.unpack(archive, tmp_path / "inside" / "folder")
    assert {path.name for path in tmp_path.iterdir()} == {"evil.tar.gz", "inside"}
    assert [path.name for path in (tmp_path / "inside").iterdir()] == ["folder"]
    assert not any(path.is_symlink() for path in (tmp_path / "inside").rglob("*"))


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3 * 1024**3
    with gzip.open(tmp_path / "evil.tar.gz", "wb") as stream:
        stream.write(info.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 4096)
    with pytest.raises(ArtifactError, match="header of"):
        archives.unpack(tmp_path / "evil.tar.gz", tmp_path / "folder")


@pytest.mark.parametrize("cut", [0, 5, 200, 60_000])
def test_a_cut_archive_is_refused(folder: Path, tmp_path: Path, cut: int) -> None:
    archives.pack(folder, tmp_path / "model.tar.gz")
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "model.tar.gz").read_bytes()[:cut])
    with pytest.raises(ArtifactError):
        archives.unpack(tmp_path / "cut.tar.gz", tmp_path / "out")


def test_a_folder_with_files_is_not_unpacked_into(folder: Path, tmp_path: Path) -> None:
    archives.pack(folder, tmp_path / "model.tar.gz")
    with pytest.raises(ArtifactError, match="not empty"):
        archives.unpack(tmp_path / "model.tar.gz", folder)
