"""Jobs by the SDK integration in the local cloud: the states that create, watch and end them, on real jobs."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest

from kennel.runs import executions
from kennel.runs.history import read_visits
from localcloud.lifecycle import LocalCloud
from pipeline import polled_jobs, stop_on_timeout
from pipeline.polled_jobs import Creation, PolledJob
from pipeline.tasks import TRAINING_JOB, task
from tests.localcloud.sagemaker_jobs.conftest import (  # noqa: F401
    BUCKET,
    IMAGES,
    client,
    s3,
    shell_request,
    training_request,
)
from tests.localcloud.stepfunctions.conftest import Runner

pytestmark = pytest.mark.slow

RANGES = {"ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.1", "MaxValue": "1", "ScalingType": "Linear"}]}


@pytest.fixture(scope="module")
def local_cloud():
    """Of this module: the fixture of that package, imported, would run until all tests have ended."""
    with LocalCloud(images=IMAGES, max_jobs=2) as cloud:
        cloud.cloud.client("s3").create_bucket(Bucket=BUCKET)
        yield cloud


@pytest.fixture(scope="module")
def runner(local_cloud):
    return Runner(local_cloud.cloud)


POLLING = {"run": {"polling": {"first_seconds": 1, "step_seconds": 1}}}
ENDS = {
    "Good": {"Type": "Succeed"},
    "Bad": {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"},
}


@pytest.fixture
def ended(runner):
    """Run a job's states to their end; (status, output or error) of the execution."""

    def run(job):
        states = polled_jobs.states("Job", job, next_state="Good", on_error="Bad")
        return runner.wait(runner.start({"StartAt": "Job", "States": {**states, **ENDS}}, POLLING))

    return run


def training(request, limit=60):
    return PolledJob("TrainingJob", {"Job": Creation(request, "train")}, limit)


def job_visit(client, found):  # noqa: F811
    """How the live view sees the state that created the job."""
    history = client("stepfunctions").get_execution_history(executionArn=found["executionArn"], maxResults=1000)
    return read_visits(history["events"])[0]


def test_a_training_job_is_made_and_its_description_handed_over(ended, shell_request, client):  # noqa: F811
    request = shell_request("sdk-good", "echo fine > /opt/ml/model/weights")
    found = ended(training(request))
    assert found["status"] == "SUCCEEDED", found.get("cause")
    made = json.loads(found["output"])["described"]
    assert made["TrainingJobName"] == "sdk-good"
    assert made["ModelArtifacts"]["S3ModelArtifacts"].endswith("/sdk-good/output/model.tar.gz")
    visit = job_visit(client, found)
    assert (visit.status, visit.job.name) == ("succeeded", "sdk-good") and visit.seconds >= 1


def test_a_job_that_fails_hands_its_description_over(ended, shell_request, client):  # noqa: F811
    found = ended(training(shell_request("sdk-bad", "echo no > /opt/ml/output/failure; exit 1")))
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(found["cause"])
    assert cause["TrainingJobName"] == "sdk-bad" and "no" in cause["FailureReason"]
    visit = job_visit(client, found)
    assert (visit.status, visit.error, json.loads(visit.cause)) == ("failed", "States.TaskFailed", cause)


def test_a_job_that_does_not_end_is_stopped(ended, shell_request, client):  # noqa: F811
    found = ended(training(shell_request("sdk-endless", "sleep 600"), limit=2))
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")
    assert (job_visit(client, found).status, job_visit(client, found).error) == ("failed", "States.Timeout")
    job = client("sagemaker").describe_training_job(TrainingJobName="sdk-endless")
    assert job["TrainingJobStatus"] in ("Stopping", "Stopped")


def test_stopping_the_run_stops_its_job(runner, shell_request, client):  # noqa: F811
    job = training(shell_request("sdk-left-alone", "sleep 600"))
    states = polled_jobs.states("Job", job, next_state="Good", on_error="Good")
    execution = runner.start({"StartAt": "Job", "States": {**states, "Good": ENDS["Good"]}}, POLLING)
    while not client("sagemaker").list_training_jobs(NameContains="sdk-left-alone")["TrainingJobSummaries"]:
        time.sleep(0.1)
    machine, _, name = execution.replace(":execution:", ":stateMachine:").rpartition(":")
    session = SimpleNamespace(client=client, output={"StateMachineArn": machine}.get)
    assert [stopped.name for stopped in executions.stop(session, name, reason="enough")] == ["sdk-left-alone"]
    status = client("sagemaker").describe_training_job(TrainingJobName="sdk-left-alone")["TrainingJobStatus"]
    assert status in ("Stopping", "Stopped")
    assert executions.stop(session, name, reason="again") == []


def test_a_hyperband_search_is_made_with_all_its_fields(ended, training_request):  # noqa: F811
    trial = training_request("sdk-trial", 'print("validation:accuracy=0.5;")')
    del trial["TrainingJobName"]
    trial["StaticHyperParameters"] = trial.pop("HyperParameters")
    search = {
        "HyperParameterTuningJobName": "sdk-search",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Hyperband",
            "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}},
            "RandomSeed": 1,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 120,
            },
            "ParameterRanges": RANGES,
            "TrainingJobEarlyStoppingType": "Off",
        },
        "TrainingJobDefinition": trial,
    }  # fmt: skip
    found = ended(PolledJob("HyperParameterTuningJob", {"Job": Creation(search, "search")}, 60))
    assert found["status"] == "SUCCEEDED", found.get("cause")
    assert json.loads(found["output"])["described"]["BestTrainingJob"]["TunedHyperParameters"]["lr"]


def test_a_sync_job_whose_state_timed_out_is_found_and_stopped(runner, shell_request, client):  # noqa: F811
    request = shell_request("sync-late-0612-0", "sleep 600")
    made = task(
        TRAINING_JOB,
        request,
        comment="train",
        timeout=2,
        next_state="Good",
        on_error="Bad",
        on_timeout=stop_on_timeout.entry("Job"),
    )
    states = stop_on_timeout.states("Job", "TrainingJob", base="$.base", on_error="Bad")
    found = runner.wait(
        runner.start({"StartAt": "Job", "States": {"Job": made, **states, **ENDS}}, {"base": "sync-late"})
    )
    assert (found["status"], found["error"]) == ("FAILED", "States.Timeout")
    job = client("sagemaker").describe_training_job(TrainingJobName="sync-late-0612-0")
    assert job["TrainingJobStatus"] in ("Stopping", "Stopped")
