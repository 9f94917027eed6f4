"""The stock image that trainings run in and our images are based on: whether the registry has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from kennel.preflight.finding import Finding, error, ok, unknown
from kennel.preflight.subject import Subject

URI = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+)"
    r"(?P<kind>[:@])(?P<reference>.+)"
)
PARAMETER = "AWS::SSM::Parameter"
_MISSING = ("ImageNotFoundException", "RepositoryNotFoundException")


def stock(subject: Subject) -> Iterator[Finding]:
    """Every image of another account that the templates name."""
    if subject.local:
        yield unknown("the local cloud pulls no images: it runs commands of this clone in their place")
        return
    for uri in sorted(stock_images(subject)):
        yield _present(subject, uri)


def stock_images(subject: Subject) -> set[str]:
    """URIs of images that this platform does not build."""
    # The Images stack tells every image in use in a parameter of its own.
    values = [str(resource.get("Value", "")) for resource in subject.resolved.of(PARAMETER)]
    return {value for value in values if URI.fullmatch(value)}


def _present(subject: Subject, uri: str) -> Finding:
    match = URI.fullmatch(uri)
    assert match is not None
    ecr = subject.session.client("ecr")
    name = "imageTag" if match["kind"] == ":" else "imageDigest"
    image = {
        "registryId": match["registry"],
        "repositoryName": match["repository"],
        "imageIds": [{name: match["reference"]}],
    }
    try:
        found = _look(ecr, image)
    except ClientError as failure:
        if service_errors.is_denied(failure.response):
            return unknown(f"the registry of {uri} lets nobody look: the first job shows whether the image is there")
        if service_errors.code(failure.response) not in _MISSING:
            raise
        found = False
    if found:
        return ok(f"{uri} is in its registry")
    return error(
        f"{uri} is not in its registry: choose another images.pytorch_version or region, or give images.training_uri"
    )


def _look(ecr: Any, image: dict[str, Any]) -> bool:
    try:
        return bool(ecr.describe_images(**image)["imageDetails"])
    except ClientError as failure:
        # A registry may let others pull, which includes this, and not describe.
        if not service_errors.is_denied(failure.response):
            raise
        return bool(ecr.batch_get_image(**image)["images"])
