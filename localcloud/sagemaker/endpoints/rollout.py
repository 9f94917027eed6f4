"""The steps of a blue/green deployment policy: traffic shares, baking time, rollback alarms."""

from __future__ import annotations

import math
from dataclasses import dataclass

from localcloud.sagemaker.endpoints.requests import CapacitySize, DeploymentConfig, TrafficRouting

_ALL_AT_ONCE: TrafficRouting = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


@dataclass(frozen=True)
class Rollout:
    """shares: the new fleet's share of the traffic after each step, ending with 1.0. bake_seconds: after each step."""

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0.0
    alarms: tuple[str, ...] = ()

    @classmethod
    def of(cls, deployment: DeploymentConfig | None, instances: int, max_bake_seconds: float) -> Rollout:
        """Read a DeploymentConfig. Baking is cut to `max_bake_seconds`, as nobody waits ten minutes at a laptop."""
        deployment = deployment or {}
        alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        policy = deployment.get("BlueGreenUpdatePolicy")
        routing = policy["TrafficRoutingConfiguration"] if policy else _ALL_AT_ONCE
        size = routing.get("CanarySize") or routing.get("LinearStepSize")
        step = 1.0 if routing["Type"] == "ALL_AT_ONCE" or size is None else _share(size, instances)
        if routing["Type"] == "LINEAR":
            count = math.ceil(1.0 / step)
            shares = tuple(min(1.0, step * (number + 1)) for number in range(count))
        else:
            shares = (step, 1.0) if step < 1.0 else (1.0,)
        bake = min(float(routing["WaitIntervalInSeconds"]), max_bake_seconds)
        return cls(shares, bake, tuple(alarm["AlarmName"] for alarm in alarms))


def _share(size: CapacitySize, instances: int) -> float:
    if size["Type"] == "INSTANCE_COUNT":
        return min(1.0, size["Value"] / instances)
    return min(1.0, size["Value"] / 100)
