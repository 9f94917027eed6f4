"""Bringing an archive in: the layout is found, nothing leaves the folder, a second run does only what is missing."""

from __future__ import annotations

import functools
import http.server
import io
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from kennel.datasets import archives
from kennel.errors import KennelError

SPLITS, FOLDERS = ("train", "valid", "test"), ("001.A", "002.B")
BREEDS = [f"dogImages/{split}/{breed}/{i}.jpg" for split in SPLITS for breed in FOLDERS for i in (1, 2)]


def make_zip(path, names, body=b"jpeg"):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, body)
    return path


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_public_dog_breed_layout(tmp_path):
    archive = make_zip(tmp_path / "dogImages.zip", [*BREEDS, "__MACOSX/dogImages/._x.jpg", "dogImages/README.txt"])
    done = archives.unpack(archive, tmp_path / "out")
    assert (done.written, done.present, done.skipped) == (12, 0, 2)
    assert files(tmp_path / "out") == sorted(name.removeprefix("dogImages/") for name in BREEDS)


def test_class_folders_alone_keep_their_names(tmp_path):
    archive = make_zip(tmp_path / "pets.zip", ["PetImages/Cat/1.jpg", "PetImages/Dog/1.jpg"])
    archives.unpack(archive, tmp_path / "out")
    assert files(tmp_path / "out") == ["Cat/1.jpg", "Dog/1.jpg"]


def test_a_second_run_writes_what_is_missing_or_cut(tmp_path):
    archive = make_zip(tmp_path / "d.zip", BREEDS)
    archives.unpack(archive, tmp_path / "out")
    (tmp_path / "out" / "train/001.A/1.jpg").unlink()
    (tmp_path / "out" / "train/001.A/2.jpg").write_bytes(b"j")
    done = archives.unpack(archive, tmp_path / "out")
    assert (done.written, done.present) == (2, 10)


def test_a_tar_with_links_and_ways_out(tmp_path):
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as tar:
        for name in (*BREEDS, "../evil/a/1.jpg", "/abs/a/1.jpg"):
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"jpeg"))
        link = tarfile.TarInfo("dogImages/train/001.A/link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    archives.unpack(tmp_path / "d.tar.gz", tmp_path / "x" / "out")
    assert len(files(tmp_path / "x")) == 12
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["notes.txt", "missing.zip"])
def test_what_is_not_an_archive_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(KennelError, match="archive"):
        archives.unpack(tmp_path / name, tmp_path / "out")


def test_an_archive_without_class_folders_is_refused(tmp_path):
    with pytest.raises(KennelError, match="no class folders"):
        archives.unpack(make_zip(tmp_path / "d.zip", ["1.jpg", "a/readme.md"]), tmp_path / "out")


class RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Serves byte ranges, as file hosts do."""

    ranges: list[str | None]

    def do_GET(self):
        body = Path(self.translate_path(self.path)).read_bytes()
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:])

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def host(tmp_path):
    handler = functools.partial(RangeHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.ranges = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_download_goes_on_where_it_was_cut(tmp_path, host):
    whole = make_zip(tmp_path / "d.zip", BREEDS, body=b"x" * 5000).read_bytes()
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "d.zip.partial").write_bytes(whole[:7000])
    path = archives.download(f"http://127.0.0.1:{host.server_port}/d.zip", tmp_path / "got")
    assert path.read_bytes() == whole
    assert host.ranges == ["bytes=7000-"]


def test_a_dead_address_is_one_sentence(tmp_path):
    with pytest.raises(KennelError, match="cannot be downloaded"):
        archives.download("http://127.0.0.1:9/d.zip", tmp_path)
