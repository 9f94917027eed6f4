"""One rule for what an image file is and how it may be called."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from PIL import Image

from imgcls.contract import image_files
from imgcls.contract.image_files import ListingError

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)


def put(root: Path, name: str, data: bytes = JPEG) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_the_first_bytes_tell_every_format(kind: str, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "noext", kind)
    assert image_files.images(tmp_path) == (["noext"], ())


@pytest.mark.parametrize("text", [b"", b"BMW and other cars, a list of makes", b"RIFF1234WAVEfmt ", b"GIFT", b"{}"])
def test_other_bytes_are_not_an_image(text: bytes, tmp_path: Path) -> None:
    put(tmp_path, "file", text)
    assert image_files.images(tmp_path) == ([], ("left out: 1 file that is not an image, file",))


@pytest.mark.parametrize("name", ["a.JPG", "a.jfif", "a.jpe", "a.heic", "a?b.png", "a#1.png", "a b%20+&.png", "é.gif"])
def test_a_file_that_calls_itself_an_image_is_one(name: str, tmp_path: Path) -> None:
    put(tmp_path, name, b"")
    assert image_files.images(tmp_path)[0] == [name]


@pytest.mark.parametrize(
    "name",
    [".ipynb_checkpoints/x-checkpoint.jpg", "._x.jpg", "__MACOSX/a/x.jpg", "Thumbs.db", "desktop.ini", "Icon\r",
     "x.jpg.partial", "$RECYCLE.BIN/x.jpg"],
)  # fmt: skip
def test_what_a_system_or_a_tool_left_is_passed_over_and_counted(name: str, tmp_path: Path) -> None:
    put(tmp_path, f"cat/{name}")
    paths, notes = image_files.images(tmp_path)
    assert paths == [] and "1 hidden or system file" in notes[0]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (os.fsdecode(b"caf\xe9.jpg"), r"the file name 'caf\\udce9.jpg' is not UTF-8: rename it"),
        ("a\nb.jpg", r"the file name 'a\\nb.jpg' contains a line break or another control character: rename it"),
        ("a\x1b[31m.jpg", "control character"),
        ("a\x85.jpg", "control character"),
        ("a\u2028.jpg", "line break"),
        ("a\ufffe.jpg", "control character"),
        ("x" * 241 + ".jpg", "has 245 bytes, more than 240"),
        ("a\nb/x.jpg", r"class folder 'a\\nb' cannot be a label"),
        ("/".join(["d" * 200] * 5) + "/x.jpg", "bytes with its folders|: move it up"),
        ("/".join("d" * 450) + "/x.jpg", ": move it up"),
    ],
)
def test_a_name_that_cannot_be_a_key_is_refused(name: str, sentence: str, tmp_path: Path) -> None:
    put(tmp_path, name)
    with pytest.raises(ListingError, match=sentence) as error:
        image_files.images(tmp_path)
    assert str(error.value).isprintable()


def test_links_to_files_are_read_and_links_to_folders_named(tmp_path: Path) -> None:
    root = tmp_path / "data"
    put(tmp_path, "elsewhere/x.jpg")
    put(root, "cat/a.jpg")
    (root / "cat/b.jpg").symlink_to(tmp_path / "elsewhere/x.jpg")
    (root / "dog").symlink_to(tmp_path / "elsewhere")
    (root / "cat/loop").symlink_to(root)
    (root / "cat/gone.jpg").symlink_to("nowhere")
    (root / "cat/self.jpg").symlink_to("self.jpg")
    paths, notes = image_files.images(root)
    assert paths == ["cat/a.jpg", "cat/b.jpg"]
    assert notes == (
        f"{root}/dog is a link, which an upload does not follow: left out",
        f"{root}/cat/loop is a link, which an upload does not follow: left out",
        "left out: 2 links to nothing, cat/gone.jpg, cat/self.jpg",
    )


def test_a_pipe_or_a_socket_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero").symlink_to("/dev/zero")
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(image_files.images(tmp_path)), daemon=True)
        thread.start()
        thread.join(10)
    assert found == [([], ("left out: 3 pipes, sockets or devices, pipe.jpg, socket, zero",))]
