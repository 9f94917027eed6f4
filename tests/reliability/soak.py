"""`python -m tests.reliability.soak [--minutes 60]`: a long run at 80 % of the peak, models coming and going.

Ends with 1 when an answer fails, or when memory, threads or descriptors grow after the first tenth of the run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.fixtures import Fixture, prepare
from benchmarks.load import closed_loop, open_loop, request_bytes
from benchmarks.our_server import OurServer
from benchmarks.serving import FOLDER

OUTPUT = Path("out/soak.json")
SHARE_OF_PEAK = 0.8
SLICE_SECONDS = 20.0
WARM_UP_SHARE = 0.1
MAX_GROWTH_MB = 32.0
"""Memory that a flat run may still gain: the allocator's arenas settle slowly."""


@dataclass(frozen=True)
class Slice:
    """What one stretch of the run showed. Latencies in milliseconds."""

    second: float
    requests: int
    errors: int
    p50: float
    p99: float
    resident_mb: float
    threads: int
    descriptors: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    fixture = prepare(FOLDER)
    with OurServer(FOLDER / "kennel") as server:
        for precision in ("int8", "bf16"):
            server.load(fixture.folders[precision].resolve(), precision)
        requests = [request_bytes(server.path(name), image) for image in fixture.images for name in ("int8", "bf16")]
        peak = closed_loop(server.port, requests, seconds=10).rate
        print(f"peak {peak:.0f} requests/s; {minutes:g} minutes at {SHARE_OF_PEAK:.0%} of it", flush=True)
        slices = list(_run(server, fixture, requests, rate=SHARE_OF_PEAK * peak, seconds=minutes * 60))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"peak": peak, "slices": [asdict(item) for item in slices]}, indent=1) + "\n")
    problems = judge(slices)
    print("\n".join(problems) or f"{sum(item.requests for item in slices)} requests, 0 errors, nothing grew")
    return 1 if problems else 0


def _run(server: OurServer, fixture: Fixture, requests: list[bytes], *, rate: float, seconds: float) -> Iterator[Slice]:
    process = psutil.Process(server.process.pid)
    begin = time.monotonic()
    for number in itertools.count():
        if time.monotonic() - begin >= seconds:
            return
        name = f"guest-{number}"
        server.load(fixture.folders["fp32"].resolve(), name)
        result = open_loop(server.port, requests, rate=rate, seconds=SLICE_SECONDS)
        server.unload(name)
        item = Slice(
            round(time.monotonic() - begin, 1),
            len(result.latencies),
            result.errors,
            round(result.percentile(0.5) * 1000, 2),
            round(result.percentile(0.99) * 1000, 2),
            round(process.memory_info().rss / 1e6, 1),
            process.num_threads(),
            process.num_fds(),
        )
        print(item, flush=True)
        yield item


def judge(slices: list[Slice]) -> list[str]:
    """What is wrong with the run, in sentences; nothing when it is well."""
    problems = []
    if errors := sum(item.errors for item in slices):
        problems.append(f"{errors} requests failed")
    settled = slices[int(len(slices) * WARM_UP_SHARE) :]
    for name, allowed in (("resident_mb", MAX_GROWTH_MB), ("threads", 1), ("descriptors", 8)):
        first, last = getattr(settled[0], name), getattr(settled[-1], name)
        if last - first > allowed:
            problems.append(f"{name} grew from {first} to {last}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
