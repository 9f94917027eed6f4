"""Serving rows: our server beside multi-model-server and TorchServe with the usual eager handler."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.fixtures import PRECISIONS, Fixture, prepare
from benchmarks.harness import Row, interleave, make_row, medians
from benchmarks.load import Connection, Result, closed_loop, open_loop, request_bytes
from benchmarks.loading_models import loading_rows
from benchmarks.our_server import NULL, OurServer
from benchmarks.peers import FOLDER, PEERS, ROOT, PeerServer, start_peer

SECONDS = 3.0
NULL_BODY_BYTES = 88 * 1024
COPIES = 4
"""Models of each precision that share the traffic to our server."""
AGREEMENT = 0.99
OPEN_SHARES, OPEN_SECONDS = (0.5, 0.8), 6.0

Server = OurServer | PeerServer


def run(ids: Sequence[str]) -> Iterator[Row]:
    for peer in PEERS:
        peer.install()
    if any(row.startswith("serve_null") for row in ids):
        yield from (row for row in null_rows() if row.id in ids)
    if any(row.startswith("serve_") and "null" not in row for row in ids):
        yield from (row for row in network_rows(prepare(FOLDER)) if row.id in ids)
    if {"cold_load", "cold_load_model", "memory_model"} & set(ids):
        yield from (row for row in loading_rows(prepare(FOLDER)) if row.id in ids)


def null_rows() -> Iterator[Row]:
    """A handler that does nothing, and a body of an image's size: what the server itself costs."""
    with ExitStack() as stack:
        servers = _start_all(stack, "null", script=NULL)
        servers["kennel"].load(prepare(FOLDER).folders["fp32"], "null")
        body = os.urandom(NULL_BODY_BYTES)
        contenders = {name: _rate(server, [server.path("null")], [body]) for name, server in servers.items()}
        rounds = interleave({**contenders, "control": contenders["kennel"]})
    for name, peer in (("serve_null_mms", "multi-model-server"), ("serve_null_torchserve", "torchserve")):
        title = "server with a handler that does nothing, 88 KB bodies, 4 connections"
        yield make_row(name, title, "requests/s", "higher", rounds, ours="kennel", control="control", only=[peer])


def network_rows(fixture: Fixture) -> Iterator[Row]:
    """ResNet18, JPEG to JSON, closed loop of four connections, our traffic spread over four loaded models."""
    images_file = FOLDER / "images.pickle"
    images_file.write_bytes(pickle.dumps(fixture.images))
    tails: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        servers = _start_all(stack, "eager", weights=fixture.weights)
        ours = servers["kennel"]
        contenders = {
            peer.name: _rate(servers[peer.name], [servers[peer.name].path("eager")], fixture.images, tails[peer.name])
            for peer in PEERS
        }
        for precision in PRECISIONS:
            names = [f"{precision}-{copy}" for copy in range(COPIES)]
            for name in names:
                ours.load(fixture.folders[precision], name)
            paths = [ours.path(name) for name in names]
            contenders[precision] = _rate(ours, paths, fixture.images, tails[precision])
            contenders[f"{precision} loop"] = _bare_loop(images_file, [fixture.folders[precision]] * COPIES)
        contenders["control"] = contenders["fp32"]
        notes = check_answers(servers, fixture)
        rounds = interleave(contenders)
        peaks = {"int8": ours, **{peer.name: servers[peer.name] for peer in PEERS}}
        arrivals = [
            _open_arrivals(server, name, medians(rounds)[name], fixture.images) for name, server in peaks.items()
        ]
    for precision in PRECISIONS:
        title = f"ResNet18 {precision}, JPEG to JSON, {COPIES} models, 4 connections"
        shown = {"kennel": precision, "bare loop": f"{precision} loop", **{peer.name: peer.name for peer in PEERS}}
        # The control measured fp32 again; the machine was as noisy for the others.
        chosen = [{label: result[name] for label, name in shown.items()} for result in rounds]
        noise = medians(rounds)["control"] / medians(rounds)["fp32"]
        row = make_row(f"serve_resnet18_{precision}", title, "requests/s", "higher", chosen, ours="kennel", notes=notes)
        yield replace(row, control=noise)
    yield replace(_tail_row(tails), notes=tuple(arrivals))


