"""Trials as the service lists them, and the hyperparameters of an execution for the next one."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from imgcls.contract import keys
from imgcls.contract import trials as contract
from kennel.cli import run_summary
from kennel.errors import KennelError
from kennel.runs import earlier_run, executions, reports
from kennel.runs import trials as module
from kennel.runs.earlier_run import TrainedWith
from kennel.runs.executions import Run
from kennel.runs.history import Job, Visit

MODEL = "dog-breed-classifier"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class SageMaker:
    """One tuning job with two trials; its lists come in two pages."""

    def describe_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> dict[str, Any]:
        objective = {"MetricName": "validation:accuracy", "Type": "Maximize"}
        return {
            "HyperParameterTuningJobConfig": {"Strategy": "Bayesian", "HyperParameterTuningJobObjective": objective}
        }

    def get_paginator(self, name: str) -> SageMaker:
        assert name == "list_training_jobs_for_hyper_parameter_tuning_job"
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        for number, extra in ((1, {}), (2, {"FinalHyperParameterTuningJobObjectiveMetric": {"Value": 0.9}})):
            tuned = {"lr": "0.03", "batch-size": '"64"', "optimizer": '"sgd"'}
            times = {"TrainingStartTime": NOW, "TrainingEndTime": NOW + timedelta(seconds=30 * number)}
            summary = {
                "TrainingJobName": f"t-{number}",
                "TrainingJobStatus": "Completed",
                "TunedHyperParameters": tuned,
            }
            yield {"TrainingJobSummaries": [{**summary, **times, **extra}]}


@pytest.fixture
def session() -> Iterator[Any]:
    """Buckets by moto, SageMaker by the class above."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        clients = {"s3": s3, "sagemaker": SageMaker()}
        yield SimpleNamespace(client=clients.__getitem__, output=lambda name: "artifacts", s3=s3)


def visit(kind: str, name: str, **hyperparameters: str) -> Visit:
    values = {"model": {"name": MODEL}, "hyperparameters": {"values": hyperparameters}}
    return Visit("State", "Task", 0, NOW, job=Job(kind, name), input=values)


