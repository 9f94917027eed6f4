"""The endpoint's switch: off, its instances, scaling and alarms are gone; what they are made of stays.

It is a parameter of the Serving stack, so CloudFormation knows what is there, and a deploy leaves the switch as it is.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from kennel.cloud import costs
from kennel.cloud.session import Session
from kennel.errors import KennelError

PARAMETER = "EndpointEnabled"
OFF = "off"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_FAILED = ("_FAILED", "ROLLBACK_COMPLETE")
_DAY_SECONDS = 86400


@dataclass(frozen=True)
class Endpoint:
    """`status` is SageMaker's, or OFF. `invocations` of the last day; `usd_per_hour` of the instances there are."""

    name: str
    status: str
    instance_type: str
    instances: int
    wanted_instances: int
    invocations: int
    usd_per_hour: float
    reason: str = ""


def describe(session: Session) -> Endpoint:
    """The endpoint as it is now. Raises KennelError when nothing is deployed."""
    name, cost = session.output("EndpointName"), costs.of_endpoint(session.config)
    found = _found(session, name)
    if found is None:
        return Endpoint(name, OFF, cost.instance_type, 0, 0, 0, 0.0)
    # While it is created there are none yet.
    variants = found.get("ProductionVariants", ())
    instances = sum(variant.get("CurrentInstanceCount", 0) for variant in variants)
    wanted = sum(variant.get("DesiredInstanceCount", 0) for variant in variants)
    return Endpoint(
        name,
        found["EndpointStatus"],
        cost.instance_type,
        instances,
        wanted,
        sum(_invocations(session, name, variant["VariantName"]) for variant in variants),
        cost.per_hour(instances),
        found.get("FailureReason", ""),
    )


def is_off(session: Session) -> bool:
    """Whether it does not exist, or goes away right now."""
    found = _found(session, session.output("EndpointName"))
    return found is None or found["EndpointStatus"] == "Deleting"


def _found(session: Session, name: str) -> dict[str, Any] | None:
    """SageMaker's description, None if there is no such endpoint."""
    try:
        answer: dict[str, Any] = session.client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        return None
    return answer


def is_switched_off(session: Session) -> bool:
    """Whether `switch` would find it off already. Raises KennelError when nothing is deployed."""
    stack = _stack(session)
    now = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    return bool(now[PARAMETER] == "false" and not stack["StackStatus"].endswith("_IN_PROGRESS"))


def switch(session: Session, *, on: bool) -> Iterator[str]:
    """Turn it on or off, and tell what happens to each resource until all of it has happened.

    Nothing is told when it is so already. Raises KennelError when the stack is busy, or when it fails.
    """
    stack = _stack(session)
    name, wanted = stack["StackName"], str(on).lower()
    now = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    if stack["StackStatus"].endswith("_IN_PROGRESS"):
        raise KennelError(f"{name} is {stack['StackStatus']}: wait until that has ended")
    if now[PARAMETER] == wanted:
        return
    last = next(_newest_events(session, name))["EventId"]
    others = [{"ParameterKey": key, "UsePreviousValue": True} for key in now if key != PARAMETER]
    session.client("cloudformation").update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": PARAMETER, "ParameterValue": wanted}, *others],
        Capabilities=_CAPABILITIES,
    )
    yield from _follow(session, name, last)


def _follow(session: Session, name: str, last: str) -> Iterator[str]:
    """What happens after the event `last`, until the stack rests."""
    reasons = []
    seconds = 0.5 if session.config.cloud == "local" else 5.0
    while True:
        status = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        new = _events_since(session, name, last)
        last = new[-1]["EventId"] if new else last
        for event in new:
            if event["LogicalResourceId"] != name:
                yield f"{event['LogicalResourceId']} {event['ResourceStatus']}"
            if event["ResourceStatus"].endswith("_FAILED"):
                reasons.append(event.get("ResourceStatusReason", ""))
        if status.endswith(_FAILED):
            raise KennelError(f"{name} ended {status}: {reasons[0] if reasons else 'see its events'}")
        if not status.endswith("_IN_PROGRESS"):
            return
        time.sleep(seconds)


def _events_since(session: Session, name: str, last: str) -> list[dict[str, Any]]:
    """Oldest first."""
    newest = itertools.takewhile(lambda event: event["EventId"] != last, _newest_events(session, name))
    return list(newest)[::-1]


def _newest_events(session: Session, name: str) -> Iterator[dict[str, Any]]:
    for page in session.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name):
        yield from page["StackEvents"]


def _stack(session: Session) -> dict[str, Any]:
    for stack in session.stacks():
        if any(item["ParameterKey"] == PARAMETER for item in stack.get("Parameters", ())):
            return stack
    environment = session.config.environment
    raise KennelError(f"{environment} has no endpoint: run `kennel deploy --env {environment}`")


def _invocations(session: Session, name: str, variant: str) -> int:
    now = datetime.now(UTC)
    answer = session.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": variant}],
        StartTime=now - timedelta(seconds=_DAY_SECONDS),
        EndTime=now,
        Period=_DAY_SECONDS,
        Statistics=["Sum"],
    )
    invocations: float = sum(point["Sum"] for point in answer["Datapoints"])
    return round(invocations)
