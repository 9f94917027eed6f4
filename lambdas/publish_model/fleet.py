"""Roll the endpoint's fleet, so that no instance goes on serving an overwritten stable key from its cache.

An update needs another endpoint configuration: a copy of the current one is made, under the same deployment policy.
The next `cdk deploy` that changes the configuration replaces the copy by its own; a deploy that does not leaves the
endpoint on the copy, whose content is the same. `kennel destroy` takes a last copy away; it costs nothing.
One call is one step, so that a rollout may outlast a function: the caller waits and calls again with what it was
answered, until `refresh` is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from lambdas.common import endpoints
from lambdas.common.clients import client
from lambdas.common.errors import NotReady

MAX_POLLS = 3000
"""At the five seconds between two looks: longer than any rollout may take."""
MAX_NAME_CHARS = 63
_MARK = "-refresh-"
_TIME_CHARS = 14
_BUSY = (endpoints.CREATING, *endpoints.CHANGING)
_DERIVED = ("EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata")


class RolloutFailed(RuntimeError):
    """The fleet did not come up on the new configuration; the message says what it serves instead."""


@dataclass(frozen=True)
class Rollout:
    """`config` is the copy that the endpoint shall run on, `replaces` the one before; empty before the start."""

    config: str = ""
    replaces: str = ""
    polls: int = 0


@dataclass(frozen=True)
class Step:
    """An answer to the state machine: whether to call again, and with what."""

    refresh: bool
    rollout: dict[str, Any]
    note: str


Decision = Literal["start", "wait", "done"]


def decide(status: str, config: str, rollout: Rollout) -> Decision:
    """What to do about an endpoint that exists. Raises RolloutFailed or NotReady."""
    if rollout.polls >= MAX_POLLS:
        raise NotReady(f"the endpoint is still {status} after {MAX_POLLS} looks: see its events")
    if status in _BUSY:
        return "wait"
    if status != endpoints.IN_SERVICE:
        raise RolloutFailed(f"the endpoint is {status}: see its FailureReason")
    if not rollout.config:
        return "start"
    # A later refresh, of a model that was published meanwhile, has replaced the caches as well.
    prefix = rollout.config.rpartition(_MARK)[0] + _MARK
    if config.startswith(prefix) and config >= rollout.config:
        return "done"
    raise RolloutFailed(
        f"the endpoint is InService on {config}, not on {rollout.config}: the rollout was taken back, and callers of "
        "the stable key may still get the version before; see the rollback alarms, then publish again"
    )


def step(endpoint: str, rollout: Rollout, now: str) -> Step:
    """One look at the endpoint, and what follows from it. `now` is in digits, for the copy's name."""
    described = endpoints.describe(endpoint)
    if described is None:
        return Step(False, asdict(rollout), f"the endpoint {endpoint} is switched off: no fleet to refresh")
    config = described["EndpointConfigName"]
    decision = decide(described["EndpointStatus"], config, rollout)
    polled = Rollout(rollout.config, rollout.replaces, rollout.polls + 1)
    if decision == "done":
        _forget(rollout.replaces)
        return Step(False, asdict(polled), f"the fleet runs on {config}")
    if decision == "start":
        return Step(True, asdict(_start(endpoint, described, now, polled.polls)), "the fleet is being refreshed")
    return Step(True, asdict(polled), f"the endpoint is {described['EndpointStatus']}")


def copy_prefix(endpoint: str) -> str:
    """How the names of all copies of an endpoint's configuration begin."""
    return f"{endpoint[: MAX_NAME_CHARS - len(_MARK) - _TIME_CHARS].rstrip('-')}{_MARK}"


def copy_name(endpoint: str, now: str) -> str:
    """`now` in 14 digits, so that a later name is a greater one."""
    return copy_prefix(endpoint) + now


def _start(endpoint: str, described: Mapping[str, Any], now: str, polls: int) -> Rollout:
    """Begin the update. Another that began a moment earlier wins: then this one has not started."""
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
            # Both default to the configuration's own counts and to no policy: scaling and guardrails would be lost.
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
    """Delete a copy that was made here and is no longer used. The stack's own configuration stays."""
    if _MARK in config:
        client("sagemaker").delete_endpoint_config(EndpointConfigName=config)
