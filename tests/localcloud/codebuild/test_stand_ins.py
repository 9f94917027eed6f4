"""The stand-ins for `docker` and `aws`: what they make, and that they fail as the real ones fail."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from .conftest import HOST, LOGIN, PLAIN, Room

DOCKERFILE = """\
ARG BASE=python:3.12
ARG OTHER=scratch
FROM ${BASE} AS packages
RUN pip install \\
    something
FROM packages AS serving
# A comment
COPY serve.py lib /opt/
FROM ${OTHER} AS jobs
COPY missing.txt /opt/
"""
FILES = {"Dockerfile": DOCKERFILE, "serve.py": "print(1)", "lib/a.py": "", "unused.py": "1"}
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def pushed(
    room: Room, files: dict[str, str] = FILES, flags: str = "--target serving", build: str = PLAIN
) -> dict[str, Any]:
    """The image that a build pushed to a new repository."""
    name = room.repository()
    uri = f"{HOST}/{name}:1"
    ended = room.run({"build": [LOGIN, f"{build} {flags} -t {uri} .", f"docker push {uri}"]}, files)
    assert ended["buildStatus"] == "SUCCEEDED", room.log(ended)
    (image,) = room.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "1"}])["images"]
    return {**image, "uri": uri}


def refused(room: Room, *commands: str, files: dict[str, str] = FILES, **fields: Any) -> str:
    """What the last command, which failed, printed."""
    ended = room.run({"build": list(commands)}, files, **fields)
    assert ended["buildStatus"] == "FAILED", room.log(ended)
    failed = next(phase for phase in ended["phases"] if phase["phaseType"] == "BUILD")
    assert commands[-1] in failed["contexts"][0]["message"], room.log(ended)
    return room.printed(ended)[-1]


def test_the_digest_depends_on_what_goes_in_and_on_nothing_else(room: Room) -> None:
    first = pushed(room)["imageId"]["imageDigest"]
    assert pushed(room)["imageId"]["imageDigest"] == first
    assert pushed(room, {**FILES, "unused.py": "2"})["imageId"]["imageDigest"] == first
    assert pushed(room, {**FILES, "lib/a.py": "2"})["imageId"]["imageDigest"] != first
    assert pushed(room, flags="--target serving --build-arg BASE=python:3.13")["imageId"]["imageDigest"] != first


@pytest.mark.parametrize(
    ("build", "media_type"),
    [
        (PLAIN, DOCKER),
        ("docker buildx build --provenance=false --output=type=docker", DOCKER),
        ("docker build --provenance=false --output type=docker,dest=-", DOCKER),
        ("docker build --provenance=false", "application/vnd.oci.image.manifest.v1+json"),
        ("docker build --output type=docker", "application/vnd.oci.image.index.v1+json"),
        ("docker build", "application/vnd.oci.image.index.v1+json"),
    ],
)
def test_only_dockers_own_manifest_is_what_sagemaker_takes(room: Room, build: str, media_type: str) -> None:
    image = pushed(room, build=build)
    assert json.loads(image["imageManifest"])["mediaType"] == media_type
    request = {
        "ModelName": f"m-{image['imageId']['imageDigest'][7:17]}-{abs(hash(build))}",
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/hosting",
        "PrimaryContainer": {"Image": image["uri"]},
    }
    sagemaker = boto3.client("sagemaker")
    if media_type == DOCKER:
        sagemaker.create_model(**request)
    else:
        sentence = f"Unsupported manifest media type {re.escape(media_type)} for image"
        with pytest.raises(ClientError, match=sentence):
            sagemaker.create_model(**request)


def test_an_immutable_tag_is_not_pushed_again_with_other_content(room: Room) -> None:
    uri = f"{HOST}/{room.repository()}:1"
    again = [f"{PLAIN} --target serving -t {uri} .", f"docker push {uri}"]
    change = "echo 'print(2)' > serve.py"
    assert "cannot be overwritten because the tag is immutable" in refused(room, LOGIN, *again, change, *again)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("docker push {uri}", "An image does not exist locally with the tag"),
        (f"{PLAIN} --target nothing .", 'target stage "nothing" could not be found'),
        (f"{PLAIN} --target jobs .", '"/missing.txt": not found'),
        (f"{PLAIN} --target serving --build-arg BASE= .", "base name (${BASE}) should not be blank"),
        (f"{PLAIN} -f Other .", "failed to read dockerfile"),
        (f"{PLAIN} elsewhere", "path 'elsewhere' not found"),
        (f"{PLAIN} --squeeze .", "See 'docker build --help'."),
        (f"{PLAIN} --target serving --build-arg BASE={HOST}/nothing:1 .", "does not exist in the registry with id"),
        ("docker run something", "localcloud does not emulate `docker run`"),
        (f"echo wrong | docker login -u AWS --password-stdin {HOST}", "failed with status: 400 Bad Request"),
        (f"docker login -u AWS --password-stdin {HOST} < /dev/null", "Error: Password Empty"),
    ],
)
def test_docker_fails_as_docker_fails(room: Room, command: str, sentence: str) -> None:
    uri = f"{HOST}/{room.repository()}:1"
    assert sentence in refused(room, LOGIN, command.format(uri=uri) if "{uri}" in command else command)


def test_a_registry_wants_a_login_before_a_pull_and_before_a_push(room: Room) -> None:
    uri = f"{HOST}/{room.repository()}:1"
    base = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13"
    build = f"{PLAIN} --target serving -t {uri} ."
    assert "no basic auth credentials" in refused(room, f"{build} --build-arg BASE={base}")
    assert "no basic auth credentials" in refused(room, build, f"docker push {uri}")
    other = LOGIN.replace(HOST, base.split("/")[0])
    assert room.run({"build": [other, f"{build} --build-arg BASE={base}"]}, FILES)["buildStatus"] == "SUCCEEDED"


def test_a_repository_that_is_missing_is_not_made(room: Room) -> None:
    uri = f"{HOST}/nowhere:1"
    sentence = refused(room, LOGIN, f"{PLAIN} --target serving -t {uri} .", f"docker push {uri}")
    assert "name unknown: The repository with name 'nowhere' does not exist in the registry" in sentence


def test_docker_needs_a_privileged_project(room: Room) -> None:
    environment = {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"}
    assert "Cannot connect to the Docker daemon" in refused(room, "docker build .", environment=environment)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            "ecr batch-get-image --repository-name NAME --image-ids imageTag=no --query 'length(images)' --output text",
            "0",
        ),
        ("ssm put-parameter --name /a --value 1 --type String --overwrite --query Version", "1"),
        (
            "ecr describe-repositories --repository-names NAME --query repositories[].repositoryName --output text",
            "NAME",
        ),
        ("sts get-caller-identity --query Account", '"123456789012"'),
    ],
)
def test_aws_calls_the_cloud(room: Room, command: str, line: str) -> None:
    name = room.repository()
    build = room.run({"build": [f"aws {command}".replace("NAME", name)]})
    assert room.printed(build) == [line.replace("NAME", name)]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("aws ecr describe-images --repository-name missing", 254),
        ("aws ecr describe-images --wrong x", 252),
        ("aws ecr paint-images", 252),
        ("aws nothing list-things", 252),
        ("aws s3 cp a b c", 252),
    ],
)
def test_aws_ends_with_the_codes_of_the_cli(room: Room, command: str, code: int) -> None:
    build = room.run({"build": [command]})
    failed = next(phase for phase in build["phases"] if phase["phaseType"] == "BUILD")
    assert failed["contexts"][0]["message"].endswith(f"exit status {code}")
