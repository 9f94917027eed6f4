"""With the exports of `kennel local env`, the AWS CLI works as against AWS."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time

import pytest

from kennel.workspace import clone

AWS = clone.ROOT / ".venvs" / "awscli" / "bin" / "aws"


@pytest.fixture(scope="module")
def aws(deployed):
    exports = deployed.kennel("local", "env").stdout
    variables = dict(line.removeprefix("export ").split("=", 1) for line in exports.splitlines())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {name: shlex.split(value)[0] if value != "''" else "" for name, value in variables.items()}

    def call(*arguments: str) -> str:
        done = subprocess.run([AWS, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    return call


@pytest.fixture(scope="module")
def execution(aws, deployed, cat_dog_run):
    """An execution started with the AWS CLI, beside those that still run. Not beside another of its model.

    Of two that evaluate at the same time, the slower one would be refused.
    """
    document = {"models": ["cat-dog-classifier"], "hyperparameters": {"cat-dog-classifier": {"epochs": 3}}}
    arn = json.loads(
        aws(
            "stepfunctions", "start-execution",
            "--state-machine-arn", deployed.session.output("StateMachineArn"),
            "--input", json.dumps(document),
        )
    )["executionArn"]  # fmt: skip
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        answer = json.loads(aws("stepfunctions", "describe-execution", "--execution-arn", arn))
        if answer["status"] != "RUNNING":
            return answer
        time.sleep(2)
    pytest.fail(f"{arn} still runs")


def test_s3_ls(aws, deployed, cats_dogs):
    listing = aws("s3", "ls", f"s3://{deployed.session.output('DataBucket')}/datasets/")
    assert "cats-dogs/" in listing


def test_start_execution_ends_succeeded(execution):
    assert execution["status"] == "SUCCEEDED", execution.get("cause")


def test_describe_training_job_and_its_log(aws, execution):
    listed = json.loads(
        aws("sagemaker", "list-training-jobs", "--name-contains", "cat-dog-cla", "--sort-order", "Descending")
    )
    names = [item["TrainingJobName"] for item in listed["TrainingJobSummaries"]]
    job = json.loads(aws("sagemaker", "describe-training-job", "--training-job-name", names[0]))
    assert job["TrainingJobStatus"] == "Completed" and job["HyperParameters"]["epochs"] == "3"
    events = json.loads(
        aws(
            "logs", "filter-log-events",
            "--log-group-name", "/aws/sagemaker/TrainingJobs",
            "--log-stream-name-prefix", names[0],
        )
    )["events"]  # fmt: skip
    assert any("validation:accuracy=" in event["message"] for event in events)


def test_invoke_endpoint(aws, deployed, execution, held_out, tmp_path):
    image, _ = held_out("cats-dogs")[0]
    aws(
        "sagemaker-runtime", "invoke-endpoint",
        "--endpoint-name", deployed.session.output("EndpointName"),
        "--target-model", "cat-dog-classifier/model.tar.gz",
        "--content-type", "application/x-image",
        "--body", f"fileb://{image}",
        str(tmp_path / "answer.json"),
    )  # fmt: skip
    assert set(json.loads((tmp_path / "answer.json").read_text())) == {"cat_probability", "dog_probability"}


def test_get_dashboard(aws, deployed):
    names = [item["DashboardName"] for item in json.loads(aws("cloudwatch", "list-dashboards"))["DashboardEntries"]]
    assert names
    body = json.loads(json.loads(aws("cloudwatch", "get-dashboard", "--dashboard-name", names[0]))["DashboardBody"])
    assert body["widgets"]
