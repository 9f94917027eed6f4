"""The measuring itself: rows, goals, interleaving, and a load generator that counts what a server really answered."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from benchmarks.__main__ import GROUPS
from benchmarks.harness import Row, goals, interleave, make_row, percentile, table
from benchmarks.load import closed_loop, open_loop, request_bytes
from tests.reliability.soak import Slice, judge


def _row(value: float, *, better: str = "higher", goal: float = 2.0, control: float | None = None) -> Row:
    return Row("id", "name", value, "u", better, {"peer": 10.0}, [], {"peer": goal}, control)  # type: ignore[arg-type]


def test_goals_are_floors_or_ceilings() -> None:
    assert not _row(20).missed()
    assert _row(19.9).missed() == {"peer": (pytest.approx(1.99), 2.0)}
    assert not _row(5, better="lower", goal=0.5).missed()
    assert _row(5.1, better="lower", goal=0.5).missed()


def test_rows_say_what_a_reader_needs() -> None:
    row = _row(19, control=1.2)
    assert row.to_dict()["met"] is False
    assert row.to_dict()["ratios"] == {"peer": 1.9}
    text = "\n".join(table([row]))
    assert "missed" in text and "noisy" in text
    assert not _row(20, control=1.04).is_noisy


def test_rounds_start_with_another_contender_each() -> None:
    order: list[str] = []

    def contender(name: str, value: float):  # type: ignore[no-untyped-def]
        def measure() -> float:
            order.append(name)
            return value

        return measure

    rounds = interleave({"a": contender("a", 4), "b": contender("b", 2), "again": contender("c", 4.4)}, rounds=3)
    assert order == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    row = make_row("x", "x", "u", "higher", rounds, ours="a", control="again")
    assert (row.value, dict(row.baseline), row.control) == (4, {"b": 2}, pytest.approx(1.1))


def test_every_row_of_a_group_has_a_goal() -> None:
    rows = [row for ids in GROUPS.values() for row in ids]
    assert len(rows) == len(set(rows))
    assert set(rows) <= set(goals())
    assert all(goals()[row] for row in rows)


def test_percentile() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (50, 99, 100)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(500 if body == b"fail" else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def test_a_closed_loop_counts_answers_and_errors(port: int) -> None:
    requests = [request_bytes("/", b"x" * 100_000), request_bytes("/", b"fail")]
    result = closed_loop(port, requests, connections=2, seconds=0.3)
    assert len(result.latencies) > 0 and result.errors > 0
    assert abs(len(result.latencies) - result.errors) <= 2
    assert result.rate == pytest.approx(len(result.latencies) / result.seconds)


def test_an_open_loop_keeps_its_rate(port: int) -> None:
    result = open_loop(port, [request_bytes("/", b"x")], rate=100, connections=4, seconds=1.0)
    assert result.errors == 0
    assert 60 < len(result.latencies) < 150


def test_a_soak_is_judged_by_errors_and_growth() -> None:
    flat = [Slice(i, 10, 0, 1, 2, 500, 20, 30) for i in range(20)]
    assert judge(flat) == []
    leak = [Slice(i, 10, int(i == 3), 1, 2, 500 + 5 * i, 20 + i, 30) for i in range(20)]
    assert judge(leak) == ["1 requests failed", "resident_mb grew from 510 to 595", "threads grew from 22 to 39"]
