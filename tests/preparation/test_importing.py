"""Bringing in a public archive: its layout, resuming, and archives that should not be trusted."""

from __future__ import annotations

import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from imgcls.contract.dataset import DatasetError
from imgcls.preparation.importing import bring_in

FILES = {
    f"dogImages/{split}/{name}/{name[4:]}_{index:05d}.jpg": f"{split}{name}{index}".encode()
    for split in ("train", "valid", "test")
    for name in ("001.Affenpinscher", "002.Afghan_hound")
    for index in range(3)
}
NOISE = {"dogImages/.DS_Store": b"x", "__MACOSX/dogImages/train/._a.jpg": b"x", "dogImages/readme.txt": b"x"}


def _zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def _tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


EXPECTED = {name.removeprefix("dogImages/"): data for name, data in FILES.items()}


@pytest.mark.parametrize("pack", [_zip, _tar])
def test_the_public_layout_lands_without_the_folder_above(tmp_path: Path, pack) -> None:
    archive = pack(tmp_path / "dogImages", FILES | NOISE)
    imported = bring_in(str(archive), tmp_path / "dogs")
    assert _tree(tmp_path / "dogs") == EXPECTED
    assert (imported.unpacked, imported.present, imported.skipped) == (18, 0, 3)


def test_class_folders_without_splits_keep_their_names(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "pets.zip", {"PetImages/Cat/0.jpg": b"cat", "PetImages/Dog/0.jpg": b"dog"})
    bring_in(str(archive), tmp_path / "pets")
    assert _tree(tmp_path / "pets") == {"Cat/0.jpg": b"cat", "Dog/0.jpg": b"dog"}


def test_a_second_run_writes_only_what_is_missing(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "dogs.zip", FILES)
    bring_in(str(archive), tmp_path / "dogs")
    gone, cut, *_ = sorted((tmp_path / "dogs").rglob("*.jpg"))
    gone.unlink()
    cut.write_bytes(b"x")
    imported = bring_in(str(archive), tmp_path / "dogs")
    assert (imported.unpacked, imported.present) == (2, 16)
    assert _tree(tmp_path / "dogs") == EXPECTED


@pytest.mark.parametrize("name", ["../evil/a.jpg", "/etc/evil/a.jpg", "a/../../b.jpg", "..\\evil\\x/a.jpg"])
@pytest.mark.parametrize("pack", [_zip, _tar])
def test_a_path_out_of_the_folder_is_refused_before_anything_is_written(tmp_path: Path, pack, name: str) -> None:
    archive = pack(tmp_path / "bad", FILES | {name: b"x"})
    with pytest.raises(DatasetError, match="leads out of its folder"):
        bring_in(str(archive), tmp_path / "in" / "dogs")
    assert not (tmp_path / "in").exists()


def test_links_of_a_tar_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        link = tarfile.TarInfo("a/b/x.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(DatasetError, match="holds no images"):
        bring_in(str(tmp_path / "bad.tar"), tmp_path / "dogs")


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\3\4 not really")
    with pytest.raises(DatasetError, match="neither a zip nor a tar"):
        bring_in(str(tmp_path / "x.zip"), tmp_path / "dogs")
    with pytest.raises(DatasetError, match="there is no file"):
        bring_in(str(tmp_path / "nothing.zip"), tmp_path / "dogs")


class _Server(BaseHTTPRequestHandler):
    """Serves `data` with ranges; the first answer breaks off in the middle."""

    data = b""
    ranges: list[str | None]

    def do_GET(self) -> None:
        header = self.headers.get("Range")
        type(self).ranges.append(header)
        start = int(header.split("=")[1].rstrip("-")) if header else 0
        body = self.data[start:]
        self.send_response(206 if header else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if header else body[: len(body) // 2])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    _Server.data, _Server.ranges = _zip(tmp_path / "source.zip", FILES).read_bytes(), []
    with HTTPServer(("127.0.0.1", 0), _Server) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/dogImages.zip"
        http.shutdown()
        thread.join()


def test_a_download_that_broke_off_is_continued(tmp_path: Path, server: str) -> None:
    with pytest.raises(DatasetError, match="run this again to continue"):
        bring_in(server, tmp_path / "dogs")
    bring_in(server, tmp_path / "dogs")
    assert _Server.ranges == [None, f"bytes={len(_Server.data) // 2}-"]
    assert _tree(tmp_path / "dogs") == EXPECTED
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_url_without_a_server_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be fetched"):
        bring_in("http://127.0.0.1:9/x.zip", tmp_path / "dogs")
