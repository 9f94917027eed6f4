"""Rows about loading: from an archive to the first answer, and what one more model costs in memory."""

from __future__ import annotations

import itertools
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import torch

from benchmarks.fixtures import Fixture
from benchmarks.harness import Row, interleave, make_row
from benchmarks.load import Connection, request_bytes
from benchmarks.our_server import OurServer
from benchmarks.peers import FOLDER, PEERS, PeerServer, start_peer
from imgcls.artifacts.archives import pack, unpack
from imgcls.artifacts.graph_file import weights_name
from imgcls.contract.artifact import ARCHIVE, GRAPH, read_card
from imgcls.images.preprocess import preprocess
from imgcls.networks.architectures import build

MORE_MODELS = 4


def loading_rows(fixture: Fixture) -> Iterator[Row]:
    with ExitStack() as stack:
        # A cold load compiles: the graphs of models that were unloaded would be kept otherwise.
        ours = stack.enter_context(OurServer(FOLDER / "kennel", KENNEL_MAX_BLOB_BYTES="0"))
        peers = [stack.enter_context(start_peer(peer, workers=1)) for peer in PEERS]
        archives = {
            server.peer.name: server.peer.archive("eager", "eager", server.store, fixture.weights) for server in peers
        }
        yield from _cold_load(fixture, ours, peers, archives)
        yield _memory(fixture, ours, peers, archives)


def _cold_load(fixture: Fixture, ours: OurServer, peers: list[PeerServer], archives: dict[str, Path]) -> Iterator[Row]:
    archive = FOLDER / ARCHIVE
    pack(fixture.folders["fp32"], archive)
    numbers = itertools.count()
    parts: list[float] = []

    def load_ours() -> float:
        name, folder = f"cold-{next(numbers)}", (FOLDER / "unpacked").resolve()
        shutil.rmtree(folder, ignore_errors=True)
        start = time.perf_counter()
        unpack(archive, folder)
        unpacked = time.perf_counter()
        ours.load(folder, name)
        _ask(ours.port, ours.path(name), fixture.images[0])
        end = time.perf_counter()
        parts.append(end - unpacked)
        ours.unload(name)
        return end - start

    def load_peer(server: PeerServer) -> Callable[[], float]:
        def measure() -> float:
            name = f"cold{next(numbers)}"
            start = time.perf_counter()
            server.load(archives[server.peer.name], name)
            _ask(server.port, server.path(name), fixture.images[0])
            seconds = time.perf_counter() - start
            unload(server, name)
            return seconds

        return measure

    contenders = {"kennel": load_ours, **{server.peer.name: load_peer(server) for server in peers}}
    load_ours()
    _torch_load(fixture)
    parts.clear()
    rounds = interleave(
        {**contenders, "torch.load and one forward": lambda: _torch_load(fixture), "control": load_ours}
    )
    title = "ResNet18 fp32, from its archive to the first answer"
    names = [peer.name for peer in PEERS]
    yield make_row("cold_load", title, "s", "lower", rounds, ours="kennel", control="control", only=names)
    halves = [
        {"kennel": min(pair), "torch.load and one forward": result["torch.load and one forward"]}
        for result, pair in zip(rounds, zip(parts[::2], parts[1::2], strict=True), strict=True)
    ]
    yield make_row(
        "cold_load_model", "its model part: unpacked folder to first answer", "s", "lower", halves, ours="kennel"
    )


def _torch_load(fixture: Fixture) -> float:
    """Map the weights into an empty network, decode one image, run it: with torch imported already."""

    start = time.perf_counter()
    card = read_card(fixture.folders["fp32"])
    with torch.device("meta"):
        network = build("resnet18", len(card.labels)).eval()
    network.load_state_dict(torch.load(fixture.weights, mmap=True, weights_only=True), assign=True)
    pixels = preprocess(fixture.images[0], card.preprocessing)
    with torch.inference_mode():
        network(torch.tensor(pixels).permute(2, 0, 1).unsqueeze(0).float() / 255)
    return time.perf_counter() - start


def _memory(fixture: Fixture, ours: OurServer, peers: list[PeerServer], archives: dict[str, Path]) -> Row:
    """Resident memory per further model, each asked once; a process tree counts what is its own."""
    folder = fixture.folders["fp32"].resolve()
    weights = (folder / weights_name(GRAPH)).stat().st_size

    def grow(load: Callable[[str], None], resident: Callable[[], int]) -> float:
        load("grow0")
        before = resident()
        for number in range(1, MORE_MODELS + 1):
            load(f"grow{number}")
        time.sleep(0.5)
        return (resident() - before) / MORE_MODELS / 1e6

    def load_ours(name: str) -> None:
        ours.load(folder, name)
        _ask(ours.port, ours.path(name), fixture.images[0])

    result = {"its weights": weights / 1e6, "kennel": grow(load_ours, ours.resident_bytes)}
    loaded = ours.resident_bytes()
    for number in range(1, MORE_MODELS + 1):
        ours.unload(f"grow{number}")
    freed = (loaded - ours.resident_bytes()) / 1e6 / (result["kennel"] * MORE_MODELS)
    for server in peers:

        def load_peer(name: str, server: PeerServer = server) -> None:
            server.load(archives[server.peer.name], name)
            _ask(server.port, server.path(name), fixture.images[0])

        result[server.peer.name] = grow(load_peer, lambda server=server: _own_bytes(server.process.pid))  # type: ignore[misc]
    title = "memory of one more ResNet18 fp32"
    notes = [f"unloading {MORE_MODELS} models frees {freed:.1%} of what they took (goal: 95 %)"]
    return make_row("memory_model", title, "MB", "lower", [result], ours="kennel", notes=notes)


def _own_bytes(pid: int) -> int:
    """Memory that a process and its descendants share with nobody."""
    root = psutil.Process(pid)
    return sum(process.memory_full_info().uss for process in [root, *root.children(recursive=True)])


def unload(server: PeerServer, model: str) -> None:
    suffix = "/1.0" if server.peer.name == "torchserve" else ""
    request = urllib.request.Request(f"http://127.0.0.1:{server.ports[1]}/models/{model}{suffix}", method="DELETE")
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def _ask(port: int, path: str, image: bytes) -> None:
    connection = Connection("127.0.0.1", port)
    try:
        status, body = connection.exchange(request_bytes(path, image))
    finally:
        connection.close()
    if status != 200:
        raise RuntimeError(f"status {status}: {body[:200]!r}")
