"""One endpoint: its status, the fleet that answers, and the change from one fleet to the next."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from localcloud.errors import AwsError
from localcloud.sagemaker.api.answers import now, present
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.endpoints.fleet import Fleet
from localcloud.sagemaker.endpoints.hosting_plan import HostingPlan
from localcloud.sagemaker.endpoints.instance import StartFailure
from localcloud.sagemaker.endpoints.metrics import VariantMetrics
from localcloud.sagemaker.endpoints.requests import DeploymentConfig
from localcloud.sagemaker.endpoints.rollout import Rollout

log = logging.getLogger(__name__)

SETTLED = ("InService", "Failed")
_ALARM_POLL_SECONDS = 0.2

MakeFleet = Callable[[HostingPlan, VariantMetrics], Fleet]


@dataclass
class Endpoint:
    """status: Creating, Updating, RollingBack, InService, Failed or Deleting.

    in_alarm: returns the given alarms whose state is ALARM.
    """

    name: str
    arn: str
    config_name: str
    make_fleet: MakeFleet
    in_alarm: Callable[[Iterable[str]], list[str]]
    metrics: VariantMetrics
    status: str = "Creating"
    failure_reason: str | None = None
    deployment: DeploymentConfig | None = None
    created: datetime.datetime = field(default_factory=now)
    modified: datetime.datetime = field(default_factory=now)
    _current: Fleet | None = None
    _next: Fleet | None = None
    _starting: HostingPlan | None = None
    _share: float = 0.0
    _requests: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def create(self, plan: HostingPlan) -> None:
        """Start the first fleet, in the background."""
        self.metrics.gauges = self._gauges
        self._starting = plan
        self._in_background(lambda: self._create(plan))

    def update(self, plan: HostingPlan, rollout: Rollout, deployment: DeploymentConfig | None) -> None:
        """Replace the fleet, in the background; ValidationException while another change is in progress."""
        with self._lock:
            self._check_settled()
            self.deployment = deployment
            self._set("Updating")
            self._starting = plan
        self._in_background(lambda: self._update(plan, rollout))

    def begin_delete(self) -> None:
        """Set the status Deleting; ValidationException while another change is in progress."""
        with self._lock:
            self._check_settled()
            self._set("Deleting")

    def close(self, drain_seconds: float = 1.0) -> None:
        """Stop every process."""
        self._closing.set()
        with self._lock:
            fleets = [fleet for fleet in (self._current, self._next) if fleet is not None]
            self._current = self._next = None
        for fleet in fleets:
            fleet.close(drain_seconds)

    def plans(self) -> list[HostingPlan]:
        """What has instances: the fleet that answers, and during a change the one that starts."""
        with self._lock:
            running = [self._current.plan] if self._current else []
            return [*running, *([self._starting] if self._starting else [])]

    @contextlib.contextmanager
    def lease(self) -> Iterator[Fleet]:
        """A fleet that stays alive until the block ends, for one request; AwsError if the endpoint is not serving."""
        with self._lock:
            fleet = self._choose()
            fleet.acquire()  # under the lock, so that no fleet is drained between choice and use
        try:
            yield fleet
        finally:
            fleet.release()

    def _choose(self) -> Fleet:
        if self._next is not None and self._share > 0:
            number = next(self._requests)
            if int((number + 1) * self._share) > int(number * self._share):
                return self._next
        if self._current is None:
            raise AwsError("ValidationError", f"Endpoint {self.name} is not serving: its status is {self.status}.")
        return self._current

    def description(self) -> dict[str, object]:
        """DescribeEndpoint's answer."""
        with self._lock:
            return present(
                EndpointName=self.name,
                EndpointArn=self.arn,
                EndpointConfigName=self.config_name,
                EndpointStatus=self.status,
                FailureReason=self.failure_reason,
                CreationTime=self.created,
                LastModifiedTime=self.modified,
                LastDeploymentConfig=self.deployment,
                ProductionVariants=[self._variant(self._current.plan)] if self._current else None,
            )

    def _gauges(self) -> list[tuple[str, float]]:
        with self._lock:
            fleet = self._current
        return fleet.gauges() if fleet is not None else []

    def _variant(self, plan: HostingPlan) -> dict[str, object]:
        image = {"SpecifiedImage": plan.image, "ResolvedImage": plan.image, "ResolutionTime": self.created}
        count = plan.instances_requested
        return {
            "VariantName": plan.variant_name,
            "DeployedImages": [image],
            "CurrentWeight": 1.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": count,
            "DesiredInstanceCount": count,
        }

    def _check_settled(self) -> None:
        if self.status not in SETTLED:
            raise validation_error(f'Cannot update in-progress endpoint "{self.arn}".')

    def _set(self, status: str, failure_reason: str | None = None) -> None:
        with self._lock:
            self.status, self.failure_reason, self.modified = status, failure_reason, now()
            if status in SETTLED:
                self._starting = None

    def _in_background(self, change: Callable[[], None]) -> None:
        def run() -> None:
            try:
                change()
            except StartFailure as failure:
                self._failed(str(failure))
            except Exception as bug:
                log.exception("endpoint %s", self.name)
                self._failed(f"the local cloud failed: {bug!r}")

        threading.Thread(target=run, name=f"endpoint-{self.name}", daemon=True).start()

    def _failed(self, reason: str) -> None:
        with self._lock:
            self._next, self._share = None, 0.0
            # As in AWS, a failed update leaves the endpoint in service with its current fleet.
            self._set("InService" if self._current else "Failed", reason)

    def _started(self, plan: HostingPlan) -> Fleet:
        fleet = self.make_fleet(plan, self.metrics)
        with self._lock:
            if self._closing.is_set():
                raise StartFailure("the endpoint is being closed")
            self._next, self._share = fleet, 0.0  # close() finds it there
        fleet.start()
        return fleet

    def _create(self, plan: HostingPlan) -> None:
        fleet = self._started(plan)
        with self._lock:
            self._current, self._next = fleet, None
            self._set("InService")

    def _update(self, plan: HostingPlan, rollout: Rollout) -> None:
        fleet = self._started(plan)
        alarms = self._shift(fleet, rollout)
        with self._lock:
            old, self._current = (fleet, self._current) if alarms else (self._current, fleet)
            self._next, self._share = None, 0.0
            if alarms:
                self._set("RollingBack")
            else:
                self.config_name = plan.config_name
        if old is not None:
            old.close()
        reason = f"The update was rolled back: alarms {', '.join(alarms)} are in ALARM." if alarms else None
        self._set("InService", reason)

    def _shift(self, fleet: Fleet, rollout: Rollout) -> list[str]:
        """Move traffic step by step; returns the alarms that went off, if any."""
        for share in rollout.shares:
            with self._lock:
                self._next, self._share = fleet, share
            if alarms := self._bake(rollout):
                return alarms
        return []

    def _bake(self, rollout: Rollout) -> list[str]:
        waited = 0.0
        while True:
            if rollout.alarms and (alarms := self.in_alarm(rollout.alarms)):
                return alarms
            if waited >= rollout.bake_seconds or self._closing.is_set():
                return []
            self._closing.wait(_ALARM_POLL_SECONDS)
            waited += _ALARM_POLL_SECONDS
