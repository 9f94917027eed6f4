"""What an earlier execution trained: artifacts, hyperparameters, and the search that those come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import hyperparameters, keys
from imgcls.contract.artifact import ARCHIVE
from imgcls.contract.failures import service_errors
from kennel.cloud.session import Session
from kennel.errors import KennelError
from lambdas.plan_run.request import FIXED


@dataclass(frozen=True)
class TrainedWith:
    """`values` are the training script's hyperparameters, without those that the model's configuration fixes.

    `tuning_job` and `best_trial` are empty for a model that was not tuned.
    """

    model: str
    values: dict[str, Any]
    tuning_job: str
    best_trial: str


def read(session: Session, execution: str, model: str) -> TrainedWith | None:
    """None if the execution has not trained the model, or is too old."""
    request = {"Bucket": session.output("ArtifactsBucket"), "Key": keys.hyperparameters(execution, model)}
    try:
        body = session.client("s3").get_object(**request)["Body"].read()
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        return None
    saved = json.loads(body)
    names = [name for name in saved["values"] if name in hyperparameters.BY_NAME and name not in FIXED]
    values = hyperparameters.decode({name: saved["values"][name] for name in sorted(names)})
    return TrainedWith(model, values, saved["tuning_job"], saved["best_trial"])


def values_of(
    session: Session, execution: str, models: Iterable[str], renamed: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Model -> hyperparameters, for another run with the same. Raises KennelError for a model without.

    `renamed`: model -> the name under which this run trains it, and under which the earlier one may have trained it.
    """
    found = {}
    for model in models:
        trained = read(session, execution, renamed.get(model, model)) or read(session, execution, model)
        if trained is None:
            raise KennelError(
                f"{execution} has not trained {model}, or its files have expired: name an execution of "
                "`kennel pipeline list` that trained it, or choose the models with --model"
            )
        found[model] = trained.values
    return found


def artifacts_of(session: Session, execution: str, models: Iterable[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Model -> URI of its training's artifact, to evaluate it again. Raises KennelError for a model without.

    `renamed`: model -> the name under which this run publishes it. An artifact keeps the name of its training.
    """
    bucket = session.output("ArtifactsBucket")
    pages = session.client("s3").get_paginator("list_objects_v2")
    found = {}
    for model in models:
        name = renamed.get(model, model)
        listed = pages.paginate(Bucket=bucket, Prefix=keys.output(execution, name))
        archives = [item for page in listed for item in page.get("Contents", ()) if item["Key"].endswith(f"/{ARCHIVE}")]
        if not archives:
            choice = "leave --as out" if name != model else "choose the models with --model"
            raise KennelError(
                f"{execution} left no artifact of {name}, or it has expired: name an execution of "
                f"`kennel pipeline list` that trained it, or {choice}"
            )
        # A training that was tried again left an artifact per job that completed.
        found[model] = keys.uri(bucket, max(archives, key=lambda item: item["LastModified"])["Key"])
    return found
