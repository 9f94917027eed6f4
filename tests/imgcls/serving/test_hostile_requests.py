"""Malicious requests: a quick answer of 4xx in JSON, and a server that keeps running."""

from __future__ import annotations

import io
import json
import math
import random
import re
import socket
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from server_process import Reply, ServerProcess
from tiny_artifact import picture

MUTATIONS = 5000
SECONDS = 2.0
MAX_DECODING_BYTES = 256 * 1024**2
ROTATED = Image.Exif()
ROTATED[0x0112] = 6
POST = b"POST /models/colours/invoke HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\n"


def _refused(reply: Reply, seconds: float) -> None:
    assert 400 <= reply.status < 500
    assert set(reply.json) == {"error", "message"}
    assert len(reply.json["message"]) < 1000
    assert "Traceback" not in reply.json["message"]
    assert seconds < SECONDS


def _png_of(width: int, height: int) -> bytes:
    """A PNG that declares a size far beyond its bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _tiff_bomb() -> bytes:
    file = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(file, "TIFF", compression="group4")
    return file.getvalue()


def _gif_bomb() -> bytes:
    screen = struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0)
    return b"GIF89a" + screen + b"\0" * 6 + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x02\x02L\x01\0;"


def _webp_bomb() -> bytes:
    """A small animation on a canvas of 268 megapixels."""
    file = io.BytesIO()
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    data = file.getvalue()
    canvas = data.index(b"VP8X") + 12
    return data[:canvas] + (16_383 - 1).to_bytes(3, "little") * 2 + data[canvas + 6 :]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "empty"),
        (b"hello", 400, "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "not_an_image"),
        (b"%PDF-1.7\n", 400, "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 400, "not_an_image"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, 400, "corrupt"),
        (picture(size=(400, 300))[:1200], 400, "corrupt"),
        (_png_of(50_000, 50_000), 413, "too_many_pixels"),
        (_png_of(2**31 - 1, 2**31 - 1), 413, "too_many_pixels"),
        (_tiff_bomb(), 413, "too_many_pixels"),
        (_gif_bomb(), 413, "too_many_pixels"),
        (_webp_bomb(), 413, "too_many_pixels"),
        (zlib.compress(_png_of(50_000, 50_000)), 400, "not_an_image"),
    ],
    ids=[
        "empty",
        "text",
        "svg",
        "pdf",
        "eps",
        "no-jpeg",
        "cut",
        "png-bomb",
        "png-huge",
        "tiff-bomb",
        "gif-bomb",
        "webp-bomb",
        "packed-bomb",
    ],
)
def test_bytes_that_are_not_an_image(server: ServerProcess, data: bytes, status: int, code: str) -> None:
    before = server.resident_bytes()
    server.forget_peak()
    start = time.monotonic()
    reply = server.predict("colours", data, content_type="application/x-image")
    _refused(reply, time.monotonic() - start)
    assert (reply.status, reply.json["error"]) == (status, code)
    assert server.peak_bytes() - before < MAX_DECODING_BYTES


def _of_many_pixels(kind: str, mode: str, megapixels: float, *, frames: int = 1, **options: Any) -> bytes:
    """In as few bytes as the format allows."""
    side = math.isqrt(int(megapixels * 1e6))
    file, images = io.BytesIO(), [Image.new(mode, (side, side), colour) for colour in range(frames)]
    several = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(file, kind, **several, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode", "megapixels", "options"),
    [
        ("PNG", "RGB", 31, {}),
        ("PNG", "RGBA", 26, {}),
        ("PNG", "RGBA", 26, {"exif": ROTATED}),
        ("PNG", "LA", 29, {}),
        ("PNG", "I;16", 26, {}),
        ("TIFF", "RGBA", 28, {"compression": "tiff_lzw"}),
        ("JPEG", "RGB", 64, {"exif": ROTATED}),
        ("JPEG", "CMYK", 64, {}),
        ("JPEG", "RGB", 64, {"progressive": True}),
        ("GIF", "P", 46, {"frames": 2}),
        ("WEBP", "RGB", 14.9, {}),
        ("WEBP", "RGBA", 14, {}),
        ("WEBP", "RGB", 14.9, {"frames": 2}),
    ],
)
def test_the_largest_accepted_image_fits_into_memory(
    server: ServerProcess, kind: str, mode: str, megapixels: float, options: dict[str, Any]
) -> None:
    data = _of_many_pixels(kind, mode, megapixels, **options)
    before = server.resident_bytes()
    server.forget_peak()
    assert server.predict("colours", data, content_type="application/x-image").status == 200
    assert server.peak_bytes() - before < MAX_DECODING_BYTES


def test_mutated_images_are_answered_or_refused(server: ServerProcess) -> None:
    rng = random.Random(1)
    sources = [
        picture(kind=kind, mode=mode) for kind, mode in (("JPEG", "RGB"), ("PNG", "P"), ("WEBP", "RGB"), ("GIF", "P"))
    ]
    statuses = set()
    connection = server.connect()
    for number in range(MUTATIONS):
        data = bytearray(sources[number % len(sources)])
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if number % 2:
            del data[rng.randrange(1, len(data)) :]
        start = time.monotonic()
        headers = {"Content-Type": "application/x-image"}
        connection.request("POST", "/models/colours/invoke", bytes(data), headers)
        response = connection.getresponse()
        reply = Reply(response.status, {}, response.read())
        statuses.add(reply.status)
        if reply.status != 200:
            _refused(reply, time.monotonic() - start)
    connection.close()
    assert {200, 400} <= statuses <= {200, 400, 413}


def test_target_model_strings_do_not_matter(server: ServerProcess) -> None:
    """TargetModel may be any text; the platform has resolved it before the container sees it."""
    rng = random.Random(1)
    pieces = [
        "../",
        "/",
        "etc/passwd",
        "%2e%2e%2f",
        "%00",
        "\\",
        "é",
        "'; drop table",
        "${jndi:ldap://x}",
        "model.tar.gz",
    ]
    targets = ["".join(rng.choices(pieces, k=rng.randint(1, 12))) for _ in range(299)] + ["x" * 4000]
    for target in targets:
        headers = {"Content_Type": "image/jpeg", "X_Amzn_SageMaker_Target_Model": target}
        assert server.call("POST", "/models/colours/invoke", picture("blue"), **headers).json["label"] == "blue"


def test_names_that_are_not_loaded_are_404_whatever_they_contain(server: ServerProcess) -> None:
    for name in ("..%2F..%2Fetc%2Fpasswd", "%00", "%ff%fe", "a%20b", "%25", "colours%00", "%E2%80%AE", "x" * 4000):
        _refused(reply := server.predict(name, picture()), 0)
        assert reply.status == 404


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return length is not None and len(body) >= int(length[1])


def _raw(server: ServerProcess, *pieces: bytes, pause: float = 0) -> bytes:
    """The server's answer to these bytes, until it closes the connection or sends nothing more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            while not _is_whole(answer) and (data := connection.recv(65536)):
                answer += data
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        return answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /ping HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /ping HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 1_000_000, 431),
        (b"GET /ping HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 9000 + b"\r\n", 431),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS\r\n\r\n", 400),
        (POST + b"content-length: many\r\n\r\n", 400),
        (POST + b"content-length: -1\r\n\r\n", 400),
        (POST + b"content-length: 99999999999999999999\r\n\r\n", 400),
        (POST + b"content-length: 9999999999\r\n\r\n", 413),
    ],
    ids=["header", "endless-header", "headers", "path", "tls", "length", "negative", "overflow", "huge"],
)
def test_http_that_is_broken_or_too_large(server: ServerProcess, request_bytes: bytes, status: int) -> None:
    head, _, body = _raw(server, request_bytes).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert set(json.loads(body)) == {"error", "message"}
    assert server.call("GET", "/ping").status == 200


def test_a_body_beyond_the_limit_is_refused_however_it_is_sent(server: ServerProcess) -> None:
    body = b"x" * (6 * 1024**2 + 1)
    start = time.monotonic()
    _refused(server.predict("colours", body), time.monotonic() - start)
    answer = _raw(server, POST + b"transfer-encoding: chunked\r\n\r\n", b"%x\r\n" % len(body) + body + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_slow_body_is_given_up(tmp_path: Path, colours: Path) -> None:
    with ServerProcess(tmp_path / "log", KENNEL_BODY_SECONDS="1") as server:
        server.load("colours", colours)
        start = time.monotonic()
        answer = _raw(server, POST + b"content-length: 100\r\n\r\n", b"abc", b"def", pause=0.4)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - start < 3
        assert server.unload("colours").status == 200


def test_callers_that_hang_up_leave_nothing_behind(server: ServerProcess) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"POST /models/colours/invoke HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\n")
            connection.sendall(b"content-length: 1000\r\n\r\nabc")
    assert server.predict("colours", picture("red")).json["label"] == "red"
    assert "Traceback" not in server.log.read_text()
