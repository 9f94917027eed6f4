"""Amazon ECR as `docker` sees it: hosts, passwords, and which images are there."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

import boto3
from botocore.exceptions import ClientError

HOST = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+")
AMD64 = "linux/amd64"


class RegistryError(Exception):
    """What the registry answers, in the words that `docker` passes on."""


@dataclass(frozen=True)
class Reference:
    """An image's name: `host/repository:tag`, or with `@digest`."""

    host: str
    repository: str
    tag: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        name, _, digest = text.partition("@")
        first, slash, rest = name.partition("/")
        host, path = (first, rest) if slash and ("." in first or ":" in first) else ("docker.io", name)
        repository, _, tag = path.partition(":")
        return cls(host, repository, tag or ("" if digest else "latest"), digest)

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}:{self.tag}"


def is_password(host: str, user: str, password: str) -> bool:
    """Whether ECR takes these for a registry of this region."""
    match = HOST.fullmatch(host)
    client = boto3.client("ecr")
    if not match or match["region"] != client.meta.region_name:
        return False
    (entry,) = client.get_authorization_token()["authorizationData"]
    return base64.b64decode(entry["authorizationToken"]).decode() == f"{user}:{password}"


def digest_of(reference: Reference) -> str:
    """The digest of an image in the account's own registry. Raises RegistryError."""
    wanted = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag}
    try:
        answer = boto3.client("ecr").batch_get_image(repositoryName=reference.repository, imageIds=[wanted])
    except ClientError as error:
        raise RegistryError(_words(error, reference)) from error
    if not answer["images"]:
        raise RegistryError(f"{reference}: not found")
    digest: str = answer["images"][0]["imageId"]["imageDigest"]
    return digest


def put(reference: Reference, manifest: str, media_type: str, digest: str) -> None:
    """Push an image. Raises RegistryError."""
    ecr = boto3.client("ecr")
    try:
        asked = ecr.batch_get_image(repositoryName=reference.repository, imageIds=[{"imageTag": reference.tag}])
        there = [image["imageId"]["imageDigest"] for image in asked["images"]]
        if there == [digest]:
            return  # docker says that its layers exist already
        ecr.put_image(
            repositoryName=reference.repository,
            imageManifest=manifest,
            imageManifestMediaType=media_type,
            imageTag=reference.tag,
            imageDigest=digest,
        )
    except ClientError as error:
        raise RegistryError(_words(error, reference)) from error


def _words(error: ClientError, reference: Reference) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code == "RepositoryNotFoundException":
        account = HOST.fullmatch(reference.host)
        registry = account["account"] if account else ""
        return (
            f"name unknown: The repository with name '{reference.repository}' does not exist in the registry with id "
            f"'{registry}'"
        )
    # moto has the second code for the first.
    if code in ("ImageTagAlreadyExistsException", "ImageAlreadyExistsException"):
        return (
            f"tag invalid: The image tag '{reference.tag}' already exists in the '{reference.repository}' repository "
            "and cannot be overwritten because the tag is immutable."
        )
    return f"denied: {message}"
