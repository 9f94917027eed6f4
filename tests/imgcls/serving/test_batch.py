"""`kennel batch` in the local cloud with the real serving process: one JSON line per image, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import SERVE
from tiny_artifact import LABELS, picture, write_model
from typer.testing import CliRunner

from imgcls.artifacts.archives import pack
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.serving import ServerSettings
from kennel.cli.app import app
from kennel.cloud import local_record
from kennel.cloud import session as sessions
from kennel.models.batch_results import match
from localcloud import ImageCommand, LocalCloud
from tests.local_records import record_of

ROOT = Path(__file__).parents[3]
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/kennel/serving:local"
ROLE = "arn:aws:iam::123456789012:role/batch"
MODEL, VERSION = "colours", "20261120-1234abcd"
OUTPUTS = {
    "DataBucket": "data",
    "ArtifactsBucket": "artifacts",
    "ServingModel": "serving",
    "BatchRole": ROLE,
    "BatchKey": "arn:aws:kms:us-east-1:123456789012:key/1234",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud in which `colours` is published, with the response format `array`."""
    folder = tmp_path_factory.mktemp("published")
    write_model(folder / "model", name=MODEL, response_format="array")
    pack(folder / "model", folder / "model.tar.gz")
    image = ImageCommand("*/kennel/serving:*", "serving", (sys.executable, SERVE), given=True)
    with LocalCloud(images=[image]) as running:
        s3, sagemaker = running.cloud.client("s3"), running.cloud.client("sagemaker")
        for bucket in ("data", "artifacts"):
            s3.create_bucket(Bucket=bucket)
        target = keys.target_model(MODEL, VERSION)
        s3.upload_file(str(folder / "model.tar.gz"), "artifacts", keys.MODELS + target)
        alias = Alias(name=MODEL, current=target, previous=(), who="test", when="2026-11-20T00:00:00Z", why="test")
        s3.put_object(Bucket="artifacts", Key=keys.alias(MODEL), Body=json.dumps(alias.to_dict()).encode())
        sagemaker.create_model(
            ModelName="serving",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/endpoint",
            EnableNetworkIsolation=True,
            PrimaryContainer={
                "Image": IMAGE,
                "Mode": "MultiModel",
                "ModelDataUrl": "s3://artifacts/models/",
                "Environment": ServerSettings(endpoint_name="kennel-local", max_queue=9).to_environment(),
            },
        )
        yield running


