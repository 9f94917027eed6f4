"""The models loaded in one container: loaded on demand, the least recently used unloaded if memory is short."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.errors import AwsError
from localcloud.sagemaker.containers.connections import NoAnswer, Send, Unreachable
from localcloud.sagemaker.endpoints.errors import ModelError
from localcloud.sagemaker.endpoints.metrics import VariantMetrics

log = logging.getLogger(__name__)

Failure = Callable[[int, str], ModelError]

_OUT_OF_MEMORY = 507
_ALREADY_LOADED = 409


@dataclass
class _Model:
    name: str
    done: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None
    in_use: int = 0


class LoadedModels:
    """The models of one serving process, by S3 key.

    send: sends a request to the container.
    failure: the ModelError for a status and message of the container.
    """

    def __init__(
        self, send: Send, failure: Failure, metrics: VariantMetrics, *, load_seconds: float, cached: bool
    ) -> None:
        self._send = send
        self._failure = failure
        self._metrics = metrics
        self._load_seconds = load_seconds
        self._cached = cached
        self._models: OrderedDict[str, _Model] = OrderedDict()
        self._changed = threading.Condition()

    @property
    def count(self) -> int:
        with self._changed:
            return sum(1 for model in self._models.values() if model.done.is_set())

    def forget_all(self) -> None:
        """The container has been restarted: nothing is loaded."""
        with self._changed:
            self._models.clear()
            self._changed.notify_all()

    @contextlib.contextmanager
    def use(self, key: str, name: str, fetch: Callable[[], Path], wait_seconds: float) -> Iterator[str]:
        """Load the model if necessary and keep it while the block runs; yields its name in the container.

        fetch: returns the unpacked archive. AwsError ModelNotReadyException if loading takes longer than
        `wait_seconds`: it continues, so that a later request finds the model.
        """
        model = self._join(key, name, fetch)
        try:
            self._wait(model, wait_seconds)
            yield model.name
        finally:
            with self._changed:
                model.in_use -= 1
                self._changed.notify_all()
                if not self._cached and model.in_use == 0 and self._models.get(key) is model:
                    self._unload(key, model)

    def lost(self, key: str) -> None:
        """The container no longer knows this model."""
        with self._changed:
            self._models.pop(key, None)

    def _join(self, key: str, name: str, fetch: Callable[[], Path]) -> _Model:
        with self._changed:
            model = self._models.get(key)
            self._metrics.count("ModelCacheHit", 1.0 if model is not None and model.done.is_set() else 0.0)
            if model is None:
                model = self._models[key] = _Model(name)
                threading.Thread(target=self._load, args=(key, model, fetch), daemon=True).start()
            self._models.move_to_end(key)
            model.in_use += 1
            return model

    def _wait(self, model: _Model, seconds: float) -> None:
        if not model.done.is_set():
            started = time.perf_counter()
            if not model.done.wait(seconds):
                raise AwsError(
                    "ModelNotReadyException",
                    "The model is not ready for inference yet: it is still being loaded. Try again later.",
                    429,
                )
            self._metrics.duration("ModelLoadingWaitTime", time.perf_counter() - started)
        if model.error is not None:
            raise copy.copy(model.error)  # one traceback per waiting request

    def _load(self, key: str, model: _Model, fetch: Callable[[], Path]) -> None:
        try:
            folder = fetch()
            started = time.perf_counter()
            self._post(model, folder)
            self._metrics.duration("ModelLoadingTime", time.perf_counter() - started)
        except Exception as error:
            if not isinstance(error, AwsError):
                log.exception("loading %s", key)
            model.error = error if isinstance(error, AwsError) else self._failure(500, f"{error}")
            with self._changed:
                if self._models.get(key) is model:
                    del self._models[key]
        finally:
            with self._changed:
                model.done.set()
                self._changed.notify_all()

    def _post(self, model: _Model, folder: Path) -> None:
        body = json.dumps({"model_name": model.name, "url": str(folder)}).encode()
        deadline = time.monotonic() + self._load_seconds
        while True:
            headers = {"Content-Type": "application/json"}
            try:
                answer = self._send("POST", "/models", body, headers, max(1.0, deadline - time.monotonic()))
            except (Unreachable, NoAnswer) as error:
                raise self._failure(0, f"loading the model failed: {error}") from error
            if answer.status == _OUT_OF_MEMORY and self._make_room(deadline):
                continue
            if answer.status not in (200, _ALREADY_LOADED):
                raise self._failure(answer.status, answer.text)
            return

    def _make_room(self, deadline: float) -> bool:
        """Unload the least recently used idle model, waiting for one to become idle; False if none is loaded."""
        with self._changed:
            while loaded := [(key, model) for key, model in self._models.items() if model.done.is_set()]:
                idle = next(((key, model) for key, model in loaded if model.in_use == 0), None)
                if idle is not None:
                    self._unload(*idle)
                    return True
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    return False
            return False

    def _unload(self, key: str, model: _Model) -> None:
        """Call this with the lock held, so that no request starts to use the model meanwhile."""
        started = time.perf_counter()
        try:
            answer = self._send("DELETE", f"/models/{model.name}")
        except (Unreachable, NoAnswer) as error:
            raise self._failure(0, f"unloading a model failed: {error}") from error
        if answer.status not in (200, 404):
            raise self._failure(answer.status, answer.text)
        self._models.pop(key, None)
        self._metrics.duration("ModelUnloadingTime", time.perf_counter() - started)
