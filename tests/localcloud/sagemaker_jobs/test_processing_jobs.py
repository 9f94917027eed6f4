"""Processing jobs: inputs, outputs, messages, and all the ways in which they can end."""

import pytest
from botocore.exceptions import ClientError

from .job_helpers import BUCKET, PROCESSING_IMAGE, ROLE, wait


@pytest.fixture
def processing_request(s3):
    """(name, shell line, fields that differ) -> a CreateProcessingJob request with one input and one output."""

    def make(name, line, **fields):
        s3.put_object(Bucket=BUCKET, Key=f"in/{name}/a.txt", Body=b"input")
        source = {"S3Uri": f"s3://{BUCKET}/in/{name}/", "LocalPath": "/opt/ml/processing/input/data"}
        target = {"S3Uri": f"s3://{BUCKET}/made/{name}", "LocalPath": "/opt/ml/processing/output"}
        return {
            "ProcessingJobName": name,
            "AppSpecification": {
                "ImageUri": PROCESSING_IMAGE,
                "ContainerEntrypoint": ["bash", "-c", line],
            },
            "ProcessingInputs": [
                {"InputName": "data", "S3Input": {**source, "S3DataType": "S3Prefix", "S3InputMode": "File"}}
            ],
            "ProcessingOutputConfig": {
                "Outputs": [{"OutputName": "made", "S3Output": {**target, "S3UploadMode": "EndOfJob"}}]
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "RoleArn": ROLE,
            **fields,
        }

    return make


@pytest.fixture
def run(sagemaker, processing_request):
    def create_and_wait(name, line, **fields):
        sagemaker.create_processing_job(**processing_request(name, line, **fields))
        return wait(lambda: sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")

    return create_and_wait


def keys(s3, prefix):
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def test_a_job_reads_its_inputs_and_uploads_its_outputs(run, s3, client):
    script = """
import json, os, pathlib, sys
source, target, name = sys.argv[1:]
pathlib.Path(target, "deep").mkdir()
pathlib.Path(target, "deep/a.txt").write_text(pathlib.Path(source, "a.txt").read_text().upper())
config = json.loads(pathlib.Path(os.environ["CONFIG"], "processingjobconfig.json").read_text())
assert config["ProcessingJobName"] == name and config["ProcessingInputs"][0]["S3Input"]["LocalPath"] == source
assert json.loads(pathlib.Path(os.environ["CONFIG"], "resourceconfig.json").read_text())["hosts"] == ["algo-1"]
print("converted", source)
"""
    s3.put_object(Bucket=BUCKET, Key="in/converts/convert.py", Body=script.encode())
    job = run(
        "converts",
        "cd /opt/ml/processing/input/data && python3 convert.py $PWD /opt/ml/processing/output converts"
        " && echo -n one file > /opt/ml/output/message",
        Environment={"CONFIG": "/opt/ml/config"},
    )
    assert job["ProcessingJobStatus"] == "Completed", job
    assert job["ExitMessage"] == "one file"
    assert s3.get_object(Bucket=BUCKET, Key="made/converts/deep/a.txt")["Body"].read() == b"INPUT"
    assert job["ProcessingStartTime"] < job["ProcessingEndTime"]
    events = client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix="converts/algo-1-"
    )["events"]
    assert [event["message"] for event in events] == ["converted /opt/ml/processing/input/data"]


def test_python_in_an_entrypoint_is_the_interpreter_of_the_local_cloud(run):
    specification = {
        "ImageUri": PROCESSING_IMAGE,
        "ContainerEntrypoint": ["python3", "-c", "import sys, boto3; assert sys.argv[1:] == ['--x', '1'], sys.argv"],
        "ContainerArguments": ["--x", "1"],
    }
    job = run("interpreter", "", AppSpecification=specification)
    assert job["ProcessingJobStatus"] == "Completed", job


def test_a_failing_entrypoint_fails_the_job_with_its_last_lines_and_uploads_nothing(run, s3):
    line = "echo a > /opt/ml/processing/output/a; echo bye > /opt/ml/output/message; echo 'no such breed' >&2; exit 3"
    job = run("fails", line)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no such breed, exit code: 3"
    assert job["ExitMessage"] == "bye\n"
    assert keys(s3, "made/fails") == []


@pytest.mark.parametrize(("code", "characters"), [(0, 600), (1, 600), (0, 1)])
def test_an_exit_message_that_is_not_utf8_fails_the_job(run, code, characters):
    """A script that cuts its message at 1,024 bytes: the last character may be half of one."""
    message = f"('x' + chr(252) * {characters}).encode()[:1024][:2 * {characters}]"
    script = f"open('/opt/ml/output/message', 'wb').write({message})"
    job = run(f"cut-{code}-{characters}", f'python3 -c "{script}"; exit {code}')
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: The exit message of algo-1 is not UTF-8")
    assert "ExitMessage" not in job


def test_an_entrypoint_that_does_not_exist_fails_the_job(run):
    specification = {"ImageUri": PROCESSING_IMAGE, "ContainerEntrypoint": ["no-such-program"]}
    job = run("no-entrypoint", "", AppSpecification=specification)
    assert job["FailureReason"] == "AlgorithmError: no-such-program: No such file or directory, exit code: 127"


def test_an_input_without_objects_fails_the_job(run):
    source = {"S3Uri": f"s3://{BUCKET}/nothing/", "LocalPath": "/opt/ml/processing/input", "S3DataType": "S3Prefix"}
    job = run("no-input", "true", ProcessingInputs=[{"InputName": "data", "S3Input": source}])
    assert job["FailureReason"] == (
        f"ClientError: Data download failed:S3 key: s3://{BUCKET}/nothing/ matched no files on s3"
    )


def test_a_continuous_output_is_uploaded_while_the_job_runs_and_stop_ends_it(sagemaker, s3, processing_request):
    request = processing_request("continuous", "echo early > /opt/ml/processing/output/a; exec sleep 60")
    request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3UploadMode"] = "Continuous"
    sagemaker.create_processing_job(**request)

    def describe():
        return sagemaker.describe_processing_job(ProcessingJobName="continuous")

    while not keys(s3, "made/continuous"):
        assert describe()["ProcessingJobStatus"] == "InProgress"
    sagemaker.stop_processing_job(ProcessingJobName="continuous")
    assert wait(describe, "ProcessingJobStatus")["ProcessingJobStatus"] == "Stopped"


def test_max_runtime_stops_the_job(run):
    job = run("slow", "exec sleep 60", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Stopped"


def test_names_are_unique_and_bad_requests_are_refused(run, sagemaker, processing_request):
    run("once", "true")
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="processing-job/once"):
        sagemaker.create_processing_job(**processing_request("once", "true"))
    with pytest.raises(ClientError, match="Could not find requested job with name: never-was"):
        sagemaker.describe_processing_job(ProcessingJobName="never-was")
    request = processing_request("bad", "true")
    request["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/data"
    with pytest.raises(ClientError, match="use a path below /opt/ml"):
        sagemaker.create_processing_job(**request)
    request = processing_request("bad", "true")
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 9
    with pytest.raises(ClientError, match=r"does not emulate ClusterConfig\.InstanceCount 9"):
        sagemaker.create_processing_job(**request)
    assert [
        job["ProcessingJobName"]
        for job in sagemaker.list_processing_jobs(NameContains="once", StatusEquals="Completed")[
            "ProcessingJobSummaries"
        ]
    ] == ["once"]
