"""What is published or staged: the aliases, their versions, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.artifact import ARCHIVE
from imgcls.contract.staged import Staged
from kennel.client.classifier import NotPublished, read_alias
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import staged
from pipeline.fleet_refresh import POLL_SECONDS

State = Literal["current", "earlier", "staged", "unpublished"]
"""`earlier`: it was current. `unpublished`: it never was, and does not wait either."""


@dataclass(frozen=True)
class Version:
    """A version in the bucket. `staged` is when its archive was put there, ISO 8601."""

    target_model: str
    bytes: int
    staged: str
    current: bool
    state: State


@dataclass(frozen=True)
class Model:
    """What there is of a model: at least one of its alias and the version that waits for the endpoint."""

    name: str
    alias: Alias | None
    waiting: Staged | None

    def to_dict(self) -> dict[str, Any]:
        """The alias's fields, empty if nothing is published, and `staged`: None, or the version that waits."""
        alias = self.alias or Alias(self.name, "", (), "", "", "")
        return {**alias.to_dict(), "staged": self.waiting.to_dict() if self.waiting else None}


def models(session: Session) -> list[Model]:
    """Every model that is published or staged, by name."""
    published = {alias.name: alias for alias in aliases(session)}
    waiting = staged.waiting(session, published)
    names = sorted({*published, *waiting})
    return [Model(name, published.get(name), waiting.get(name)) for name in names]


def model(session: Session, name: str) -> Model:
    """Raises NotPublished for a model that is neither published nor staged."""
    found = next((item for item in models(session) if item.name == name), None)
    # Without either, reading the alias says what is wrong.
    return found or Model(name, read_alias(session.client("s3"), session.output("ArtifactsBucket"), name), None)


def alias(session: Session, name: str) -> Alias:
    """The alias of a published model. Raises NotPublished, which says how to publish a version that is staged."""
    try:
        return read_alias(session.client("s3"), session.output("ArtifactsBucket"), name)
    except NotPublished:
        if waits := staged.waiting(session, {}).get(name):
            raise NotPublished(staged.how_to_publish(session, waits)) from None
        raise


def aliases(session: Session) -> list[Alias]:
    """The alias of every published model, by name."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=keys.ALIASES)
    names = [item["Key"].removeprefix(keys.ALIASES) for page in pages for item in page.get("Contents", ())]
    return [read_alias(s3, bucket, name.removesuffix(".json")) for name in sorted(names) if name.endswith(".json")]


def versions(session: Session, model: Model) -> list[Version]:
    """The versions of a model that are in the bucket, newest first."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{keys.MODELS}{model.name}/")
    found = [
        _version(model, target, item)
        for page in pages
        for item in page.get("Contents", ())
        if (target := item["Key"].removeprefix(keys.MODELS)).endswith(f"/{ARCHIVE}")
        and target != keys.target_model(model.name)
    ]
    return sorted(found, key=lambda version: version.target_model, reverse=True)


def _version(model: Model, target: str, item: Mapping[str, Any]) -> Version:
    state: State = "unpublished"
    if model.alias and target in (model.alias.current, *model.alias.previous):
        state = "current" if target == model.alias.current else "earlier"
    elif model.waiting and target == model.waiting.target_model:
        state = "staged"
    when = item["LastModified"].isoformat(timespec="seconds")
    return Version(target, item["Size"], when, state == "current", state)


def rollback(session: Session, model: str, *, version: str | None, who: str) -> dict[str, Any]:
    """Make an earlier version current, through PublishModel, the alias's only writer. Returns its answer.

    Only a version that was current before: it has passed its smoke test, whether the endpoint is on now or not.
    """
    before = alias(session, model)
    if version is None and not before.previous:
        raise KennelError(f"{model} has no earlier version: {before.current} is the only one that was published")
    target = keys.target_model(model, version) if version else before.previous[0]
    if target != before.current and target not in before.previous:
        choices = ", ".join(key.split("/")[1] for key in before.previous) or "none"
        raise KennelError(f"{target} was never published: choose from {choices}")
    answer = _invoke_publisher(session, {"action": "rollback", "name": model, "target_model": target, "who": who})
    if answer["refresh"]:
        refresh(session)
    return answer


def refresh(session: Session) -> str:
    """Replace the endpoint's instances, so that none answers an overwritten stable key from its cache.

    Returns a sentence about the result.
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
