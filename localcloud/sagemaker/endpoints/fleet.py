"""The serving processes behind one version of an endpoint."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.image_table import UnknownImageError
from localcloud.sagemaker.endpoints.archive_cache import ArchiveCache
from localcloud.sagemaker.endpoints.hosting_plan import HostingPlan
from localcloud.sagemaker.endpoints.instance import Instance, StartFailure
from localcloud.sagemaker.endpoints.metrics import Flusher, VariantMetrics
from localcloud.sagemaker.endpoints.settings import EndpointSettings

DRAIN_SECONDS = 30.0
GAUGE_SECONDS = 10.0


class Fleet:
    """All instances that run one plan."""

    def __init__(
        self,
        cloud: Cloud,
        plan: HostingPlan,
        settings: EndpointSettings,
        flusher: Flusher,
        metrics: VariantMetrics,
        home: Path,
    ) -> None:
        self.plan = plan
        self._cloud = cloud
        self._flusher = flusher
        self._metrics = metrics
        self._home = home
        s3 = cloud.client("s3", plan.role)
        self.archives = ArchiveCache(s3, home / "models", settings.max_unpacked_bytes, metrics)
        self.instances: list[Instance] = []
        self._turn = itertools.count()
        self._running = 0
        self._last_gauges = (-1, 0.0)
        self._idle = threading.Condition()

    def start(self) -> None:
        """Start every instance; StartFailure with the reason if one does not start."""
        try:
            command = self._cloud.image_command(self.plan.image, "serving")
            self._prepare_single_model()
            self.instances = [
                Instance(
                    self._cloud,
                    self.plan,
                    command,
                    self._home / f"instance-{n}",
                    self.archives.root,
                    self._flusher,
                    self._metrics,
                )
                for n in range(self.plan.instances)
            ]
            with ThreadPoolExecutor(max_workers=len(self.instances)) as pool:
                list(pool.map(Instance.start, self.instances))
        except (UnknownImageError, AwsError, OSError) as error:
            self.close(drain_seconds=0)
            raise StartFailure(str(error)) from error
        except StartFailure:
            self.close(drain_seconds=0)
            raise

    def _prepare_single_model(self) -> None:
        for number in range(self.plan.instances):
            model = self._home / f"instance-{number}" / "model"
            model.parent.mkdir(parents=True, exist_ok=True)
            if not self.plan.multi_model and self.plan.model_data_url:
                model.symlink_to(self.archives.folder(*self.plan.archive(None)), target_is_directory=True)
            else:
                model.mkdir()

    def pick(self) -> Instance:
        """The next healthy instance in turn; AwsError ServiceUnavailable if there is none."""
        start = next(self._turn)
        for offset in range(len(self.instances)):
            instance = self.instances[(start + offset) % len(self.instances)]
            if instance.healthy:
                return instance
        raise AwsError("ServiceUnavailable", f"No container of {self.plan.endpoint_name} is healthy right now.", 503)

    def acquire(self) -> None:
        """A request begins on this fleet: close() waits for it."""
        with self._idle:
            self._running += 1

    def release(self) -> None:
        """A request has ended."""
        with self._idle:
            self._running -= 1
            self._idle.notify_all()

    def gauges(self) -> list[tuple[str, float]]:
        """Loaded models and utilization: every ten seconds, and whenever the number of models has changed."""
        loaded = sum(instance.models.count for instance in self.instances)
        if loaded == self._last_gauges[0] and time.monotonic() - self._last_gauges[1] < GAUGE_SECONDS:
            return []
        self._last_gauges = (loaded, time.monotonic())
        counted = [("LoadedModelCount", float(loaded))] if self.plan.multi_model else []
        return [*counted, *(pair for instance in self.instances for pair in instance.utilization().items())]

    def close(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Wait for running requests, then stop every process and delete the archives."""
        deadline = time.monotonic() + drain_seconds
        with self._idle:
            while self._running and time.monotonic() < deadline:
                self._idle.wait(deadline - time.monotonic())
        for instance in self.instances:
            instance.stop()
        self.archives.close()
        shutil.rmtree(self._home, ignore_errors=True)
