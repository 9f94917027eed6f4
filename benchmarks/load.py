"""A small HTTP load generator: closed loops find the peak, open arrivals show the tail.

`python -m benchmarks.load URL --image FILE [--connections 4] [--seconds 5] [--rate REQUESTS_A_SECOND]`
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.harness import percentile

OnAnswer = Callable[[bytes], None]


@dataclass
class Result:
    """`latencies` in seconds, of the answers of 200; `errors` counts all others."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return percentile(self.latencies, share)


class Connection:
    """One kept-alive connection that sends prepared bytes and reads whole answers."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """(status, body)."""
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        head, body = data[:end].lower(), data[end + 4 :]
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._receive()
        return int(head[9:12]), body

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def request_bytes(path: str, body: bytes, content_type: str = "image/jpeg") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def closed_loop(
    port: int, requests: Sequence[bytes], *, connections: int = 4, seconds: float = 3.0, host: str = "127.0.0.1"
) -> Result:
    """Each connection sends its next request when it has its answer; requests go round, from different starts."""
    stop = time.perf_counter() + seconds

    def work(number: int, result: Result) -> None:
        connection = Connection(host, port)
        index = number * len(requests) // connections
        while (start := time.perf_counter()) < stop:
            status, _ = connection.exchange(requests[index % len(requests)])
            index += 1
            _count(result, status, start)
        connection.close()

    return _run(work, connections, seconds)


def open_loop(
    port: int,
    requests: Sequence[bytes],
    *,
    rate: float,
    connections: int = 32,
    seconds: float = 5.0,
    host: str = "127.0.0.1",
) -> Result:
    """Poisson arrivals, whatever the server does; a latency counts from the arrival, waits for a connection too."""
    rng, arrivals, now = random.Random(1), [], 0.0
    while (now := now + rng.expovariate(rate)) < seconds:
        arrivals.append(now)
    begin = time.perf_counter() + 0.05
    waiting, lock = iter(enumerate(arrivals)), threading.Lock()

    def work(number: int, result: Result) -> None:
        connection = Connection(host, port)
        while True:
            with lock:
                index, arrival = next(waiting, (0, None))
            if arrival is None:
                break
            time.sleep(max(0.0, begin + arrival - time.perf_counter()))
            status, _ = connection.exchange(requests[index % len(requests)])
            _count(result, status, begin + arrival)
        connection.close()

    return _run(work, connections, seconds)


def _count(result: Result, status: int, start: float) -> None:
    if status == 200:
        result.latencies.append(time.perf_counter() - start)
    else:
        result.errors += 1


def _run(work: Callable[[int, Result], None], connections: int, seconds: float) -> Result:
    """All results together. Raises OSError when a connection breaks: that is not an answer with any status."""
    results = [Result(seconds) for _ in range(connections)]
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, range(connections), results))
    whole = Result(time.perf_counter() - start)
    for result in results:
        whole.latencies += result.latencies
        whole.errors += result.errors
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--image", type=Path, required=True, action="append")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, help="open arrivals at this rate; without it a closed loop")
    options = parser.parse_args()
    url = urlsplit(options.url)
    requests = [request_bytes(url.path, image.read_bytes(), "application/x-image") for image in options.image]
    shared = {"connections": options.connections, "seconds": options.seconds, "host": url.hostname or "127.0.0.1"}
    port = url.port or 80
    result = (
        open_loop(port, requests, rate=options.rate, **shared)
        if options.rate
        else closed_loop(port, requests, **shared)
    )
    shares = {f"p{share:g}_ms": round(result.percentile(share / 100) * 1000, 2) for share in (50, 90, 99, 100)}
    print(json.dumps({"requests_per_second": round(result.rate, 1), "errors": result.errors, **shares}))


if __name__ == "__main__":
    main()
