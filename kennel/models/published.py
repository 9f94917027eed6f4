"""What is published: the aliases, their versions, and the way back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.artifact import ARCHIVE
from kennel.client.classifier import read_alias
from kennel.cloud.session import Session
from kennel.errors import KennelError
from pipeline.fleet_refresh import POLL_SECONDS


@dataclass(frozen=True)
class Version:
    """A version in the bucket. `published` is when its archive was staged, ISO 8601."""

    target_model: str
    bytes: int
    staged: str
    current: bool


def aliases(session: Session) -> list[Alias]:
    """The alias of every published model, by name."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="aliases/")
    names = [item["Key"].removeprefix("aliases/") for page in pages for item in page.get("Contents", ())]
    return [read_alias(s3, bucket, name.removesuffix(".json")) for name in sorted(names) if name.endswith(".json")]


def versions(session: Session, model: str) -> list[Version]:
    """The staged versions of a model, newest first. Raises KennelError when there is none."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    current = read_alias(s3, bucket, model).current
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{keys.MODELS}{model}/")
    found = [
        Version(target, item["Size"], item["LastModified"].isoformat(timespec="seconds"), target == current)
        for page in pages
        for item in page.get("Contents", ())
        if (target := item["Key"].removeprefix(keys.MODELS)).endswith(f"/{ARCHIVE}")
        and target != keys.target_model(model)
    ]
    return sorted(found, key=lambda version: version.target_model, reverse=True)


def rollback(session: Session, model: str, *, version: str | None, who: str) -> dict[str, Any]:
    """Make an earlier version current, through PublishModel, the alias's only writer. Returns its answer."""
    alias = read_alias(session.client("s3"), session.output("ArtifactsBucket"), model)
    if version is None and not alias.previous:
        raise KennelError(f"{model} has no earlier version: {alias.current} is the only one that was published")
    target = keys.target_model(model, version) if version else alias.previous[0]
    known = [item.target_model for item in versions(session, model)]
    if target not in known:
        raise KennelError(f"{target} is not in the bucket; choose from {', '.join(key.split('/')[1] for key in known)}")
    answer = _invoke_publisher(session, {"action": "rollback", "name": model, "target_model": target, "who": who})
    if answer["refresh"]:
        refresh(session)
    return answer


def refresh(session: Session) -> str:
    """Replace the endpoint's instances, one step per call, so that none answers an overwritten stable key from its cache.

    Returns what became of it.
    """
    step = _invoke_publisher(session, {"action": "refresh", "rollout": {}})
    while step["refresh"]:
        time.sleep(POLL_SECONDS[session.config.cloud])
        step = _invoke_publisher(session, {"action": "refresh", "rollout": step["rollout"]})
    return str(step["note"])


def _invoke_publisher(session: Session, event: dict[str, Any]) -> dict[str, Any]:
    response = session.client("lambda").invoke(
        FunctionName=session.output("PublishModelFunction"), Payload=json.dumps(event).encode()
    )
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if response.get("FunctionError"):
        raise KennelError(f"the {event['action']} failed: {answer.get('errorMessage', answer)}")
    return answer