@pytest.fixture
def deployed(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LocalCloud:
    """The command finds this local cloud, with the outputs that its stacks would have."""
    record = record_of(cloud)
    monkeypatch.setattr(local_record, "require", lambda: record)
    monkeypatch.setattr(sessions.Session, "outputs", OUTPUTS)
    return cloud


@pytest.fixture(scope="module")
def endpoint(cloud: LocalCloud) -> str:
    """The endpoint of the documentation's examples, in service."""
    sagemaker, name = cloud.cloud.client("sagemaker"), "kennel-local"
    variant = {"VariantName": "AllTraffic", "ModelName": "serving", "InstanceType": "ml.c7i.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    while (status := sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]) == "Creating":
        time.sleep(0.05)
    assert status == "InService"
    return name


def test_the_documented_python_runs(endpoint: str, tmp_path: Path) -> None:
    """boto3 in four lines, and ImageClassifier, as docs/serving.md shows them."""
    for name in ("dog.jpg", "a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(picture("green"))
    text = (ROOT / "docs" / "serving.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    assert len(blocks) == 2
    target = keys.target_model(MODEL, VERSION)
    code = "\n".join(blocks).replace("dog-breed-classifier/model.tar.gz", target).replace("dog-breed-classifier", MODEL)
    code = code.replace("kennel-prod", endpoint).replace("<artifacts bucket>", "artifacts")
    code += "\nprint(dogs.predict('dog.jpg').label, len(dogs.predict_batch(['a.jpg', 'b.jpg'])))\n"
    # `colours` answers with arrays.
    code = code.replace('answer["Body"].read())["label"]', 'answer["Body"].read())[1] > 0.9')
    variables = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'model_code'}"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "green", "2"], done.stderr


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _images(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(picture("red"))
    (folder / "deep" / "a.jpg").write_bytes(picture("green"))
    (folder / "deep" / "b.png").write_bytes(picture("blue", kind="PNG"))
    (folder / "notes.txt").write_text("not an image")


def test_a_folder_becomes_one_line_per_image(deployed: LocalCloud, tmp_path: Path) -> None:
    _images(tmp_path / "photos")
    output = tmp_path / "answers.jsonl"
    command = ["batch", str(tmp_path / "photos"), "--model", MODEL, "--output", str(output), "--top-k", "2", "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["images"], summary["refused"], summary["status"]) == (3, 0, "Completed")
    lines = _lines(output)
    assert [Path(line["image"]).name for line in lines] == ["a.jpg", "a.jpg", "b.png"]
    assert [line["label"] for line in lines] == list(LABELS)
    assert all(line["model"] == MODEL and len(line["predictions"]) == 2 for line in lines)
    sagemaker = deployed.cloud.client("sagemaker")
    assert [item["ModelName"] for item in sagemaker.list_models()["Models"]] == ["serving"]
    job = sagemaker.describe_transform_job(TransformJobName=summary["job"])
    assert job["TransformResources"]["VolumeKmsKeyId"] == job["TransformOutput"]["KmsKeyId"] == OUTPUTS["BatchKey"]


@pytest.mark.parametrize("from_s3", [False, True])
def test_odd_names_are_answered_under_their_own_name(deployed: LocalCloud, tmp_path: Path, from_s3: bool) -> None:
    names = {"a?x.jpg": "red", "a?y.jpg": "green", "a#1.jpg": "blue", "b: c%20+.jpg": "red", "noext": "green"}
    (tmp_path / "odd" / ".ipynb_checkpoints").mkdir(parents=True)
    for name, colour in {**names, ".ipynb_checkpoints/d.jpg": "red", "._a.jpg": "red"}.items():
        (tmp_path / "odd" / name).write_bytes(picture(colour))
    source = str(tmp_path / "odd")
    if from_s3:
        for name in names:
            path = tmp_path / "odd" / name
            deployed.cloud.client("s3").upload_file(str(path), "data", f"batch/o?dd/{name}")
        source = "s3://data/batch/o?d"
    output = tmp_path / "answers.jsonl"
    result = CliRunner().invoke(app, ["batch", source, "--model", MODEL, "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert {Path(line["image"]).name: line["label"] for line in _lines(output)} == names
    assert from_s3 or "left out: 2 hidden or system files" in result.output


def test_an_image_that_is_refused_says_why_and_stops_no_other(deployed: LocalCloud, tmp_path: Path) -> None:
    s3 = deployed.cloud.client("s3")
    s3.put_object(Bucket="data", Key="datasets/mine/a.jpg", Body=picture("blue"))
    s3.put_object(Bucket="data", Key="datasets/mine/b.jpg", Body=b"hello")
    output = tmp_path / "answers.jsonl"
    result = CliRunner().invoke(app, ["batch", "s3://data/datasets/mine/", "--model", MODEL, "--output", str(output)])
    assert "1 of 2 images have no answer" in str(result.exception)
    good, bad = _lines(output)
    assert (good["image"], good["label"]) == ("s3://data/datasets/mine/a.jpg", "blue")
    assert bad["image"] == "s3://data/datasets/mine/b.jpg"
    assert "not an image of a known format" in bad["error"]


@pytest.mark.parametrize(
    ("source", "arguments", "sentence"),
    [
        ("nowhere", [], "nowhere is not a folder"),
        (".", [], "contains no image"),
        ("s3://other/batch/", [], "cannot be read by the job"),
        ("s3://data/private/", [], "a prefix below s3://data/batch/"),
        ("s3://data/batch/none/", [], "contains no images"),
        ("s3://data/datasets/mine/", ["--instance-type", "ml.x9.large"], "cannot be started"),
        ("s3://data/datasets/mine/", ["--output", "/nowhere/x"], "is not a folder"),
    ],
)
def test_mistakes_are_sentences(
    deployed: LocalCloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    deployed.cloud.client("s3").put_object(Bucket="data", Key="datasets/mine/a.jpg", Body=picture("blue"))
    result = CliRunner().invoke(app, ["batch", source, "--model", MODEL, *arguments])
    assert result.exit_code == 1
    assert sentence in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_outputs_find_their_images_wherever_the_service_puts_them() -> None:
    images = ["a.jpg", "deep/a.jpg", "b.jpg"]
    assert match(images, ["a.jpg.out", "deep/a.jpg.out"]) == {"a.jpg": "a.jpg.out", "deep/a.jpg": "deep/a.jpg.out"}
    nested = match(images, ["input/a.jpg.out", "input/deep/a.jpg.out", "stranger.out"])
    assert nested == {"a.jpg": "input/a.jpg.out", "deep/a.jpg": "input/deep/a.jpg.out"}
