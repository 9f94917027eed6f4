"""The pipeline's job definitions on three instances of the local cloud and on one prepare the same data set."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.platform import NetworkConfig
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.run_plan import PLAN_FILE
from localcloud import ImageCommand, LocalCloud
from tests.imgcls.preparation import defects
from tests.pipeline.harness import Runner
from tests.pipeline.services import VALUES
from tests.pipeline.variants import variant

MODEL_CODE = Path(__file__).parents[3] / "model_code"
MODEL = "dog-breed-classifier-mobile"
JOBS = ("PrepareDataset", "MergeManifest")


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(images=[ImageCommand("*", "processing", given=True)], max_jobs=3) as running:
        yield running


@pytest.fixture
def network(cloud: LocalCloud) -> NetworkConfig:
    """One that exists."""
    ec2 = cloud.cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in range(2)
    ]
    group = ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="jobs")["GroupId"]
    return NetworkConfig(vpc_id=vpc, subnet_ids=tuple(subnets), security_group_ids=(group,))


def definitions(instances: int, network: NetworkConfig) -> list[dict[str, Any]]:
    """CreateProcessingJob requests as the state machine sends them."""
    settings = variant(preparation={"instance_count": instances}, network=network)
    found = Runner(settings).run({"models": [MODEL]})
    return [request for state in JOBS for request in found.calls.get(state, [])]


def fill(s3: Any, source: Path, requests: list[dict[str, Any]]) -> None:
    """Put the data set, the plan and the code where the first job looks for them."""
    uris = {item["InputName"]: item["S3Input"]["S3Uri"] for item in requests[0]["ProcessingInputs"]}
    buckets = {uri.split("/")[2] for uri in uris.values()}
    buckets |= {item["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].split("/")[2] for item in requests}
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(MODEL_CODE / "prepare.py", "prepare.py")
        tar.add(MODEL_CODE / "imgcls", "imgcls", filter=lambda item: None if "__pycache__" in item.name else item)
    plan = json.dumps({"dataset": DatasetSettings(max_quarantined=0.9, max_short_side=64).to_dict()})
    put(s3, uris["code"], archive.getvalue())
    put(s3, uris["plan"] if uris["plan"].endswith(PLAN_FILE) else uris["plan"].rstrip("/") + f"/{PLAN_FILE}", plan)
    for path in source.rglob("*"):
        if path.is_file():
            put(s3, uris["dataset"].rstrip("/") + "/" + path.relative_to(source).as_posix(), path.read_bytes())


def put(s3: Any, uri: str, body: bytes | str) -> None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def run(sagemaker: Any, request: dict[str, Any], name: str) -> dict[str, Any]:
    sagemaker.create_processing_job(**{**request, "ProcessingJobName": name})
    deadline = time.monotonic() + 120
    while (job := sagemaker.describe_processing_job(ProcessingJobName=name))["ProcessingJobStatus"] == "InProgress":
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
    assert job["ProcessingJobStatus"] == "Completed", job
    answer: dict[str, Any] = job
    return answer


def take_prepared(s3: Any, manifest_id: str) -> dict[str, bytes]:
    """Moves the prepared data set out of the bucket."""
    bucket = VALUES["ArtifactsBucket"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="prepared/")["Contents"]]
    assert all(key.startswith(f"prepared/{manifest_id}/") for key in keys)
    found = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    for key in keys:
        s3.delete_object(Bucket=bucket, Key=key)
    return found


def test_three_instances_prepare_what_one_prepares(cloud: LocalCloud, network: NetworkConfig, tmp_path: Path) -> None:
    source = defects.clean_set(tmp_path / "in")
    (source / "train/a/bad.jpg").write_bytes(b"not an image")
    one, three = definitions(1, network), definitions(3, network)
    assert [len(one), len(three)] == [1, 2]
    s3, sagemaker = cloud.cloud.client("s3"), cloud.cloud.client("sagemaker")
    fill(s3, source, three)

    alone = run(sagemaker, one[0], "alone")
    manifest_id = json.loads(alone["ExitMessage"])["manifest_id"]
    by_one = take_prepared(s3, manifest_id)

    run(sagemaker, three[0], "three")
    merged = run(sagemaker, three[1], "merge")
    assert merged["ExitMessage"] == alone["ExitMessage"]
    assert take_prepared(s3, manifest_id) == by_one
    assert any(key.endswith(".bin") for key in by_one), "the training split is packed"
