"""What the server logs: an access line and a prediction record per request, and metrics.

A line does not contain image bytes, and text from the caller is cut to a maximum length.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from imgcls.contract.serving import TARGET_MODEL_HEADER
from imgcls.serving.formats import DEFAULT_TOP_K, top
from imgcls.serving.http import Request
from imgcls.serving.log import LineLog
from imgcls.serving.metrics import Metrics
from imgcls.serving.model import Prediction

MAX_TEXT = 256


class Observer:
    """Used from the event loop only."""

    def __init__(self, lines: LineLog, metrics: Metrics) -> None:
        self._lines = lines
        self.metrics = metrics

    def access(self, request: Request, status: int, num_bytes: int, seconds: float, error: str | None) -> None:
        """`error` is the code of a refused request."""
        record: dict[str, Any] = {
            "type": "access",
            "time": _now(),
            "request_id": request.request_id,
            "method": request.method,
            "path": request.path[:MAX_TEXT],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "bytes_in": request.body_bytes,
            "bytes_out": num_bytes,
        }
        if target_model := request.headers.get(TARGET_MODEL_HEADER.lower()):
            record["target_model"] = target_model[:MAX_TEXT]
        if error:
            record["error"] = error
            self.metrics.refusal(error)
        self._lines.write(record)

    def prediction(self, request: Request, prediction: Prediction, queue_seconds: float) -> None:
        self.metrics.times(queue_seconds, prediction.decode_seconds, prediction.infer_seconds)
        card = prediction.card
        record = {
            "type": "prediction",
            "time": _now(),
            "request_id": request.request_id,
            "model": card.name,
            "version": card.version,
            "top": [
                [[card.labels[i], round(float(row[i]), 4)] for i in top(row, DEFAULT_TOP_K)]
                for row in prediction.probabilities
            ],
            "energy": [round(float(value), 4) for value in prediction.energy],
        }
        self._lines.write(record)

    def flush_metrics(self) -> None:
        for line in self.metrics.flush():
            self._lines.write(line)

    def close(self) -> None:
        self.flush_metrics()
        self._lines.close()


def _now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
