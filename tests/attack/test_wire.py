"""Hostile HTTP: every request has bounds of size and of time, whatever it is; what came before is answered."""

from __future__ import annotations

import base64
import json
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from imgcls.serving.protocol import HEADER_SECONDS, MAX_PIPELINED, REST_SECONDS
from tests.attack.wire_client import Heard, Wire
from tests.attack.wire_requests import (
    CARDS,
    CHUNKED,
    DRIPS,
    FLOODS,
    GARBAGE,
    INVOKE,
    JPEG,
    MALFORMED,
    NAMES,
    NOBODY,
    PING,
    UNUSUAL,
    WHOLE,
)
from tests.imgcls.serving.server_process import ServerProcess
from tests.imgcls.serving.tiny_artifact import write_model

LEAK = 24 * 1024**2
"""Bytes by which a server may grow under one attack."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("wire")
    write_model(folder / "m")
    with ServerProcess(folder / "log") as process:
        assert process.load("m", folder / "m").status == 200
        assert process.predict("m", JPEG).status == 200
        yield process
        assert "Traceback" not in process.log.read_text()


@pytest.fixture(autouse=True)
def others_are_answered(server: ServerProcess) -> Iterator[None]:
    yield
    assert server.predict("m", JPEG).json["label"] == "red"


def say(server: ServerProcess, data: bytes, seconds: float = 2.0, answers: int | None = None) -> Heard:
    with Wire(server.port) as wire:
        wire.send(data)
        return wire.hear(seconds, answers)


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_requests_are_refused(server: ServerProcess, kind: str) -> None:
    data, statuses = MALFORMED[kind]
    heard = say(server, data, 1.5, len(statuses))
    assert heard.statuses == statuses, heard
    assert set(json.loads(heard.answers[-1][2])) == {"error", "message"}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_requests_are_answered(server: ServerProcess, kind: str) -> None:
    data, statuses = UNUSUAL[kind]
    assert say(server, data, 5, len(statuses)).statuses == statuses


@pytest.mark.parametrize("garbage", GARBAGE, ids=[str(item[:9]) for item in GARBAGE])
@pytest.mark.parametrize("before", [[PING], [WHOLE], [PING] * 5 + [WHOLE] * 3], ids=["ping", "image", "several"])
@pytest.mark.parametrize("pause", [0, 0.001, 0.2])
def test_a_request_before_garbage_keeps_its_answer(
    server: ServerProcess, garbage: bytes, before: list[bytes], pause: float
) -> None:
    with Wire(server.port) as wire:
        wire.send(b"".join(before) + (b"" if pause else garbage))
        if pause:
            time.sleep(pause)
            wire.send(garbage)
        heard = wire.hear(5, len(before))
    assert heard.statuses[: len(before)] == [200] * len(before)
    assert heard.statuses[len(before) :] in ([], [400], [431])


def test_a_broken_body_does_not_cost_the_requests_before_it(server: ServerProcess) -> None:
    heard = say(server, WHOLE + PING + INVOKE + CHUNKED + b"zz\r\n")
    assert heard.statuses == [200, 200, 400] and heard.closed
    # A refused request has had its answer: the end of its body, broken, gets no second one.
    with Wire(server.port) as wire:
        wire.send(NOBODY + CHUNKED + b"1\r\na\r\n")
        assert wire.hear(2, 1).statuses == [404]
        wire.send(b"zz\r\n")
        heard = wire.hear(2)
    assert heard.statuses == [404] and heard.closed


def test_more_requests_than_may_wait_are_cut_off(server: ServerProcess) -> None:
    heard = say(server, WHOLE + PING * 5000, 5)
    assert heard.statuses == [200] * MAX_PIPELINED + [503] and heard.closed


def test_a_caller_that_does_not_send_what_was_refused_is_not_misread(server: ServerProcess) -> None:
    """Its next request would be taken for the body."""
    heard = say(server, NOBODY + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
    assert heard.statuses == [404] and heard.closed and b"connection: close" in heard.answers[0][1]


FLOOD_PIECES = 3000


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_early_and_takes_no_memory(server: ServerProcess, kind: str) -> None:
    start, piece = FLOODS[kind]
    before = server.resident_bytes()
    server.forget_peak()
    with Wire(server.port) as wire:
        wire.socket.settimeout(1)
        wire.send(start)
        pieces = 0
        while pieces < FLOOD_PIECES and wire.send(piece):
            pieces += 1
    grown = server.peak_bytes() - before
    assert pieces < FLOOD_PIECES and grown < LEAK, (pieces, grown)


def test_a_drip_has_an_end(tmp_path: Path, tries: Callable[[int], None]) -> None:
    """One byte now and then, twenty connections of each kind: none outlives its time."""
    write_model(tmp_path / "m")
    with ServerProcess(tmp_path / "log", KENNEL_BODY_SECONDS="8") as server:
        server.load("m", tmp_path / "m")
        open_: list[tuple[str, Wire]] = []
        for kind, (start, _) in DRIPS.items():
            for _ in range(20):
                wire = Wire(server.port)
                wire.send(start)
                open_.append((kind, wire))
        end = time.monotonic() + max(HEADER_SECONDS, REST_SECONDS) + 8
        waits = []
        while open_ and time.monotonic() < end:
            open_ = [(kind, wire) for kind, wire in open_ if DRIPS[kind][1] == b"" or wire.send(DRIPS[kind][1])]
            open_ = [(kind, wire) for kind, wire in open_ if not wire.hear(0.001).closed]
            began = time.monotonic()
            assert server.call("GET", "/ping").status == 200
            waits.append(time.monotonic() - began)
            time.sleep(0.2)
    assert not open_, {kind for kind, _ in open_}
    print(f"a ping meanwhile took {max(waits):.2f} s at most")
    tries(20 * len(DRIPS))


def test_what_can_be_loaded_can_be_listed_asked_and_unloaded(
    server: ServerProcess, tmp_path: Path, tries: Callable[[int], None]
) -> None:
    write_model(tmp_path / "m")
    assert len({unicodedata.normalize("NFC", name) for name in NAMES}) < len(set(NAMES)) == len(NAMES)
    for name in NAMES:
        assert server.load(name, tmp_path / "m").status == 200, name
    listed, token = [], ""
    while token is not None:
        reply = server.call("GET", f"/models?limit=1&next_page_token={quote(token)}")
        assert reply.status == 200, (token, reply)
        listed += [model["modelName"] for model in reply.json["models"]]
        token = reply.json.get("nextPageToken")
    assert sorted(listed) == sorted([*NAMES, "m"])
    for name in NAMES:
        path = quote(name, safe="")
        assert server.call("GET", f"/models/{path}").json["modelName"] == name
        assert server.predict(path, JPEG).status == 200
        assert server.unload(path).status == 200
        assert server.unload(path).status == 404
    tries(len(NAMES))


@pytest.mark.parametrize(
    ("name", "why"),
    [("\ud800", "surrogate"), ("a\udfff" * 9, "surrogate"), ("x" * 1025, "1025 bytes"), ("é" * 513, "1026 bytes")],
)  # fmt: skip
def test_a_name_that_no_path_can_name_is_refused(server: ServerProcess, tmp_path: Path, name: str, why: str) -> None:
    write_model(tmp_path / "m")
    reply = server.load(name, tmp_path / "m")
    assert (reply.status, reply.json["error"]) == (400, "bad_name") and why in reply.json["message"]
    assert [model["modelName"] for model in server.call("GET", "/models").json["models"]] == ["m"]


@pytest.mark.parametrize("token", ["\ud800".encode(errors="surrogatepass"), b"\xff", b"", b"a" * 5000, b"\0", b"m"])
def test_a_listing_is_never_a_500(server: ServerProcess, token: bytes) -> None:
    for text in (base64.urlsafe_b64encode(token).decode(), quote(token)):
        assert server.call("GET", f"/models?next_page_token={text}").status in (200, 400)


def test_a_cards_text_breaks_no_header(server: ServerProcess, tmp_path: Path, tries: Callable[[int], None]) -> None:
    number = 0
    for field, values in CARDS.items():
        for value in values:
            write_model(tmp_path / f"{number}")
            path = tmp_path / f"{number}" / "model.json"
            path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
            loaded = server.load("hostile", path.parent)
            assert loaded.status == (400 if field == "version" else 200), (field, value, loaded)
            if loaded.status == 200:
                reply = server.predict("hostile", JPEG)
                assert reply.status == 200 and "x" not in reply.headers
                assert server.unload("hostile").status == 200
            number += 1
    tries(number)


def test_connections_are_bounded(tmp_path: Path) -> None:
    """By the number of files that the process may open; beyond it a connection is answered and ended."""
    write_model(tmp_path / "m")
    with ServerProcess(tmp_path / "log", files=306) as server:
        wires = [Wire(server.port) for _ in range(120)]
        heard = [wire.hear(0.5).statuses for wire in wires[60:]]
        assert [503] in heard and all(statuses in ([], [503]) for statuses in heard)
        with Wire(server.port) as wire:
            assert wire.hear(1).statuses == [503]
        for wire in wires[:30]:
            wire.socket.close()
        assert server.load("m", tmp_path / "m").status == 200
        assert server.predict("m", JPEG).status == 200
