"""The metrics that SageMaker emits about an endpoint, collected while requests run and sent in the background."""

from __future__ import annotations

import datetime
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable

from localcloud.cloudwatch import publish
from localcloud.cloudwatch.metrics.requests import Datum, Dimension
from localcloud.context import Cloud

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
_INVOCATIONS = "AWS/SageMaker"
_INSTANCES = "/aws/sagemaker/Endpoints"
_COUNTS = frozenset({"Invocations", "InvocationsPerInstance", "Invocation4XXErrors", "Invocation5XXErrors",
                     "ModelCacheHit", "LoadedModelCount"})  # fmt: skip


class VariantMetrics:
    """One variant's values that are waiting to be sent. Recording one is a mere append."""

    def __init__(self, endpoint_name: str, variant_name: str) -> None:
        self._dimensions: list[Dimension] = [
            {"Name": "EndpointName", "Value": endpoint_name},
            {"Name": "VariantName", "Value": variant_name},
        ]
        self._values: deque[tuple[str, float]] = deque()
        self.gauges: Callable[[], list[tuple[str, float]]] = list

    def count(self, name: str, value: float = 1.0) -> None:
        self._values.append((name, value))

    def duration(self, name: str, seconds: float) -> None:
        """Record seconds as microseconds, the unit of all durations in AWS/SageMaker."""
        self._values.append((name, float(round(seconds * 1_000_000))))

    def drain(self) -> dict[str, list[Datum]]:
        """Namespace -> the data recorded since the last call."""
        grouped: dict[str, Counter[float]] = {}
        for _ in range(len(self._values)):
            name, value = self._values.popleft()
            grouped.setdefault(name, Counter())[value] += 1
        data = [self._data(name, values) for name, values in grouped.items()]
        gauges = [self._data(name, Counter([value])) for name, value in self.gauges()]
        return {_INVOCATIONS: data, _INSTANCES: gauges}

    def _data(self, name: str, values: Counter[float]) -> Datum:
        unit = "None" if name in _COUNTS else "Percent" if name.endswith("Utilization") else "Microseconds"
        moment = datetime.datetime.now(datetime.UTC)
        counts = [float(count) for count in values.values()]
        return {
            "MetricName": name,
            "Dimensions": self._dimensions,
            "Timestamp": moment,
            "Unit": unit,
            "Values": list(values),
            "Counts": counts,
        }


class Flusher:
    """Calls each registered action every second on one background thread, and once more at the end."""

    def __init__(self) -> None:
        self._actions: dict[object, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="endpoint-flusher", daemon=True)
        self._thread.start()

    def add(self, owner: object, action: Callable[[], None]) -> None:
        with self._lock:
            self._actions[owner] = action

    def remove(self, owner: object) -> None:
        """Forget an action after running it a last time."""
        with self._lock:
            action = self._actions.pop(owner, None)
        if action is not None:
            action()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._flush()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            actions = list(self._actions.values())
        for action in actions:
            try:
                action()
            except Exception:  # one endpoint's failure must not affect the others
                log.exception("sending logs or metrics of an endpoint failed")


def send(cloud: Cloud, metrics: VariantMetrics) -> None:
    """Put the recorded values into CloudWatch."""
    for namespace, data in metrics.drain().items():
        publish(cloud, namespace, data)