def _tail_row(tails: dict[str, list[float]]) -> Row:
    wanted = {"int8": "kennel", "multi-model-server": "multi-model-server", "torchserve": "torchserve"}
    num = min(len(tails[name]) for name in wanted)
    rounds = [{label: tails[name][index] * 1000 for name, label in wanted.items()} for index in range(num)]
    title = "99th percentile of ResNet18's latency at the peak of 4 connections, ours int8"
    return make_row("serve_p99", title, "ms", "lower", rounds, ours="kennel")


def _open_arrivals(server: Server, name: str, peak: float, images: Sequence[bytes]) -> str:
    """Latencies when requests come as they please, which a closed loop hides."""
    path = server.path(f"{name}-0" if isinstance(server, OurServer) else "eager")
    requests = [request_bytes(path, image) for image in images]
    parts = []
    for share in OPEN_SHARES:
        result = open_loop(server.port, requests, rate=share * peak, seconds=OPEN_SECONDS)
        p50, p99 = result.percentile(0.5) * 1000, result.percentile(0.99) * 1000
        parts.append(f"at {share:.0%} of its peak p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    return f"open arrivals, {name}: {'; '.join(parts)}"


def _start_all(
    stack: ExitStack, handler: str, *, weights: Path | None = None, script: Path | None = None
) -> dict[str, Server]:
    """All three servers at once, each peer with `handler` loaded on one worker a core."""
    ours = OurServer(FOLDER / "kennel", script) if script else OurServer(FOLDER / "kennel")
    servers: dict[str, Server] = {"kennel": stack.enter_context(ours)}
    for peer in PEERS:
        server = stack.enter_context(start_peer(peer))
        server.load(peer.archive(handler, handler, server.store, weights), handler)
        servers[peer.name] = server
    return servers


def _rate(
    server: Server, paths: Sequence[str], bodies: Sequence[bytes], tails: list[float] | None = None
) -> Callable[[], float]:
    """A measurement: requests per second; its 99th percentile goes to `tails`, in seconds."""
    # Copies of the model follow each other faster than images do, so that each model sees every image in time.
    requests = [request_bytes(paths[i % len(paths)], bodies[i % len(bodies)]) for i in range(len(bodies) * len(paths))]

    def measure() -> float:
        result: Result = closed_loop(server.port, requests, seconds=SECONDS)
        if result.errors or not result.latencies:
            raise RuntimeError(f"{result.errors} failed requests on port {server.port}")
        if tails is not None:
            tails.append(result.percentile(0.99))
        return result.rate

    return measure


def _bare_loop(images: Path, folders: Sequence[Path]) -> Callable[[], float]:
    command = [sys.executable, "-m", "benchmarks.bare_loop", str(images), str(SECONDS), *map(str, folders)]

    def measure() -> float:
        return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)

    return measure


def check_answers(servers: dict[str, Server], fixture: Fixture) -> list[str]:
    """Raises RuntimeError unless fp32 names the same class as the eager network, and int8 on 99 % of the images."""
    asked: dict[str, list[int]] = {}
    for name, server, model in (
        ("eager", servers["torchserve"], "eager"),
        *((precision, servers["kennel"], f"{precision}-0") for precision in PRECISIONS),
    ):
        asked[name] = [_top(server, model, image) for image in fixture.images]
    agreements = {
        name: sum(a == b for a, b in zip(answers, asked["eager"], strict=True)) / len(answers)
        for name, answers in asked.items()
    }
    if agreements["fp32"] < 1 or min(agreements.values()) < AGREEMENT:
        raise RuntimeError(f"the servers do not agree on the classes: {agreements}")
    return [
        f"top-1 agreement with eager torch: {', '.join(f'{k} {v:.1%}' for k, v in agreements.items() if k != 'eager')}"
    ]


def _top(server: Server, model: str, image: bytes) -> int:
    connection = Connection("127.0.0.1", server.port)
    try:
        status, body = connection.exchange(request_bytes(server.path(model), image))
    finally:
        connection.close()
    answer = json.loads(body)
    probabilities = answer["probabilities"] if isinstance(answer, dict) else answer
    assert status == 200
    return max(range(len(probabilities)), key=probabilities.__getitem__)
