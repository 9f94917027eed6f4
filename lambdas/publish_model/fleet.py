"""Replace the endpoint's instances, so that none of them serves an overwritten stable key from its cache.

An update needs another endpoint configuration, so a copy of the current one is created; the deployment policy stays.
The next `cdk deploy` that changes the configuration replaces the copy by its own; other deploys leave the endpoint on
the copy, which has the same content. `kennel destroy` deletes the last copy; it is free of charge.
One call is one step, because a rollout may take longer than a function may run: the caller waits and calls again with
the answer's `rollout`, until `refresh` is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from imgcls.contract.run_plan import MAX_FLEET_LOOKS
from lambdas.common import endpoints
from lambdas.common.clients import client
from lambdas.common.errors import NotReady

MAX_NAME_CHARS = 63
_MARK = "-refresh-"
_TIME_CHARS = 14
_BUSY = (endpoints.CREATING, *endpoints.CHANGING)
_DERIVED = ("EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata")


class RolloutFailed(RuntimeError):
    """The instances did not start with the new configuration; the message says what they serve instead."""


@dataclass(frozen=True)
class Rollout:
    """`config` is the copy that the endpoint is moved to, `replaces` the one before; empty before the start."""

    config: str = ""
    replaces: str = ""
    polls: int = 0


@dataclass(frozen=True)
class Step:
    """The answer to the state machine: whether to call again, and with which `rollout`."""

    refresh: bool
    rollout: dict[str, Any]
    note: str


Decision = Literal["start", "wait", "done"]


def decide(status: str, config: str, rollout: Rollout) -> Decision:
    """The next action for an endpoint that exists. Raises RolloutFailed or NotReady."""
    if rollout.polls >= MAX_FLEET_LOOKS:
        raise NotReady(f"the endpoint is still {status} after {MAX_FLEET_LOOKS} looks: see its events")
    if status in _BUSY:
        return "wait"
    if status != endpoints.IN_SERVICE:
        raise RolloutFailed(f"the endpoint is {status}: see its FailureReason")
    if not rollout.config:
        return "start"
    # A later refresh, by a model that was published meanwhile, has replaced the instances too.
    prefix = rollout.config.rpartition(_MARK)[0] + _MARK
    if config.startswith(prefix) and config >= rollout.config:
        return "done"
    raise RolloutFailed(
        f"the endpoint is InService on {config}, not on {rollout.config}: the rollout was rolled back, and callers of "
        "the stable key may still get the previous version; see the rollback alarms, then publish again"
    )


def step(endpoint: str, rollout: Rollout, now: str) -> Step:
    """Describe the endpoint once and act on it. `now` is a time in digits, for the copy's name."""
    described = endpoints.describe(endpoint)
    if described is None:
        return Step(False, asdict(rollout), f"the endpoint {endpoint} is switched off: there is nothing to refresh")
    config = described["EndpointConfigName"]
    decision = decide(described["EndpointStatus"], config, rollout)
    polled = Rollout(rollout.config, rollout.replaces, rollout.polls + 1)
    if decision == "done":
        _forget(rollout.replaces)
        return Step(False, asdict(polled), f"all instances run on {config}")
    if decision == "start":
        return Step(True, asdict(_start(endpoint, described, now, polled.polls)), "the instances are being replaced")
    return Step(True, asdict(polled), f"the endpoint is {described['EndpointStatus']}")


def copy_prefix(endpoint: str) -> str:
    """The common beginning of the names of all copies of an endpoint's configuration."""
    return f"{endpoint[: MAX_NAME_CHARS - len(_MARK) - _TIME_CHARS].rstrip('-')}{_MARK}"


def copy_name(endpoint: str, now: str) -> str:
    """`now` in 14 digits, so that later names sort after earlier ones."""
    return copy_prefix(endpoint) + now


def _start(endpoint: str, described: Mapping[str, Any], now: str, polls: int) -> Rollout:
    """Start the update. If another update was started a moment earlier, that one counts and this one is not started."""
    sagemaker = client("sagemaker")
    before, copy = described["EndpointConfigName"], copy_name(endpoint, now)
    content = sagemaker.describe_endpoint_config(EndpointConfigName=before)
    sagemaker.create_endpoint_config(
        EndpointConfigName=copy, **{name: value for name, value in content.items() if name not in _DERIVED}
    )
    policy = described.get("LastDeploymentConfig")
    try:
        sagemaker.update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName=copy,
            # By default both are reset: instance counts to the configuration's, the deployment policy to none.
            RetainAllVariantProperties=True,
            **({"DeploymentConfig": policy} if policy else {}),
        )
    except ClientError:
        sagemaker.delete_endpoint_config(EndpointConfigName=copy)
        again = endpoints.describe(endpoint)
        if again is None or again["EndpointStatus"] not in _BUSY:
            raise
        return Rollout(polls=polls)
    return Rollout(copy, before, polls)


def _forget(config: str) -> None:
    """Delete a copy that was created here and is no longer used. The stack's own configuration stays."""
    if _MARK in config:
        client("sagemaker").delete_endpoint_config(EndpointConfigName=config)
