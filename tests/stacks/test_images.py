"""The sources of images, and the image build: its script runs here with fake tools."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import config
from config.base import ConfigError
from config.platform import ImagesConfig
from lambdas.build_images.answer import answer, build_variables
from stacks.constructs.container_image import stock_training_image
from tests.stacks.assemblies import properties, synthesize

PROJECT = "AWS::CodeBuild::Project"
EVENT = {
    "RequestType": "Create",
    "ResponseURL": "http://localhost/answer",
    "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/1",
    "RequestId": "r-1",
    "LogicalResourceId": "Images",
}

AWS = """#!/bin/sh
case "$*" in
  *get-login-password*) echo password;;
  *imageDetails*) echo sha256:1234;;
  *describe-images*) test -n "$ALREADY_THERE";;
esac
"""
DOCKER = """#!/bin/sh
case "$1" in login) cat > /dev/null;; build) echo "$@" >> "$DOCKER_LOG"; test -z "$BUILD_FAILS";; esac
"""


def given(tmp_path: Path, **images: Any) -> dict[str, dict[str, Any]]:
    """Stack role -> template, for the dev environment with other images."""
    settings = config.load("dev").model_copy(update={"images": ImagesConfig(**images)})
    folder = synthesize(settings, tmp_path, rule_packs=False)
    return {
        path.name.split("-")[2].split(".")[0]: json.loads(path.read_text()) for path in folder.glob("*.template.json")
    }


def parameters(template: dict[str, Any]) -> list[Any]:
    return [
        item["Properties"]["Value"] for item in template["Resources"].values() if item["Type"] == "AWS::SSM::Parameter"
    ]


def test_training_uses_the_stock_image_for_its_instance_type() -> None:
    (machine,) = properties("prod", "AWS::StepFunctions::StateMachine")
    image = machine["DefinitionSubstitutions"]["TrainingImage"]
    assert image == "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"


def test_the_jobs_image_is_based_on_the_cpu_image() -> None:
    (project,) = properties("prod", PROJECT)
    values = {item["Name"]: item["Value"] for item in project["Environment"]["EnvironmentVariables"]}
    assert values["TRAINING_IMAGE"].endswith("/pytorch:2.13-cpu-amzn2023-sagemaker")


def test_other_regions_have_their_images_in_other_accounts() -> None:
    image = stock_training_image(cdk.Stack(), "eu-south-1", "2.13", "ml.m5.large")
    assert image.uri == "692866216735.dkr.ecr.eu-south-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker"
    assert image.repository_arn.endswith(":ecr:eu-south-1:692866216735:repository/pytorch")


def test_given_images_need_no_build(tmp_path: Path) -> None:
    uri = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/mine@sha256:1234"
    found = given(tmp_path, source="uri", jobs_uri=uri, serving_uri=uri)
    assert {item["Type"] for item in found["Images"]["Resources"].values()} == {"AWS::SSM::Parameter"}
    assert "arn:aws:ecr:eu-west-1:210987654321:repository/mine" in json.dumps(found["Serving"])


def test_an_image_that_sagemaker_could_not_pull_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"docker\.io/mine:1.*push the image there"):
        given(tmp_path, source="uri", jobs_uri="docker.io/mine:1", serving_uri="docker.io/mine:1")


def test_docker_images_are_assets_of_both_targets(tmp_path: Path) -> None:
    given(tmp_path, source="docker")
    assets = json.loads((tmp_path / "Kennel-Dev-Images.assets.json").read_text())["dockerImages"]
    assert {item["source"]["dockerBuildTarget"] for item in assets.values()} == {"jobs", "serving"}


def test_the_build_context_contains_what_the_dockerfile_copies(tmp_path: Path) -> None:
    given(tmp_path, source="docker")
    context = tmp_path / "staging" / "Kennel-Dev-Images" / "images"
    lines = (context / "Dockerfile").read_text().splitlines()
    copied = [
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    ]
    assert copied and all((context / name).exists() for name in copied)


Receiver = tuple[str, list[dict[str, Any]]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The ResponseURL of a custom resource, and the answers that were sent to it."""
    arrived: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer", arrived
    server.shutdown()
    server.server_close()


def run_build(folder: Path, url: str, **variables: str) -> list[str]:
    """Run the phases of the build as CodeBuild does. Returns the arguments of every `docker build`."""
    tools = folder / "bin"
    tools.mkdir()
    for name, script in (("aws", AWS), ("docker", DOCKER)):
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    (project,) = properties("prod", PROJECT)
    phases = json.loads(_plain(project["Source"]["BuildSpec"]))["phases"]
    environment = {
        **{item["Name"]: _plain(item["Value"]) for item in project["Environment"]["EnvironmentVariables"]},
        **{item["name"]: item["value"] for item in build_variables({**EVENT, "ResponseURL": url})},
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "DOCKER_LOG": str(folder / "docker.log"),
        "CODEBUILD_BUILD_URL": "https://console/build/1",
        "no_proxy": "127.0.0.1",
        **variables,
    }
    succeeding = True
    assert list(phases) == ["build", "post_build"], "post_build is skipped after any other phase that failed"
    for name in phases:
        for command in phases[name]["commands"]:
            environment["CODEBUILD_BUILD_SUCCEEDING"] = str(int(succeeding))
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, check=False)
            if done.returncode:
                succeeding = False
                break
    log = folder / "docker.log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_build_builds_both_targets_and_reports_digests(tmp_path: Path, receiver: Receiver) -> None:
    url, arrived = receiver
    built = run_build(tmp_path, url)
    assert ["--target jobs" in line or "--target serving" in line for line in built] == [True, True]
    (document,) = arrived
    assert document["Status"] == "SUCCESS"
    assert {key: document[key] for key in ("StackId", "RequestId", "LogicalResourceId")} == {
        key: EVENT[key] for key in ("StackId", "RequestId", "LogicalResourceId")
    }
    assert all(value.endswith("@sha256:1234") for value in document["Data"].values())
    assert set(document["Data"]) == {"Jobs", "Serving"}


def test_an_existing_image_is_not_built_again(tmp_path: Path, receiver: Receiver) -> None:
    url, arrived = receiver
    assert run_build(tmp_path, url, ALREADY_THERE="1") == []
    assert arrived[0]["Status"] == "SUCCESS"


def test_a_failed_build_reports_once_and_names_its_log(tmp_path: Path, receiver: Receiver) -> None:
    url, arrived = receiver
    run_build(tmp_path, url, BUILD_FAILS="1")
    (document,) = arrived
    assert document["Status"] == "FAILED"
    assert "https://console/build/1" in document["Reason"]


def test_function_and_build_answer_for_the_same_resource() -> None:
    variables = {item["name"]: item["value"] for item in build_variables(EVENT)}
    assert variables["PHYSICAL_ID"] == answer(EVENT)["PhysicalResourceId"]
    failed = answer(EVENT, error="no" * 1000)
    assert failed["Status"] == "FAILED" and len(json.dumps(failed)) < 4096


def _plain(value: Any) -> str:
    """A template's text with placeholder values for its references."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(_plain(item) for item in value["Fn::Join"][1])
    return "registry/" + next(iter(value.values()))[0].lower() if "Fn::GetAtt" in value else "reference"
