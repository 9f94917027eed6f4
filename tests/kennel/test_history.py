"""An execution's interleaved events read as visits to states."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kennel.runs.history import Job, read_visits

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(number: int, previous: int, kind: str, **details: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "previousEventId": previous,
        "type": kind,
        "timestamp": START + timedelta(seconds=number),
        **details,
    }


def entered(number: int, previous: int, name: str, **given: dict[str, str]) -> dict[str, Any]:
    details = {"name": name, "input": json.dumps(given)}
    return event(number, previous, "TaskStateEntered", stateEnteredEventDetails=details)


def exited(number: int, previous: int, name: str) -> dict[str, Any]:
    return event(number, previous, "TaskStateExited", stateExitedEventDetails={"name": name})


def test_a_task_with_a_job() -> None:
    scheduled = {"parameters": json.dumps({"TrainingJobName": "train-1"})}
    visits = read_visits(
        [
            event(1, 0, "ExecutionStarted"),
            entered(2, 0, "TrainModel"),
            event(3, 2, "TaskScheduled", taskScheduledEventDetails=scheduled),
            event(4, 3, "TaskStarted"),
            event(5, 4, "TaskSucceeded"),
            exited(6, 5, "TrainModel"),
        ]
    )
    (visit,) = visits
    assert (visit.state, visit.status, visit.job, visit.attempts) == (
        "TrainModel",
        "succeeded",
        Job("training", "train-1"),
        1,
    )
    assert visit.seconds == 4


def test_iterations_of_a_map_interleave() -> None:
    events = [
        event(1, 0, "MapStateStarted"),
        event(2, 1, "MapIterationStarted", mapIterationStartedEventDetails={"name": "TrainModels", "index": 0}),
        event(3, 1, "MapIterationStarted", mapIterationStartedEventDetails={"name": "TrainModels", "index": 1}),
        entered(4, 2, "TrainModel", model={"name": "core"}),
        entered(5, 3, "TrainModel", model={"name": "mobile"}),
        event(6, 5, "TaskScheduled", taskScheduledEventDetails={"parameters": '{"TrainingJobName": "b"}'}),
        event(7, 4, "TaskScheduled", taskScheduledEventDetails={"parameters": '{"TrainingJobName": "a"}'}),
        event(8, 7, "TaskSucceeded"),
        exited(9, 8, "TrainModel"),
    ]
    first, second = read_visits(events)
    assert (first.iteration, first.job, first.status) == (0, Job("training", "a"), "succeeded")
    assert (second.iteration, second.job, second.status) == (1, Job("training", "b"), "running")


def test_a_failure_keeps_its_cause_after_it_was_caught() -> None:
    events = [
        entered(1, 0, "TrainModel"),
        event(2, 1, "TaskScheduled", taskScheduledEventDetails={"parameters": "{}"}),
        event(3, 2, "TaskFailed", taskFailedEventDetails={"error": "States.TaskFailed", "cause": "loss is nan"}),
        exited(4, 3, "TrainModel"),
        entered(5, 4, "DiagnoseFailure"),
    ]
    failed, handler = read_visits(events)
    assert (failed.status, failed.error, failed.cause) == ("failed", "States.TaskFailed", "loss is nan")
    assert handler.status == "running"


def test_a_retry_that_succeeds_is_a_success() -> None:
    events = [
        entered(1, 0, "TrainModel"),
        event(2, 1, "TaskScheduled", taskScheduledEventDetails={"parameters": "{}"}),
        event(3, 2, "TaskFailed", taskFailedEventDetails={"error": "Throttled", "cause": "slow down"}),
        event(4, 3, "TaskScheduled", taskScheduledEventDetails={"parameters": "{}"}),
        event(5, 4, "TaskSucceeded"),
        exited(6, 5, "TrainModel"),
    ]
    (visit,) = read_visits(events)
    assert (visit.status, visit.attempts, visit.error) == ("succeeded", 2, None)


def polled_job(*answers: dict[str, str], is_stopped: bool = False) -> Any:
    """The visit of a state that creates a job without waiting for it; each answer is that of one poll."""
    job, number = {"TrainingJobName": "train-1"}, 5
    events = [
        entered(1, 0, "TrainModel"),
        event(2, 1, "TaskScheduled", taskScheduledEventDetails=scheduled("createTrainingJob", job)),
        event(3, 2, "TaskSucceeded", taskSucceededEventDetails={"output": '{"TrainingJobArn": "arn"}'}),
        exited(4, 3, "TrainModel"),
    ]
    for answer in answers:
        output = json.dumps(job | answer)
        events += [
            entered(number, number - 1, "TrainModelDescribe"),
            event(number + 1, number, "TaskScheduled", taskScheduledEventDetails=scheduled("describeTrainingJob", job)),
            event(number + 2, number + 1, "TaskSucceeded", taskSucceededEventDetails={"output": output}),
            exited(number + 3, number + 2, "TrainModelDescribe"),
        ]
        number += 4
    if is_stopped:
        stop = scheduled("stopTrainingJob", job)
        events += [
            entered(number, number - 1, "TrainModelStop"),
            event(number + 1, number, "TaskScheduled", taskScheduledEventDetails=stop),
        ]
    return read_visits(events)[0]


def scheduled(resource: str, parameters: dict[str, str]) -> dict[str, str]:
    return {"resource": resource, "parameters": json.dumps(parameters)}


RUNNING, FAILED = {"TrainingJobStatus": "InProgress"}, {"TrainingJobStatus": "Failed", "FailureReason": "nan"}


def test_a_polled_job_runs_until_a_poll_says_otherwise() -> None:
    for answers in ([], [RUNNING], [RUNNING, RUNNING]):
        visit = polled_job(*answers)
        assert (visit.status, visit.exited, visit.job) == ("running", None, Job("training", "train-1"))
    visit = polled_job(RUNNING, {"TrainingJobStatus": "Completed"})
    assert (visit.status, visit.seconds, visit.error) == ("succeeded", 10, None)


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_polled_job_that_fails_has_its_description_as_the_cause(status: str) -> None:
    visit = polled_job(RUNNING, FAILED | {"TrainingJobStatus": status})
    assert (visit.status, visit.error, visit.seconds) == ("failed", "States.TaskFailed", 10)
    assert json.loads(visit.cause)["FailureReason"] == "nan"


def test_a_polled_job_that_is_stopped_for_its_time_has_timed_out() -> None:
    visit = polled_job(RUNNING, is_stopped=True)
    assert (visit.status, visit.error, visit.cause) == ("failed", "States.Timeout", "")


def test_describing_a_job_counts_as_a_poll_and_has_no_job() -> None:
    scheduled = {"resource": "describeTrainingJob", "parameters": json.dumps({"TrainingJobName": "train-1"})}
    (visit,) = read_visits(
        [
            entered(1, 0, "TrainModelDescribe"),
            event(2, 1, "TaskScheduled", taskScheduledEventDetails=scheduled),
            event(3, 2, "TaskSucceeded"),
            exited(4, 3, "TrainModelDescribe"),
        ]
    )
    assert visit.is_poll and visit.job is None
