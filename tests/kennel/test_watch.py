"""The view of an execution."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from imgcls.contract.failures import causes
from kennel.cli import watch
from kennel.cli.output import console
from kennel.cloud.session import Session
from kennel.runs import executions
from kennel.runs.executions import Run
from kennel.runs.history import Job, Visit
from lambdas.diagnose_failure.decision import decide
from tests.imgcls.contract.recorded_failures import FAILURES, Failure

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def visit(state: str, kind: str = "Task", **more: Any) -> Visit:
    return Visit(state, kind, more.pop("iteration", None), START, exited=START + timedelta(seconds=75), **more)


def run(*visits: Visit, status: str = "SUCCEEDED", **more: Any) -> Run:
    return Run("r1", "arn", status, START.isoformat(), 90.0, {}, visits=visits, **more)


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr(console, "width", 200)

    def show(value: Run) -> str:
        with console.capture() as capture:
            watch.print_run(value)
        return capture.get()

    return show


def test_connecting_states_are_left_out_and_models_are_named(printed: Callable[..., Any]) -> None:
    text = printed(
        run(
            visit("ChooseTuning", kind="Choice", iteration=0, status="succeeded"),
            visit(
                "TrainModel",
                iteration=0,
                status="succeeded",
                job=Job("training", "t-1"),
                input={"model": {"name": "dogs"}},
            ),
            output={"outcomes": [{"model": "dogs", "outcome": "published"}]},
        )
    )
    assert "ChooseTuning" not in text
    assert all(word in text for word in ("TrainModel", "dogs", "t-1", "1m15s", "r1 SUCCEEDED in 1m30s: dogs published"))


def test_a_failure_shows_its_reason_as_a_sentence(printed: Callable[..., Any]) -> None:
    cause = json.dumps([{"model": "dogs", "reason": "the loss is nan", "remedy": "lower lr"}])
    failed = visit(
        "TrainModel",
        status="failed",
        error="States.TaskFailed",
        cause='{"TrainingJobName": "t", "FailureReason": "the loss is nan"}',
    )
    text = printed(run(failed, status="FAILED", error="PipelineFailed", cause=cause))
    assert "TrainModel: the loss is nan" in text
    assert "r1 FAILED in 1m30s: dogs: the loss is nan (lower lr)" in text
    assert "{" not in text


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.sentence[:40])
def test_the_live_view_gives_the_reason_of_the_notification(monkeypatch: pytest.MonkeyPatch, failure: Failure) -> None:
    """The notification's reason is DiagnoseFailure's answer to the state's Catch."""
    caught = causes.read_caught({"Error": failure.error, "Cause": failure.cause})
    told = decide("TrainModel", caught, {"attempt": 0, "instances": {}, "fallbacks": {}}, max_attempts=3).reason
    failed = run(visit("TrainModel", status="failed", error=failure.error, cause=failure.cause), status="FAILED")
    monkeypatch.setattr(console, "width", 1000)
    with console.capture() as printed:
        watch.print_run(failed)
    assert told in printed.get()
    monkeypatch.setattr(executions, "follow", lambda session, name: iter([failed]))
    with console.capture() as lines:
        watch.follow_lines(cast(Session, None), "r1")
    assert told.removeprefix("TrainModel: ") in lines.get().splitlines()[0]


def test_polls_are_left_out_unless_one_fails(printed: Callable[..., Any]) -> None:
    good = visit("TrainModelDescribe", status="succeeded", is_poll=True)
    bad = visit("TuneModelDescribe", status="failed", is_poll=True, error="Denied", cause="no")
    text = printed(run(good, bad, status="FAILED", cause="no"))
    assert "TrainModelDescribe" not in text and "TuneModelDescribe" in text
