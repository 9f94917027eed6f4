"""Whether SageMaker could pull an image: what CreateModel and the jobs refuse."""

from __future__ import annotations

import fnmatch
import re

from botocore.exceptions import ClientError

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.validation import validation_error

DOCKER_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_URI = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[^.]+)\.[^/]+/(?P<repository>[^:@]+)(?P<version>[:@].+)?")


def check_image(cloud: Cloud, image: str, role: str | None) -> None:
    """Refuse an image of the account's own registry that is not there, or is in a format that SageMaker cannot read.

    Images that the caller's table gives, and those of other registries, are taken as there.
    """
    match = _URI.fullmatch(image)
    if not match or match["account"] != cloud.account_id or _is_given(cloud, image):
        return
    version = match["version"] or ":latest"
    wanted = {"imageDigest": version[1:]} if version.startswith("@") else {"imageTag": version[1:]}
    ecr = cloud.client("ecr", role)
    try:
        found = ecr.batch_get_image(repositoryName=match["repository"], imageIds=[wanted])["images"]
    except ClientError as error:
        raise _missing(image) from error
    if not found:
        raise _missing(image)
    if found[0]["imageManifestMediaType"] not in DOCKER_MANIFESTS:
        raise validation_error(
            f"Unsupported manifest media type {found[0]['imageManifestMediaType']} for image {image}. "
            "Ensure that valid manifest media type is used for specified image."
        )


def _is_given(cloud: Cloud, image: str) -> bool:
    return any(row.given and fnmatch.fnmatchcase(image, row.pattern) for row in cloud.images)


def _missing(image: str) -> AwsError:
    return validation_error(f"Requested image {image} not found.")
