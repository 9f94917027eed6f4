"""Malicious archives: each is refused, and leaves nothing outside its folder and no link inside."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from imgcls.artifacts import archives
from imgcls.contract.artifact import ArtifactError

Member = tuple[str, bytes, int, str]
ESCAPES = (
    "../out", "../../out", "/tmp/kennel-out", "//tmp/kennel-out", "a/../../out", "./../out", "a/b/../../../out", "..",
    "../", "a/..", "model.json/../../out", "~/../../out/.",
)  # fmt: skip
TARGETS = ("/etc/passwd", "..", "../../out", "model.json", "")


def _tar(*members: Member, pax: dict[str, str] | None = None) -> bytes:
    """A tar of (name, type, size, link target) members, as they are, however wrong."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT) as tar:
        for name, kind, size, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname, info.pax_headers = kind, size, target, dict(pax or {})
            tar.addfile(info, io.BytesIO(b"x" * size) if size else None)
    return file.getvalue()


def _packed(*members: Member) -> bytes:
    return gzip.compress(_tar(*members))


def _file(name: str, size: int = 3) -> Member:
    return name, tarfile.REGTYPE, size, ""


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../out", "x")
    return file.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    **{f"escape {name}": partial(_packed, _file(name)) for name in ESCAPES},
    **{
        f"{noun} to {target or 'nothing'}": partial(_packed, ("l", kind, 0, target))
        for noun, kind in (("symbolic link", tarfile.SYMTYPE), ("hard link", tarfile.LNKTYPE))
        for target in TARGETS
    },
    **{
        noun: partial(_packed, ("device", kind, 0, ""))
        for noun, kind in (("pipe", tarfile.FIFOTYPE), ("terminal", tarfile.CHRTYPE), ("disk", tarfile.BLKTYPE))
    },
    "through a link": lambda: gzip.compress(_tar(("d", tarfile.SYMTYPE, 0, ".."), _file("d/out"))),
    "through a hard link": lambda: gzip.compress(_tar(_file("a"), ("b", tarfile.LNKTYPE, 0, "a"), _file("b"))),
    "twice": lambda: gzip.compress(_tar(_file("a"), _file("a"))),
    "twice, spelled differently": lambda: gzip.compress(_tar(_file("a"), _file("./a"))),
    "a file as a folder": lambda: gzip.compress(_tar(_file("a"), _file("a/b"))),
    "a path in an extended header": lambda: gzip.compress(_tar(_file("a"), pax={"path": "../out"})),
    "a link in an extended header": lambda: gzip.compress(
        _tar(("a", tarfile.SYMTYPE, 0, "b"), pax={"linkpath": "/etc/passwd"})
    ),
    "a size in an extended header": lambda: gzip.compress(_tar(_file("a"), pax={"size": str(10**15)})),
    "a bomb of zeros": lambda: gzip.compress(_tar(_file("zeros", 40_000_000))),
    "a bomb in a bomb": lambda: gzip.compress(gzip.compress(b"\0" * 40_000_000)),
    "no tar": lambda: gzip.compress(b"hello" * 1000),
    "no gzip": lambda: b"hello" * 1000,
    "a plain tar": lambda: _tar(_file("a")),
    "a zip": _zip,
    "bzip2": lambda: bz2.compress(_tar(_file("a"))),
    "xz": lambda: lzma.compress(_tar(_file("a"))),
    "nothing": lambda: b"",
    "a damaged header": lambda: gzip.compress(b"x" * 148 + _tar(_file("a"))[148:]),
}


def test_there_are_enough_of_them() -> None:
    assert len(ARCHIVES) >= 40


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_hostile_archive_is_refused(tmp_path: Path, kind: str) -> None:
    archive, folder = tmp_path / "evil.tar.gz", tmp_path / "inside" / "folder"
    archive.write_bytes(ARCHIVES[kind]())
    with pytest.raises(ArtifactError):
        archives.unpack(archive, folder)
    assert {path.name for path in tmp_path.iterdir()} <= {"evil.tar.gz", "inside"}
    assert not (tmp_path.parent / "out").exists() and not Path("/tmp/kennel-out").exists()
    for root, folders, files in os.walk(tmp_path):
        assert not any(Path(root, name).is_symlink() for name in (*folders, *files))
        assert all(Path(root, name).stat().st_nlink == 1 for name in files)
