"""The trials of an execution's searches: of tuning jobs from the service, of head searches from their records."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from imgcls.contract import keys, trials, unpacking
from imgcls.contract.failures import job_kinds
from imgcls.contract.records import OUTPUT_ARCHIVE
from imgcls.contract.unpacking import ArchiveError, Limits
from imgcls.reports.search import Search, Trial
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.runs import executions
from kennel.runs.executions import Run
from kennel.runs.history import Visit


def searches(session: Session, execution: str, model: str = "") -> list[Search]:
    """The searches of an execution, or of one of its models. Raises KennelError if there are none."""
    run = executions.describe(session, execution)
    found = [search for search in of_run(session, run) if model in ("", search.model)]
    if not found:
        whose = f" of {model}" if model else ""
        raise KennelError(
            f"{execution} has no search{whose}: start one with `kennel pipeline start --tune`, with a model "
            "that has a search space or the head-search hyperparameter"
        )
    return found


def of_run(session: Session, run: Run) -> Iterator[Search]:
    """The searches of a run, in the order of their start."""
    seen = set()
    for visit in run.visits:
        plan = visit.input.get("model")
        if visit.job is None or visit.job in seen or not isinstance(plan, dict):
            continue
        seen.add(visit.job)
        if visit.job.kind == job_kinds.TUNING.name:
            yield of_tuning_job(session, plan["name"], visit.job.name)
        elif visit.job.kind == job_kinds.TRAINING.name and _searches_head(visit):
            rows = _records(session, keys.output(run.name, plan["name"]) + f"{visit.job.name}/output/{OUTPUT_ARCHIVE}")
            if rows:
                yield of_head_search(plan["name"], visit.job.name, rows)


def of_tuning_job(session: Session, model: str, name: str) -> Search:
    """A tuning job's trials, in the order of their start."""
    client = session.client("sagemaker")
    described = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    config = described["HyperParameterTuningJobConfig"]
    pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )
    objective = config["HyperParameterTuningJobObjective"]
    return Search(
        model=model,
        name=name,
        kind=config["Strategy"],
        objective=objective["MetricName"],
        goal=objective["Type"],
        trials=tuple(_trial(summary) for page in pages for summary in page["TrainingJobSummaries"]),
    )


def of_head_search(model: str, job: str, rows: list[Mapping[str, Any]]) -> Search:
    """`rows` are those of trials.jsonl (`contract.trials`)."""
    found = tuple(
        Trial(f"trial {row['trial']}", row["state"], dict(row["values"]), row["value"], row["seconds"])
        for row in sorted(rows, key=lambda row: row["trial"])
    )
    return Search(model, job, "head search", rows[0]["objective"], "Maximize", found)


def _trial(summary: Mapping[str, Any]) -> Trial:
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    started, ended = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
    return Trial(
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        values={name: _value(text) for name, text in summary["TunedHyperParameters"].items()},
        objective=metric["Value"] if metric else None,
        seconds=(ended - started).total_seconds() if started and ended else None,
    )


def _value(text: str) -> float | int | str:
    """A hyperparameter as a number if it is one. Categorical values are in quotes (`'"64"'`), numbers included."""
    text = text.strip('"')
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _searches_head(visit: Visit) -> bool:
    values = visit.input.get("hyperparameters", {}).get("values", {})
    return bool(values.get("head-search", "{}") != "{}")


def _records(session: Session, key: str) -> list[Mapping[str, Any]]:
    """The rows of trials.jsonl in a training job's output archive; none before the job wrote it."""
    client, bucket = session.client("s3"), session.output("ArtifactsBucket")
    if not client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents"):
        return []
    body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
        file.write(body)
        file.flush()
        try:
            with unpacking.members(Path(file.name), Limits(max_members=100_000), formats=("gz",)) as found:
                member = next((item for item in found if item.name.rpartition("/")[2] == trials.FILE), None)
                text = b"".join(member.chunks()) if member and not member.problem else b""
        except ArchiveError as error:
            raise KennelError(f"{key} is not a training's output: {error}") from None
    return [json.loads(line) for line in text.splitlines()]
