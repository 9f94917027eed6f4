"""Transform jobs: one answer per object, limits, retries, and all the ways in which they can end."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from .job_helpers import BUCKET, ROLE, archive, wait

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/single:1"
LOG_GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture
def create(sagemaker, s3):
    """(name, objects by name, fields that differ; `container` and `isolated` of the model) -> a started job."""

    def start(name, objects, *, container=None, isolated=False, **fields):
        s3.put_object(Bucket=BUCKET, Key=f"{name}/model.tar.gz", Body=archive({"answer.txt": "borzoi"}))
        for key, body in objects.items():
            s3.put_object(Bucket=BUCKET, Key=f"{name}/in/{key}", Body=body)
        definition = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{name}/model.tar.gz", **(container or {})}
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=definition, EnableNetworkIsolation=isolated
        )
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/in/"}
        request = {
            "TransformJobName": name,
            "ModelName": name,
            "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/plain"},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/{name}/out", "Accept": "application/json"},
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        }
        return sagemaker.create_transform_job(**(request | fields))

    return start


@pytest.fixture
def run(sagemaker, create):
    def create_and_wait(name, objects, **fields):
        create(name, objects, **fields)
        return wait(lambda: sagemaker.describe_transform_job(TransformJobName=name), "TransformJobStatus")

    return create_and_wait


def outputs(s3, name):
    """The job's output objects by their path below the output prefix."""
    listing = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{name}/out/").get("Contents", [])
    return {
        item["Key"].removeprefix(f"{name}/out/"): s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
        for item in listing
    }


def logged(client, prefix):
    events = client("logs").filter_log_events(logGroupName=LOG_GROUP, logStreamNamePrefix=prefix)["events"]
    return [event["message"] for event in events]


def test_every_object_gets_an_output_named_after_it(run, s3, client):
    job = run("answers", {"a.txt": "one", "deep/b.txt": "flaky two"}, container={"Environment": {"FLAVOUR": "model"}})
    assert job["TransformJobStatus"] == "Completed", job
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    found = {name: json.loads(body) for name, body in outputs(s3, "answers").items()}
    assert {name: value["said"] for name, value in found.items()} == {"a.txt.out": "one", "deep/b.txt.out": "flaky two"}
    answer = found["a.txt.out"]
    assert answer["model"] == "borzoi"
    assert answer["headers"] == ["text/plain", "application/json"]
    assert answer["environment"]["SAGEMAKER_BATCH"] == "true"
    assert answer["environment"]["FLAVOUR"] == "model"
    assert "AWS_ENDPOINT_URL" in answer["environment"]
    lines = logged(client, "answers/")
    assert "serving one model" in lines
    assert "[sagemaker logs]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in lines


def test_the_jobs_settings_and_isolation_reach_the_container(run, s3):
    run(
        "settings",
        {"a": "one"},
        container={"Environment": {"FLAVOUR": "model"}},
        isolated=True,
        Environment={"FLAVOUR": "job"},
        MaxConcurrentTransforms=2,
        MaxPayloadInMB=5,
        BatchStrategy="SingleRecord",
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/settings/out/", "AssembleWith": "Line"},
    )
    (body,) = outputs(s3, "settings").values()
    assert body.endswith(b"}\n")
    environment = json.loads(body)["environment"]
    assert environment["FLAVOUR"] == "job"
    assert environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] == "2"
    assert environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "5"
    assert environment["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert "AWS_ENDPOINT_URL" not in environment


def test_a_refused_object_fails_the_job_but_not_the_other_objects(run, s3, client):
    job = run("refuses", {"a": "one", "b": "bad two", "c": "three"})
    assert (job["TransformJobStatus"], job["FailureReason"]) == (
        "Failed",
        "ClientError: See job logs for more information",
    )
    assert set(outputs(s3, "refuses")) == {"a.out", "c.out"}
    where = f"[sagemaker logs]: {BUCKET}/refuses/in/b: "
    lines = logged(client, "refuses/")
    assert [line.removeprefix(where) for line in lines if line.startswith(where)] == [
        "ClientError: 400",
        "Message:",
        '{"message": "no such breed"}',
    ]


def test_a_container_that_keeps_failing_is_an_algorithm_error(run, client):
    job = run("booms", {"a": "boom"}, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert any("Bad HTTP status received from algorithm: 500" in line for line in logged(client, "booms/"))


def test_an_object_above_the_containers_limit_is_not_sent(run, s3, client):
    container = {"Environment": {"MODEST": "1"}}
    job = run("large", {"a": "one", "b": "x" * (1024 * 1024 + 1)}, container=container)
    assert job["FailureReason"].startswith("ClientError")
    assert set(outputs(s3, "large")) == {"a.out"}
    lines = logged(client, "large/")
    assert "[sagemaker logs]: MaxConcurrentTransforms=3, MaxPayloadInMB=1, BatchStrategy=MULTI_RECORD" in lines
    assert f"[sagemaker logs]: {BUCKET}/large/in/b: Too much data for max payload size" in lines


def test_a_container_that_does_not_start_fails_the_job_with_its_last_output(run):
    job = run("no-start", {"a": "one"}, Environment={"FAIL_START": "1"})
    assert job["FailureReason"].startswith("AlgorithmError: The container did not pass the ping health check")
    assert "no such accelerator" in job["FailureReason"]


def test_a_prefix_without_objects_and_a_missing_archive_fail_the_job(run, sagemaker, create, s3):
    assert "matched no files" in run("empty", {})["FailureReason"]
    job = run("no-archive", {"a": "one"}, container={"ModelDataUrl": f"s3://{BUCKET}/nowhere/model.tar.gz"})
    assert job["FailureReason"].startswith("ClientError: Data download failed")


def test_stop_ends_the_job(create, sagemaker):
    create("stops", {"a": "slow", "b": "slow"})
    time.sleep(0.5)
    sagemaker.stop_transform_job(TransformJobName="stops")
    job = wait(lambda: sagemaker.describe_transform_job(TransformJobName="stops"), "TransformJobStatus")
    assert job["TransformJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="is in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="stops")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"DataProcessing": {"JoinSource": "Input"}}, "does not emulate DataProcessing.JoinSource Input: use None"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/c"}}, "does not emulate DataCaptureConfig: leave it out"),
        ({"MaxConcurrentTransforms": 30, "MaxPayloadInMB": 6}, "is 180; it must not be greater than 100"),
        ({"ModelName": "never-was"}, "Could not find model"),
        ({"TransformResources": {"InstanceCount": 2, "InstanceType": "ml.m5.large"}}, "InstanceCount 2: use 1"),
    ],
    ids=["join", "capture", "payload", "model", "instances"],
)
def test_bad_requests_are_refused(create, fields, words, request):
    with pytest.raises(ClientError, match=words):
        create(f"bad-{request.node.callspec.id}", {}, **fields)


def test_a_multi_model_container_is_refused(create):
    with pytest.raises(ClientError, match="is a multi-model container"):
        create("multi", {}, container={"Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/multi/"})


def test_jobs_are_listed_and_names_are_unique(run, sagemaker):
    run("listed", {"a": "one"})
    found = sagemaker.list_transform_jobs(NameContains="listed", StatusEquals="Completed")["TransformJobSummaries"]
    assert [job["TransformJobName"] for job in found] == ["listed"]
    with pytest.raises(ClientError, match="Could not find requested job with name: never-was"):
        sagemaker.describe_transform_job(TransformJobName="never-was")
