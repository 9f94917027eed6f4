"""Hostile graphs: each is refused in a sentence when it is loaded, at no cost; what networks export to is served."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgcls.artifacts import graph_file
from tests.attack import hostile_graphs
from tests.attack.hostile_graphs import COSTLY, NONSENSE
from tests.imgcls.serving.server_process import Reply, ServerProcess
from tests.imgcls.serving.tiny_artifact import picture, write_model

MOST_BYTES, MOST_SECONDS = 60_000_000, 3.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("graphs")
    write_model(folder / "m")
    with ServerProcess(folder / "log") as process:
        assert process.load("m", folder / "m").status == 200
        yield process
        assert "Traceback" not in process.log.read_text()


def refused(server: ServerProcess, folder: Path, sentence: str) -> Reply:
    before = server.resident_bytes()
    server.forget_peak()
    start = time.monotonic()
    reply = server.load("hostile", folder)
    seconds, grown = time.monotonic() - start, server.peak_bytes() - before
    assert (reply.status, reply.json["error"]) == (400, "bad_artifact"), reply
    assert re.search(sentence, reply.json["message"]), reply.json["message"]
    assert "\n" not in reply.json["message"] and len(reply.json["message"]) < 400
    assert grown < MOST_BYTES and seconds < MOST_SECONDS, (grown, seconds)
    assert server.predict("m", picture()).json["label"] == "red"
    return reply


@pytest.mark.parametrize("kind", [*COSTLY, *NONSENSE])
def test_a_hostile_graph_is_refused(server: ServerProcess, tmp_path: Path, kind: str) -> None:
    make, sentence = (COSTLY | NONSENSE)[kind]
    write_model(tmp_path / "m", graph=make())
    refused(server, tmp_path / "m", sentence)


def test_the_largest_number_of_nodes_loads_in_time(server: ServerProcess, tmp_path: Path) -> None:
    write_model(tmp_path / "m", graph=hostile_graphs.many_nodes(graph_file.MAX_NODES - 3, "Softmax"))
    start = time.monotonic()
    assert server.load("long", tmp_path / "m").status == 200
    seconds = time.monotonic() - start
    assert server.unload("long").status == 200
    print(f"{graph_file.MAX_NODES} nodes: loaded in {seconds:.1f} s")
    assert seconds < 25


def test_others_are_answered_while_hostile_graphs_load(server: ServerProcess, tmp_path: Path) -> None:
    write_model(tmp_path / "m", graph=hostile_graphs.many_nodes(20_000))
    waits = []
    for _ in range(10):
        refused(server, tmp_path / "m", "operators")
        start = time.monotonic()
        assert server.predict("m", picture()).status == 200
        waits.append(time.monotonic() - start)
    assert max(waits) < 1


def test_an_answer_that_is_not_finite_is_an_error_and_not_json_that_nobody_reads(
    server: ServerProcess, tmp_path: Path
) -> None:
    """For one image only: the model's own image has a finite answer."""
    write_model(tmp_path / "m", graph=hostile_graphs.finite_but_for_black())
    assert server.load("black", tmp_path / "m").status == 200
    assert server.predict("black", picture("white")).status == 200
    reply = server.predict("black", picture("black"))
    assert (reply.status, reply.json["error"]) == (500, "not_finite")
    assert server.unload("black").status == 200


def test_a_model_that_was_refused_leaves_its_memory(server: ServerProcess, tmp_path: Path) -> None:
    write_model(tmp_path / "m", graph=NONSENSE["NaN weights"][0]())
    refused(server, tmp_path / "m", "not finite")
    before = server.resident_bytes()
    for _ in range(20):
        refused(server, tmp_path / "m", "not finite")
    assert server.resident_bytes() - before < 20_000_000
