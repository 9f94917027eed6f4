"""Counts and times of the last minute, as lines in CloudWatch's embedded metric format (EMF)."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from imgcls.contract.serving import ENDPOINT_METRICS, METRIC_NAMESPACE, MODEL_METRICS, OTHER_MODELS, REFUSALS_METRIC

MAX_VALUES = 100
"""EMF accepts at most this many values of a metric in one line."""

_UNITS = {name: "Milliseconds" for name in ("Latency", "QueueTime", "DecodeTime", "InferTime", "ModelLoadTime")}


class Metrics:
    """Collects values between two calls of `flush`. Used from the event loop only.

    A model has its own metrics under its name, not under its version, because each metric costs money; models beyond
    `max_models` share one name.
    """

    def __init__(self, endpoint_name: str, max_models: int) -> None:
        self._endpoint = endpoint_name
        self._max_models = max_models
        self._known_models: set[str] = set()
        self._values: dict[tuple[str, str] | None, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def invocation(self, model: str, seconds: float, *, failed: bool) -> None:
        if model not in self._known_models and len(self._known_models) >= self._max_models:
            model = OTHER_MODELS
        self._known_models.add(model)
        values = self._values["ModelName", model]
        for name, value in zip(MODEL_METRICS, (1.0, float(failed), seconds * 1000), strict=True):
            values[name].append(value)

    def times(self, queue: float, decode: float, infer: float) -> None:
        for name, seconds in zip(ENDPOINT_METRICS[:3], (queue, decode, infer), strict=True):
            self._values[None][name].append(seconds * 1000)

    def loaded(self, seconds: float) -> None:
        self._values[None]["ModelLoads"].append(1)
        self._values[None]["ModelLoadTime"].append(seconds * 1000)

    def unloaded(self) -> None:
        self._values[None]["ModelUnloads"].append(1)

    def refusal(self, code: str) -> None:
        self._values["Code", code][REFUSALS_METRIC].append(1)

    def flush(self) -> Iterator[dict[str, Any]]:
        """The collected lines; none without an endpoint's name, because endpoints could not be told apart."""
        values, self._values = self._values, defaultdict(lambda: defaultdict(list))
        if not self._endpoint:
            return
        for dimension, metrics in values.items():
            yield self._line(dict([dimension] if dimension else []), metrics)

    def _line(self, dimension: dict[str, str], metrics: dict[str, list[float]]) -> dict[str, Any]:
        definitions = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in metrics]
        return {
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": METRIC_NAMESPACE,
                        "Dimensions": [["EndpointName", *dimension]],
                        "Metrics": definitions,
                    }
                ],
            },
            "EndpointName": self._endpoint,
            **dimension,
            **{name: _summary(name, values) for name, values in metrics.items()},
        }


def _summary(name: str, values: Sequence[float]) -> float | list[float]:
    """Counts are summed; times are kept, or reduced to MAX_VALUES evenly spaced quantiles with both extremes."""
    if name not in _UNITS:
        return sum(values)
    ordered = sorted(values)
    if len(ordered) > MAX_VALUES:
        step = (len(ordered) - 1) / (MAX_VALUES - 1)
        ordered = [ordered[round(i * step)] for i in range(MAX_VALUES)]
    return [round(value, 3) for value in ordered]
