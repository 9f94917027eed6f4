"""The odd and broken images that Pillow ships as its own test data, and mutations of them, through a running server.

They are fetched from Pillow's source package when the test runs, and not kept.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from server_process import ServerProcess

PACKAGE = "pillow==13.0.0"
MUTATIONS = 100_000
CONNECTIONS = 3
MAX_SECONDS = 2.0
MAX_MEMORY = 256 * 1024**2


@dataclass
class Tally:
    """`faults` describes each wrong answer."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("pillow")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", PACKAGE]
    subprocess.run(command, cwd=folder, check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        members = [member for member in tar if member.isfile() and "/Tests/images/" in member.name]
        files = [tar.extractfile(member) for member in members]
        return [file.read() for file in files if file]


def _send(server: ServerProcess, images: Iterator[bytes]) -> Tally:
    tally = Tally()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for image in images:
        start = time.monotonic()
        connection.request("POST", "/models/colours/invoke", image, {"Content-Type": "application/x-image"})
        response = connection.getresponse()
        body = response.read()
        seconds = time.monotonic() - start
        tally.slowest = max(tally.slowest, seconds)
        tally.statuses[response.status] += 1
        keys = set(json.loads(body))
        if response.status != 200 and (response.status not in (400, 413) or keys != {"error", "message"}):
            tally.faults.append(f"{response.status} {body[:200]!r} for {image[:20]!r}...")
    connection.close()
    return tally


def _mutations(images: Sequence[bytes], seed: int, num: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for _ in range(num):
        data = bytearray(rng.choice(images))
        for _ in range(rng.choice((1, 2, 8, 64))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(1, len(data) + 1) :]
        yield bytes(data)


def _check(server: ServerProcess, tallies: Sequence[Tally]) -> Counter[int]:
    faults = [fault for tally in tallies for fault in tally.faults]
    assert not faults, faults[:10]
    assert max(tally.slowest for tally in tallies) < MAX_SECONDS
    assert "Traceback" not in server.log.read_text()
    return sum((tally.statuses for tally in tallies), Counter())


@pytest.mark.slow
def test_every_odd_image_has_a_defined_answer(server: ServerProcess, corpus: list[bytes]) -> None:
    assert len(corpus) >= 1000
    statuses = _check(server, [_send(server, iter(corpus))])
    print(f"{len(corpus)} files: {dict(statuses)}")
    assert statuses[200] > 300 and statuses[400] > 100


@pytest.mark.slow
def test_mutations_of_odd_images(server: ServerProcess, corpus: list[bytes]) -> None:
    small = [image for image in corpus if 0 < len(image) < 50_000]
    warm = _mutations(small, 0, 500)
    _check(server, [_send(server, warm)])
    before = server.resident_bytes()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        shares = [_mutations(small, seed, MUTATIONS // CONNECTIONS) for seed in range(1, CONNECTIONS + 1)]
        statuses = _check(server, list(pool.map(lambda share: _send(server, share), shares)))
    grown = server.resident_bytes() - before
    print(f"{sum(statuses.values())} mutations: {dict(statuses)}; memory {grown / 1e6:+.1f} MB")
    assert grown < MAX_MEMORY
