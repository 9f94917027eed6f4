"""sagemaker:* tasks against a SageMaker whose answers are scripted by each test."""

import json

import pytest

from localcloud.errors import AwsError

JOBS = "arn:aws:states:::sagemaker:createTransformJob.sync"
PARAMETERS = {
    "TransformJobName.$": "$.name",
    "ModelName": "model",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}},
    "TransformOutput": {"S3OutputPath": "s3://b/out"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


class ScriptedJobs:
    """Transform jobs whose status goes through a list, one step per Describe."""

    def __init__(self, application):
        self.statuses = {}
        self.refusals = []
        self.created, self.stopped = [], []
        for name in ("Create", "Describe", "Stop"):
            function = getattr(self, name.lower())
            application.operation("sagemaker", f"{name}TransformJob", function)

    def create(self, parameters):
        if self.refusals:
            raise self.refusals.pop(0)
        self.created.append(parameters)
        return {"TransformJobArn": f"arn:{parameters['TransformJobName']}"}

    def describe(self, parameters):
        statuses = self.statuses.get(parameters["TransformJobName"], ["Completed"])
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        answer = {
            "TransformJobName": parameters["TransformJobName"],
            "TransformJobStatus": status,
            "CreationTime": 1795181956.5,
        }
        return {**answer, "FailureReason": "ValueError: no"} if status == "Failed" else answer

    def stop(self, parameters):
        self.stopped.append(parameters["TransformJobName"])
        self.statuses[parameters["TransformJobName"]] = ["Stopped"]


@pytest.fixture
def jobs(runner):
    return ScriptedJobs(runner.cloud.app)


@pytest.fixture
def task(one):
    def machine(**state):
        return one(Type="Task", Resource=JOBS, Parameters=PARAMETERS, **state)

    return machine


def test_sync_waits_and_returns_the_description(runner, jobs, task):
    jobs.statuses["j"] = ["InProgress", "Completed"]
    execution = runner.start(
        task(ResultSelector={"s.$": "$.TransformJobStatus", "t.$": "$.CreationTime"}), {"name": "j"}
    )
    assert json.loads(runner.wait(execution)["output"]) == {"s": "Completed", "t": 1795181956500}
    assert runner.event_types(execution) == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    scheduled = runner.events(execution)[2]["taskScheduledEventDetails"]
    assert (scheduled["resourceType"], scheduled["resource"]) == ("sagemaker", "createTransformJob.sync")
    assert json.loads(scheduled["parameters"])["TransformJobName"] == "j"


def test_without_sync_the_answer_of_create_is_the_result(runner, jobs, one):
    machine = one(Type="Task", Resource=JOBS.removesuffix(".sync"), Parameters=PARAMETERS)
    assert runner.output(machine, {"name": "j"}) == {"TransformJobArn": "arn:j"}


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_ends_badly_is_task_failed_with_the_description(runner, jobs, task, status):
    jobs.statuses["j"] = [status]
    failed = runner.run(task(), {"name": "j"})
    assert failed["error"] == "States.TaskFailed"
    cause = json.loads(failed["cause"])
    assert cause["TransformJobStatus"] == status
    assert (cause.get("FailureReason") == "ValueError: no") is (status == "Failed")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ResourceInUse", "SageMaker.ResourceInUseException"),
        ("ResourceLimitExceeded", "SageMaker.ResourceLimitExceededException"),
        ("ThrottlingException", "SageMaker.AmazonSageMakerException"),
        ("ValidationException", "SageMaker.AmazonSageMakerException"),
    ],
)
def test_errors_of_the_service(runner, jobs, task, code, name):
    jobs.refusals = [AwsError(code, "not today")]
    execution = runner.start(task(), {"name": "j"})
    failed = runner.wait(execution)
    assert failed["error"] == name
    assert failed["cause"].startswith("not today (Service: AmazonSageMaker; Status Code: 400; Error Code: " + code)
    assert runner.event_types(execution)[-2:] == ["TaskSubmitFailed", "ExecutionFailed"]


def test_throttling_is_retried_and_the_name_can_contain_the_count(runner, jobs, one):
    jobs.refusals = [AwsError("ThrottlingException", "Rate exceeded")]
    parameters = {**PARAMETERS, "TransformJobName.$": "States.Format('{}-{}', $.name, $$.State.RetryCount)"}
    retry = [{"ErrorEquals": ["SageMaker.AmazonSageMakerException"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    output = runner.output(one(Type="Task", Resource=JOBS, Parameters=parameters, Retry=retry), {"name": "j"})
    assert output["TransformJobName"] == "j-1"
    assert len(jobs.created) == 1


def test_a_task_that_times_out_leaves_its_job_running_and_can_be_caught(runner, jobs, task):
    jobs.statuses["slow"] = ["InProgress"]
    machine = task(TimeoutSecondsPath="$.limit", Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Late"}])
    machine["States"]["Late"] = {"Type": "Pass", "End": True}
    execution = runner.start(machine, {"name": "slow", "limit": 1})
    assert json.loads(runner.wait(execution)["output"]) == {"Error": "States.Timeout", "Cause": ""}
    assert jobs.stopped == []
    assert "TaskTimedOut" in runner.event_types(execution)


def test_an_execution_that_times_out_leaves_its_job_running(runner, jobs, task):
    jobs.statuses["late"] = ["InProgress"]
    execution = runner.start({**task(), "TimeoutSeconds": 1}, {"name": "late"})
    assert runner.wait(execution)["status"] == "TIMED_OUT"
    assert jobs.stopped == []


def test_stopping_the_execution_stops_the_job(runner, jobs, task):
    jobs.statuses["long"] = ["InProgress"]
    execution = runner.start(task(), {"name": "long"})
    runner.until(execution, "TaskSubmitted")
    runner.states.stop_execution(executionArn=execution)
    assert jobs.stopped == ["long"]
    assert runner.wait(execution)["status"] == "ABORTED"


def test_a_failing_branch_stops_the_jobs_of_the_others(runner, jobs, task, one):
    jobs.statuses["long"] = ["InProgress"]
    bad = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "Bad"}, "Bad": {"Type": "Fail"}}}
    machine = one(Type="Parallel", Branches=[bad, task()])
    machine["States"] = {"Both": machine["States"].pop("A")}
    machine["StartAt"] = "Both"
    assert runner.run(machine, {"name": "long"})["status"] == "FAILED"
    assert jobs.stopped == ["long"]


def test_wrong_values_fail_before_the_call_is_made(runner, jobs, task):
    failed = runner.run(task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "A"}]), {"name": 7})
    assert failed["error"] == "States.Runtime"
    assert (
        'could not be used to start the Task: [The value for the field "TransformJobName" must be a STRING]'
        in (failed["cause"])
    )
    assert jobs.created == []


def test_forty_jobs_at_once(runner, jobs, task, one):
    jobs.statuses.update({f"j{n}": ["InProgress", "Completed"] for n in range(40)})
    machine = one(
        Type="Map",
        ItemsPath="$.names",
        ItemSelector={"name.$": "$$.Map.Item.Value"},
        ItemProcessor={"StartAt": "T", "States": {"T": task()["States"]["A"]}},
        ResultSelector={"count.$": "States.ArrayLength($)"},
    )
    assert runner.output(machine, {"names": [f"j{n}" for n in range(40)]}) == {"count": 40}
