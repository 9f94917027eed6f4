"""Loads, unloads and shutdown during requests: no wrong answer, no lost request, memory is released."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from server_process import Reply, ServerProcess
from tiny_artifact import LABELS, colour_graph, picture, write_model

from imgcls.contract.artifact import read_card
from imgcls.serving.memory import model_cost

PADDING = 600_000


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("model.onnx*"))


@cache
def _large_picture() -> bytes:
    """An image that keeps a core busy for a moment."""
    data: bytes = picture("green", size=(3000, 2000), kind="PNG")
    return data


def test_an_unload_waits_for_its_requests_and_no_others(tmp_path: Path, colours: Path) -> None:
    _large_picture()
    with ServerProcess(tmp_path / "log", KENNEL_THREADS="1") as server, ThreadPoolExecutor(6) as pool:
        server.load("one", colours)
        server.load("two", colours)
        waiting = [pool.submit(server.predict, "one", _large_picture()) for _ in range(4)]
        time.sleep(0.15)
        unload = pool.submit(server.unload, "one")
        assert server.predict("two", picture("red")).status == 200
        assert unload.result().status == 200
        assert [future.result().status for future in waiting] == [200] * 4
        assert server.predict("one", picture()).status == 404


def test_overload_is_refused_at_once_with_a_retry_time(tmp_path: Path, colours: Path) -> None:
    with (
        ServerProcess(tmp_path / "log", KENNEL_THREADS="1", KENNEL_MAX_QUEUE="2") as server,
        ThreadPoolExecutor(12) as pool,
    ):
        server.load("one", colours)
        replies = list(pool.map(lambda _: server.predict("one", _large_picture()), range(12)))
        refused = [reply for reply in replies if reply.status == 503]
        assert {reply.status for reply in replies} == {200, 503}
        assert all(reply.headers["retry-after"] == "1" for reply in refused)
        assert all(reply.json["error"] == "overloaded" for reply in refused)
        assert server.predict("one", picture()).status == 200


def test_bodies_that_arrive_at_the_same_time_do_not_pile_up(tmp_path: Path, colours: Path) -> None:
    body = _large_picture()
    headers = {"Content-Type": "image/jpeg", "Content-Length": str(len(body))}
    with ServerProcess(tmp_path / "log", KENNEL_THREADS="1", KENNEL_MAX_QUEUE="2") as server:
        server.load("one", colours)
        connections = [server.connect() for _ in range(10)]
        for connection in connections:
            connection.putrequest("POST", "/models/one/invoke")
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.send(body[:-1])
        time.sleep(0.5)  # all of them have been admitted
        for connection in connections:
            connection.send(body[-1:])
        statuses = [connection.getresponse().status for connection in connections]
        assert statuses.count(503) >= 5 and set(statuses) == {200, 503}


def test_waiting_bodies_use_a_limited_amount_of_memory(tmp_path: Path, colours: Path) -> None:
    limit = str(2 * len(_large_picture()))
    with ServerProcess(tmp_path / "log", KENNEL_THREADS="1", KENNEL_MAX_QUEUE_BYTES=limit) as server:
        server.load("one", colours)
        with ThreadPoolExecutor(8) as pool:
            statuses = {reply.status for reply in pool.map(lambda _: server.predict("one", _large_picture()), range(8))}
        assert statuses == {200, 503}
        assert server.predict("one", _large_picture()).status == 200


def test_sigterm_answers_accepted_requests_and_refuses_new_ones(tmp_path: Path, colours: Path) -> None:
    _large_picture()
    with ServerProcess(tmp_path / "log", KENNEL_THREADS="1") as server, ThreadPoolExecutor(4) as pool:
        server.load("one", colours)
        waiting = [pool.submit(server.predict, "one", _large_picture()) for _ in range(4)]
        time.sleep(0.2)
        code = server.stop()
        assert code == 0
        assert [future.result().json["label"] for future in waiting] == ["green"] * 4
        with pytest.raises(OSError):
            server.call("GET", "/ping")


def test_unloading_releases_the_memory(tmp_path: Path) -> None:
    folder = tmp_path / "big"
    write_model(folder, graph=colour_graph(num_padding=16 * PADDING))
    size = _size(folder)
    with ServerProcess(tmp_path / "log") as server:
        server.load("warm", folder)
        server.unload("warm")
        idle = server.resident_bytes()
        for name in ("a", "b", "c"):
            assert server.load(name, folder).status == 200
            assert server.predict(name, picture()).status == 200
        loaded = server.resident_bytes() - idle
        for name in ("a", "b", "c"):
            server.unload(name)
        left = server.resident_bytes() - idle
    assert loaded > 2 * size
    assert left < 0.05 * loaded


@pytest.mark.parametrize(("requests", "skew"), [(2_000, 2.0), pytest.param(20_000, 1.5, marks=pytest.mark.slow)])
def test_more_models_than_memory_with_skewed_load(tmp_path: Path, requests: int, skew: float) -> None:
    """The test acts as the platform: on 507 it unloads the least recently used model and tries again."""
    models, in_memory, folders = 50, 10, []
    for number in range(models):
        folder = tmp_path / f"m{number}"
        write_model(folder, graph=colour_graph(roll=number % 3), name=f"m{number}")
        folders.append(folder)
    cost = model_cost(_size(folders[0]))
    with ServerProcess(tmp_path / "log") as probe:
        probe.load("first", folders[0])
        idle = probe.resident_bytes()
    limit = idle + int(cost * (in_memory + 0.9))
    with ServerProcess(tmp_path / "log", KENNEL_MAX_MEMORY_BYTES=str(limit)) as server:
        platform = _Platform(server, folders)
        rng = np.random.default_rng(1)
        for number in rng.zipf(skew, requests) % models:
            answer = platform.predict(int(number), picture("red")).json
            assert (answer["model"], answer["label"]) == (f"m{number}", LABELS[number % 3])
        print(f"{requests} requests, {platform.evictions} evictions")
        assert platform.evictions > 50
        assert server.resident_bytes() < limit


class _Platform:
    """SageMaker's model cache before one container."""

    def __init__(self, server: ServerProcess, folders: list[Path]) -> None:
        self._server, self._folders = server, folders
        self._recent: list[int] = []
        self.evictions = 0

    def predict(self, number: int, image: bytes) -> Reply:
        name = os.fsencode(f"m{number}").hex()
        if number not in self._recent:
            while (reply := self._server.load(name, self._folders[number])).status == 507:
                evicted = self._recent.pop(0)
                assert self._server.unload(os.fsencode(f"m{evicted}").hex()).status == 200
                self.evictions += 1
            assert reply.status == 200
        else:
            self._recent.remove(number)
        self._recent.append(number)
        return self._server.predict(name, image)