@pytest.fixture
def execution(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def of(*visits: Visit) -> None:
        run = Run("r1", "arn", "SUCCEEDED", "", 1.0, {}, visits=visits)
        monkeypatch.setattr(executions, "describe", lambda session, name: run)

    return of


def test_trials_of_a_tuning_job_are_read_over_all_pages(session: Any, execution: Callable[..., Any]) -> None:
    execution(visit("tuning", "search"), visit("tuning", "search"))
    (search,) = module.searches(session, "r1")
    assert [trial.name for trial in search.trials] == ["t-1", "t-2"]
    best = search.best
    assert best is not None and (best.name, best.seconds) == ("t-2", 60)
    assert best.values == {"lr": 0.03, "batch-size": 64, "optimizer": "sgd"}
    assert (search.model, search.kind, search.goal) == (MODEL, "Bayesian", "Maximize")


def test_the_searches_are_a_report_of_the_run(session: Any, execution: Callable[..., Any], tmp_path: Path) -> None:
    session.s3.put_object(Bucket="artifacts", Key=f"runs/r1/{MODEL}/reports/training-report.html", Body=b"page")
    session.s3.put_object(Bucket="artifacts", Key="runs/r1/parts/algo-1.jsonl", Body=b"")
    execution(visit("tuning", "search"))
    found = reports.fetch(session, "r1", tmp_path)
    assert [(report.model, report.kind) for report in found] == [("", "search"), (MODEL, "training")]
    assert "Parallel coordinates" in found[0].path.read_text()


def test_trials_of_a_head_search_are_in_the_jobs_records(session: Any, execution: Callable[..., Any]) -> None:
    rows = [
        contract.row(2, contract.STOPPED, {"lr": 0.1}, [(4, 0.5, 1.0)], seconds=1, time=0),
        contract.row(1, contract.COMPLETED, {"lr": 0.2}, [(4, 0.6, 1.0), (8, 0.8, 0.5)], seconds=2, time=0),
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(contract.FILE)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    key = keys.output("r1", MODEL) + "job-1/output/output.tar.gz"
    session.s3.put_object(Bucket="artifacts", Key=key, Body=buffer.getvalue())
    execution(visit("training", "job-1", **{"head-search": '{"trials":2}'}))
    (search,) = module.searches(session, "r1")
    assert [(trial.name, trial.objective) for trial in search.trials] == [("trial 1", 0.8), ("trial 2", 0.5)]


def test_an_execution_without_a_search_says_how_to_get_one(session: Any, execution: Callable[..., Any]) -> None:
    execution(visit("training", "job-1"))
    with pytest.raises(KennelError, match="r1 has no search: start one with"):
        module.searches(session, "r1")
    execution(visit("tuning", "search"))
    with pytest.raises(KennelError, match="r1 has no search of another"):
        module.searches(session, "r1", "another")


SAVED = {
    "values": {
        "lr": "0.03", "batch-size": '"64"', "model-name": MODEL, "labels": "{}", "sagemaker_program": "train.py",
    },
    "best_trial": "t-2", "tuning_job": "search",
}  # fmt: skip


def test_hyperparameters_of_an_execution_are_those_that_a_run_may_set(session: Any) -> None:
    session.s3.put_object(Bucket="artifacts", Key=keys.hyperparameters("r1", MODEL), Body=json.dumps(SAVED))
    assert earlier_run.values_of(session, "r1", [MODEL], {}) == {MODEL: {"lr": 0.03, "batch-size": 64}}


def test_the_artifact_of_an_execution_is_that_of_its_last_training_job(session: Any) -> None:
    folder = keys.output("r1", MODEL)
    for job in ("job-1", "job-0"):
        session.s3.put_object(Bucket="artifacts", Key=f"{folder}{job}/output/model.tar.gz", Body=job.encode())
        session.s3.put_object(Bucket="artifacts", Key=f"{folder}{job}/output/output.tar.gz", Body=b"")
        time.sleep(1)  # S3 has times of objects in whole seconds
    assert earlier_run.artifacts_of(session, "r1", [MODEL], {}) == {
        MODEL: f"s3://artifacts/{folder}job-0/output/model.tar.gz"
    }
    with pytest.raises(KennelError, match="r1 left no artifact of another"):
        earlier_run.artifacts_of(session, "r1", [MODEL, "another"], {})


def test_what_was_trained_under_a_new_name_is_found_under_it(session: Any) -> None:
    session.s3.put_object(Bucket="artifacts", Key=keys.output("r1", "pets") + "job/output/model.tar.gz", Body=b"")
    found = earlier_run.artifacts_of(session, "r1", [MODEL], {MODEL: "pets"})
    assert found == {MODEL: "s3://artifacts/runs/r1/pets/output/job/output/model.tar.gz"}
    with pytest.raises(KennelError, match=r"r1 left no artifact of flowers, .* that trained it, or leave --as out"):
        earlier_run.artifacts_of(session, "r1", [MODEL], {MODEL: "flowers"})
    for model in (MODEL, "pets"):
        saved = {**SAVED, "values": {"lr": "0.5" if model == "pets" else "0.1"}}
        session.s3.put_object(Bucket="artifacts", Key=keys.hyperparameters("r1", model), Body=json.dumps(saved))
    for name, lr in {"pets": 0.5, "new": 0.1}.items():
        assert earlier_run.values_of(session, "r1", [MODEL], {MODEL: name}) == {MODEL: {"lr": lr}}


def test_a_model_that_was_not_trained_there_is_named(session: Any) -> None:
    assert earlier_run.read(session, "r1", MODEL) is None
    with pytest.raises(KennelError, match=f"r1 has not trained {MODEL}"):
        earlier_run.values_of(session, "r1", [MODEL], {})


def test_an_outcome_shows_findings_best_values_and_reports() -> None:
    outcome = {
        "model": MODEL, "outcome": "published", "reason": "good", "findings": ["overfitting", "small-batch"],
        "reports_uri": "s3://artifacts/runs/r1/m/reports/",
    }  # fmt: skip
    text = "\n".join(run_summary.lines(outcome, TrainedWith(MODEL, {"lr": 0.03, "labels": {}}, "search", "t-2"), "r1"))
    assert "findings  overfitting, small-batch" in text
    assert "trained with lr=0.03\n" in text and "best trial t-2" in text
    assert "s3://artifacts/runs/r1/m/reports/ (kennel open report r1)" in text
    failed = run_summary.lines({"model": MODEL, "outcome": "failed", "reason": "no", "findings": []}, None, "r1")
    assert failed == [f"{MODEL} failed: no", "  findings  none of the rules fired"]
