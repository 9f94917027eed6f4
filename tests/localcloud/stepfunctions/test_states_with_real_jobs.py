"""createProcessingJob.sync with jobs that really run."""

import json
import sys

import pytest

JOB = "arn:aws:states:::sagemaker:createProcessingJob.sync"


@pytest.fixture
def task(one):
    def machine(code, **state):
        parameters = {
            "ProcessingJobName.$": "States.Format('{}-{}', $$.Execution.Name, $$.State.RetryCount)",
            "RoleArn": "arn:aws:iam::123456789012:role/jobs",
            "AppSpecification": {"ImageUri": "job:1", "ContainerEntrypoint": [sys.executable, "-c", code]},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        }
        return one(Type="Task", Resource=JOB, Parameters=parameters, **state)

    return machine


def test_a_job_that_succeeds_returns_its_description(runner, task):
    output = runner.output(task("print('done')"))
    assert output["ProcessingJobStatus"] == "Completed"
    assert output["AppSpecification"]["ImageUri"] == "job:1"


def test_a_job_that_raises_fails_the_task_with_the_reason(runner, task):
    failed = runner.run(task("raise ValueError('no images')"))
    assert failed["error"] == "States.TaskFailed"
    assert "no images" in json.loads(failed["cause"])["FailureReason"]


def test_stopping_the_execution_stops_the_job(runner, task):
    execution = runner.start(task("import time; time.sleep(60)"))
    runner.until(execution, "TaskSubmitted")
    runner.states.stop_execution(executionArn=execution)
    name = f"{execution.rpartition(':')[2]}-0"
    job = runner.cloud.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    assert job["ProcessingJobStatus"] in ("Stopping", "Stopped")
