"""The plan of a run that tests and publishes the versions that were staged while the endpoint was off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.failures import service_errors
from imgcls.contract.run_plan import MAX_MODELS, ModelReference
from imgcls.contract.staged import Staged, is_open
from lambdas.common import bounded, s3
from lambdas.common.clients import client
from lambdas.common.errors import Refused
from lambdas.plan_run import request
from lambdas.plan_run.plan import without_jobs

FIELD = "publish_staged"


def is_asked_for(value: Any) -> bool:
    """Whether an execution's input has the field, whatever else it has."""
    return isinstance(value, Mapping) and value.get(FIELD, False) is not False


def plan(value: Mapping[str, Any], execution: str, bucket: str, max_concurrency: int) -> dict[str, Any]:
    """PlanRun's answer for `{"publish_staged": true, "models"?: [...]}`. Raises Refused if nothing waits."""
    request.check_name(execution)
    names = _names(value)
    found = sorted(_waiting(bucket), key=lambda staged: staged.when)
    chosen = _chosen(names, {staged.name: staged for staged in found})
    for staged in chosen[:MAX_MODELS]:
        s3.write_json(bucket, keys.model_plan(execution, staged.name), document(staged))
    return answer(execution, chosen, max_concurrency=max_concurrency)


def document(staged: Staged) -> dict[str, Any]:
    """What a model's flow reads in place of a ModelPlan."""
    return {"staged": {**staged.to_dict(), "version": staged.version}}


def answer(execution: str, chosen: Sequence[Staged], *, max_concurrency: int) -> dict[str, Any]:
    """RunPlan.to_answer() of a run without data or jobs. At most MAX_MODELS are published by one run."""
    now, later = chosen[:MAX_MODELS], chosen[MAX_MODELS:]
    return without_jobs(
        execution,
        [ModelReference(s.name, s.run_uri, keys.model_plan(execution, s.name)) for s in now],
        max_concurrency=max_concurrency,
        publish_staged=True,
        notes=(f"{len(later)} more versions are staged: run again",) if later else (),
    )


def _names(value: Mapping[str, Any]) -> Sequence[str] | None:
    """The models of the input, None for all. Raises Refused for any other field."""
    if value[FIELD] is not True:
        raise Refused(f"{FIELD} is {value[FIELD]!r}; it must be true or false")
    others = sorted(set(value) - {FIELD, "models"})
    if others:
        raise Refused(f"{others[0]} has no effect, because {FIELD} is given and nothing is trained: leave one out")
    names = value.get("models")
    if names is not None and not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise Refused(f"models is {names!r}; it must be a list of at least one model name")
    return names


def _chosen(names: Sequence[str] | None, waiting: Mapping[str, Staged]) -> list[Staged]:
    if not waiting:
        raise Refused("no version is staged: every version that passed its gate is published or rejected")
    for name in names or ():
        if name not in waiting:
            raise Refused(f"models has {name!r}, of which no version is staged; choose from {', '.join(waiting)}")
    return [waiting[name] for name in dict.fromkeys(names or waiting)]


def _waiting(bucket: str) -> Iterator[Staged]:
    for staged in _documents(bucket):
        content = s3.read(bucket, keys.alias(staged.name))
        alias = Alias.from_dict(json.loads(content[0])) if content else None
        if not staged.is_published(alias) and is_open(_approval(staged.package_arn)):
            yield staged


def _documents(bucket: str) -> Iterator[Staged]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=keys.STAGED)
    found = (item["Key"] for page in pages for item in page.get("Contents", ()))
    for key in bounded.items(found, "staged versions"):
        yield Staged.from_dict(s3.read_json(bucket, key))


def _approval(package_arn: str) -> str | None:
    """The status of a model package, None if it was deleted."""
    try:
        answer = client("sagemaker").describe_model_package(ModelPackageName=package_arn)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return str(answer["ModelApprovalStatus"])
