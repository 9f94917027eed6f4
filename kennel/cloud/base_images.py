"""Which digest a base image has today: asks Amazon ECR, and public registries by the HTTP API of registries."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from botocore.exceptions import ClientError

from config.base_images import DIGEST
from kennel.errors import KennelError

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.[a-z0-9.-]+/(?P<repository>[^:@]+):(?P<tag>[^@]+)")
_TIMEOUT_SECONDS = 30
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def digest(image: str, ecr: Any, scheme: str = "https") -> str:
    """The digest of `image`, which has a tag. `ecr`: a client of its region. Raises KennelError."""
    match = _ECR.fullmatch(image)
    found = _in_ecr(image, match, ecr) if match else _in_public(image, scheme)
    if not DIGEST.fullmatch(found):
        raise KennelError(f"the registry of {image} answers with the digest {found!r}: try again")
    return found


def _in_ecr(image: str, match: re.Match[str], client: Any) -> str:
    # DescribeImages is for the registry's own account; BatchGetImage is what everybody who pulls may call.
    try:
        answer = client.batch_get_image(
            registryId=match["account"],
            repositoryName=match["repository"],
            imageIds=[{"imageTag": match["tag"]}],
            acceptedMediaTypes=list(_MANIFESTS),
        )
    except ClientError as error:
        raise KennelError(f"Amazon ECR does not tell about {image}: {error.response['Error']['Message']}") from None
    if not answer["images"]:
        reason = answer["failures"][0]["failureReason"] if answer.get("failures") else "it is not there"
        raise KennelError(f"Amazon ECR does not have {image}: {reason}")
    return str(answer["images"][0]["imageId"]["imageDigest"])


def _in_public(image: str, scheme: str) -> str:
    """The digest that a registry's HTTP API gives for a tag, with the token that it asks for."""
    host, _, rest = image.partition("/")
    repository, _, tag = rest.partition(":")
    url = f"{scheme}://{host}/v2/{repository}/manifests/{tag}"
    try:
        return _ask(url, None)
    except urllib.error.HTTPError as error:
        challenge = error.headers.get("WWW-Authenticate", "")
        if error.code != 401 or not challenge.startswith("Bearer "):
            raise KennelError(f"{host} does not tell about {image}: it answers with {error.code}") from None
    except OSError as error:
        raise KennelError(f"{host} cannot be reached: {error}") from None
    try:
        return _ask(url, _token(challenge))
    except urllib.error.HTTPError as error:
        raise KennelError(f"{host} does not have {image}: it answers with {error.code}") from None
    except OSError as error:
        raise KennelError(f"{host} cannot be reached: {error}") from None


def _token(challenge: str) -> str:
    """A token for anonymous pulls, from where the challenge says."""
    fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    query = urllib.parse.urlencode({name: fields[name] for name in ("service", "scope") if name in fields})
    with urllib.request.urlopen(f"{fields['realm']}?{query}", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        return str(json.load(answer)["token"])


def _ask(url: str, token: str | None) -> str:
    headers = {"Accept": ", ".join(_MANIFESTS), **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, method="HEAD", headers=headers)  # noqa: S310 - the scheme is ours
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
        return str(answer.headers["Docker-Content-Digest"])
