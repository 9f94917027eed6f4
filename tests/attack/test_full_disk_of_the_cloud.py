"""A full disk below the local cloud and an evaluation: what was answered is whole, and all goes on once there is room.

Skipped where this machine lets no test mount a small disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgcls.artifacts import archives
from imgcls.contract import evaluation
from imgcls.contract.artifact import ARCHIVE
from tests.attack.small_disk import fill
from tests.imgcls.stripes import draw_splits
from tests.model_code.test_evaluate import run, trained

__all__ = ["trained"]
FULL = "localcloud failed: the disk is full: free some space and call again; what was answered is whole"

S3 = """
import os, sys
from botocore.exceptions import ClientError
from localcloud import LocalCloud
with LocalCloud(root=sys.argv[1]) as running:
    s3 = running.cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="kept", Body=b"old")
    said, answered = [], []
    for key in ("a", "b", "kept"):
        try:
            s3.put_object(Bucket="bucket", Key=key, Body=os.urandom(18_000_000))
            answered.append(key)
        except ClientError as error:
            said.append((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]))
    sizes = {item["Key"]: item["Size"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]}
    read = {key: len(s3.get_object(Bucket="bucket", Key=key)["Body"].read()) for key in sizes}
    files = sum(len(names) for _, _, names in os.walk(os.path.join(sys.argv[1], "s3")))
    print(said, answered, sizes == read, sizes, files)
"""


def test_the_local_clouds_s3(disk: Callable[[int], Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", S3, str(disk(30) / "state")],
        capture_output=True,
        text=True,
        env={**os.environ, "AWS_MAX_ATTEMPTS": "1"},
        check=False,
    )
    assert done.stdout.strip() == (
        "[('InternalError', 500), ('InternalError', 500)] ['a'] True {'a': 18000000, 'kept': 3} 1"
    ), done.stderr


CLOUD = """
import io, json, os, pathlib, sys, tarfile, time, zipfile
from botocore.exceptions import ClientError
from localcloud import ImageCommand, LocalCloud
from tests.localcloud.sagemaker_jobs.job_helpers import BUCKET, PROCESSING_IMAGE, ROLE, wait

root = pathlib.Path(sys.argv[1])

def fill(left):
    free = os.statvfs(root.parent)
    (root.parent / "filler").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - left)))

def packed(text):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("m.py", text)
    return data.getvalue()

def asked(call):
    try:
        return call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]

with LocalCloud(root=root, images=[ImageCommand("*/jobs:*", "processing", given=True)]) as running:
    client = running.cloud.client
    client("s3").create_bucket(Bucket=BUCKET)
    client("s3").put_object(Bucket=BUCKET, Key="in/data", Body=os.urandom(3_000_000))
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for name, code in (("new", "1"), ("used", "'fine'")):
        client("lambda").create_function(
            FunctionName=name, Role=role, Code={"ZipFile": packed(f"def handler(event, context): return {code}")},
            Runtime="python3.12", Handler="m.handler", Timeout=30)
    time.sleep(1)
    invoke = lambda name: lambda: json.loads(client("lambda").invoke(FunctionName=name)["Payload"].read())
    source = {"S3Uri": f"s3://{BUCKET}/in/", "LocalPath": "/opt/ml/processing/input", "S3DataType": "S3Prefix"}
    source["S3InputMode"] = "File"
    output = {"S3Uri": f"s3://{BUCKET}/out/", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}

    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}

    def job(name, script):
        command = [sys.executable, "-c", f"exec({script!r})"]
        client("sagemaker").create_processing_job(
            ProcessingJobName=name, RoleArn=ROLE,
            AppSpecification={"ImageUri": PROCESSING_IMAGE, "ContainerEntrypoint": command},
            ProcessingInputs=[{"InputName": "in", "S3Input": source}],
            ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": output}]},
            ProcessingResources={"ClusterConfig": cluster})
        describe = lambda: client("sagemaker").describe_processing_job(ProcessingJobName=name)
        ended = wait(describe, "ProcessingJobStatus", 40)
        return ended["ProcessingJobStatus"], ended.get("FailureReason", "")

    answers = {"before": asked(invoke("used"))}
    fill(1_000_000)
    answers["input"] = job("input", "1")
    (root.parent / "filler").unlink()
    answers["output"] = job("output", "open('/opt/ml/processing/output/x', 'wb').write(bytes(60_000_000))")
    answers["talk"] = job("talk", "import contextlib, sys\\nf = open('/opt/ml/processing/output/x', 'wb')\\n"
        "with contextlib.suppress(OSError):\\n    while True: f.write(bytes(100_000)); f.flush()\\n"
        "for n in range(20_000): print('x' * 100)\\nsys.exit(3)")
    fill(0)
    answers["used"], answers["new"] = asked(invoke("used")), asked(invoke("new"))
    (root.parent / "filler").unlink()
    answers["later"] = [asked(invoke("used")), asked(invoke("new")), job("later", "1")]
    answers["left"] = [item["Key"] for item in client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    print(json.dumps(answers))
"""


def test_jobs_and_functions_of_the_local_cloud(disk: Callable[[int], Path]) -> None:
    place = disk(30)
    environment = {**os.environ, "TMPDIR": str(place), "AWS_MAX_ATTEMPTS": "1"}
    command = [sys.executable, "-c", CLOUD, str(place / "state")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    assert answers["before"] == "fine"
    assert answers["input"] == ["Failed", f"InternalServerError: {FULL}"]
    status, reason = answers["output"]
    assert status == "Failed" and "No space left on device, exit code: 1" in reason, "it is the job's own error"
    status, reason = answers["talk"]
    assert status == "Failed" and reason.endswith("exit code: 3"), "a job that goes on talking is heard out"
    assert answers["new"] == ["InternalFailure", FULL]
    assert answers["used"] in ("fine", answers["new"]), "a warm environment writes to memory where it has its own files"
    assert answers["later"] == ["fine", 1, ["Completed", ""]], "nothing that failed is in the way"
    assert answers["left"] == ["in/data"], "of failed jobs no output is uploaded"


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_splits(tmp_path_factory.mktemp("splits"))


@pytest.mark.parametrize("left", [0, 40_000, 200_000])
def test_an_evaluation(left: int, splits: Path, trained: Path, disk: Callable[[int], Path], tmp_path: Path) -> None:
    folder = disk(4)
    filler = fill(folder, left)
    code, _, said = run(splits, trained, tmp_path / "full", output=folder / "output")
    output = folder / "output"
    if code:
        assert "the disk is full" in said and "Traceback" not in said
        filler.unlink()
        if (output / ARCHIVE).exists():
            archives.unpack(output / ARCHIVE, tmp_path / "model")
        code, _, _ = run(splits, trained, tmp_path / "again", output=output)
    assert code == 0
    assert evaluation.read(output / evaluation.FILE).artifact_bytes == (output / ARCHIVE).stat().st_size
