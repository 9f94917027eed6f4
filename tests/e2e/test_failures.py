"""Failures are as real as successes: the reason reaches the execution and the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from imgcls.contract import metrics


def test_corrupt_files_fail_the_run_with_the_reason(deployed):
    s3, bucket = deployed.client("s3"), deployed.session.output("DataBucket")
    for name in ("cats", "dogs"):
        for index in range(12):
            s3.put_object(
                Bucket=bucket, Key=f"datasets/broken/{name}/{index}.jpg", Body=b"\xff\xd8 cut short" + bytes([index])
            )
    run = deployed.run("--model", "cat-dog-classifier", "--dataset", "broken", "--replace-labels")
    assert run["status"] == "FAILED"
    assert "24 of 24 files are unusable" in run["cause"]
    shown = deployed.kennel("pipeline", "show", run["name"]).stdout
    assert "24 of 24 files are unusable" in " ".join(shown.split())


def test_a_training_script_that_raises_names_its_reason(deployed, cats_dogs):
    """Weights that decay by more than all of themselves blow up: the script sees it and stops."""
    settings = ("lr=10", "weight-decay=1", "optimizer=sgd", "warmup-epochs=0", "epochs=10")
    run = deployed.run("--model", "cat-dog-classifier", *(part for item in settings for part in ("--set", item)))
    assert run["status"] == "FAILED"
    assert "loss" in run["cause"]
    shown = deployed.kennel("pipeline", "show", run["name"]).stdout
    assert "loss" in shown
    # The rule that saw it is a metric that an alarm watches, and a part of what people are told.
    assert counted(deployed, metrics.RULE, "non-finite-loss") == 1
    assert counted(deployed, metrics.ABOUT, "learning") >= 1
    assert "non-finite-loss" in json.loads(run["cause"])[0]["findings"]


def counted(deployed, dimension, value):
    """How often a rule, or the rules about something, have fired so far."""
    now = datetime.now(UTC)
    points = deployed.client("cloudwatch").get_metric_statistics(
        Namespace=metrics.NAMESPACE,
        MetricName=metrics.FINDINGS,
        Dimensions=[{"Name": metrics.ENVIRONMENT, "Value": "kennel-local"}, {"Name": dimension, "Value": value}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def test_a_wrong_input_is_refused_before_anything_is_paid_for(deployed, cats_dogs):
    execution = deployed.client("stepfunctions").start_execution(
        stateMachineArn=deployed.session.output("StateMachineArn"),
        name="wrong-input",
        input=json.dumps({"modles": ["cat-dog-classifier"]}),
    )["executionArn"]
    run = json.loads(deployed.kennel("pipeline", "watch", "wrong-input", "--json", check=False).stdout)
    assert execution == run["arn"]
    assert run["status"] == "FAILED"
    assert "modles" in run["cause"]
    assert not [visit for visit in run["visits"] if visit["job"]]


def test_a_missing_data_set_says_how_to_upload_it(deployed):
    run = deployed.run("--model", "cat-dog-classifier", "--dataset", "nowhere")
    assert run["status"] == "FAILED"
    assert "kennel data upload" in run["cause"]


def test_an_operation_that_is_not_emulated_says_so(deployed):
    with pytest.raises(ClientError, match="CreateAutoMLJob"):
        deployed.client("sagemaker").create_auto_ml_job(
            AutoMLJobName="job",
            InputDataConfig=[
                {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://a/b"}},
                    "TargetAttributeName": "y",
                }
            ],
            OutputDataConfig={"S3OutputPath": "s3://a/b"},
            RoleArn="arn:aws:iam::123456789012:role/nobody-at-all",
        )


def test_an_unknown_endpoint_is_refused(deployed):
    with pytest.raises(ClientError, match="not found"):
        deployed.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="nobody", Body=b"", TargetModel="a/model.tar.gz"
        )