def test_a_model_swap_under_load_fails_no_request(tmp_path: Path, colours: Path, rolled: Path) -> None:
    with ServerProcess(tmp_path / "log") as server, ThreadPoolExecutor(4) as pool:
        server.load("v0", colours)
        current, answers = ["v0"], []

        def ask() -> None:
            while current[0] != "stop":
                name = current[0]
                answers.append((name, server.predict(name, picture())))

        askers: list[Callable[[], None]] = [ask] * 3
        futures = [pool.submit(asker) for asker in askers]
        for number in range(1, 6):
            time.sleep(0.1)
            old, new = current[0], f"v{number}"
            assert server.load(new, rolled if number % 2 else colours).status == 200
            current[0] = new
            # Requests that were sent to the old name a moment ago arrive before it is unloaded.
            time.sleep(0.1)
            assert server.unload(old).status == 200
        current[0] = "stop"
        for future in futures:
            future.result()
    assert {reply.status for _, reply in answers} == {200}
    assert len({name for name, _ in answers}) >= 5
    versions = [read_card(folder).version for folder in (colours, rolled)]
    for name, reply in answers:
        number = int(name.removeprefix("v")) % 2
        assert reply.headers["x-model-version"] == versions[number]
        assert ("label" in reply.json) == (number == 0), "the first answers in full, the second one named"
