"""The steps of a blue/green deployment policy: how much traffic moves, how long it bakes, which alarms call it back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rollout:
    """`shares`: traffic of the new fleet after each step, ending in 1.0. `bake_seconds`: after each step."""

    shares: tuple[float, ...] = (1.0,)
    bake_seconds: float = 0.0
    alarms: tuple[str, ...] = ()

    @classmethod
    def of(cls, deployment: Mapping[str, Any] | None, instances: int, max_bake_seconds: float) -> Rollout:
        """Read a DeploymentConfig. Baking is cut to `max_bake_seconds`: nobody waits ten minutes at a laptop."""
        deployment = deployment or {}
        alarms = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        policy = deployment.get("BlueGreenUpdatePolicy") or {}
        routing = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        size = routing.get("CanarySize") or routing.get("LinearStepSize")
        step = 1.0 if routing["Type"] == "ALL_AT_ONCE" or size is None else _share(size, instances)
        if routing["Type"] == "LINEAR":
            count = math.ceil(1.0 / step)
            shares = tuple(min(1.0, step * (number + 1)) for number in range(count))
        else:
            shares = (step, 1.0) if step < 1.0 else (1.0,)
        bake = min(float(routing.get("WaitIntervalInSeconds", 0)), max_bake_seconds)
        return cls(shares, bake, tuple(alarm["AlarmName"] for alarm in alarms))


def _share(size: Mapping[str, Any], instances: int) -> float:
    if size["Type"] == "INSTANCE_COUNT":
        return min(1.0, size["Value"] / instances)
    return min(1.0, size["Value"] / 100)
