"""A container image, and the permission to pull it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aws_cdk import Stack

from config import regions
from config.base import ConfigError
from stacks.constructs.roles import ServiceRole

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<domain>[a-z0-9.-]+)/(?P<repository>[^:@]+)[:@].+"
)


@dataclass(frozen=True)
class ContainerImage:
    """`uri` has a tag or a digest, known at synth; `repository_arn` is for the permission to pull it.

    Neither refers to a resource of a stack: such a reference would be an export, which an update could not change.
    """

    uri: str
    repository_arn: str

    @classmethod
    def given(cls, stack: Stack, uri: str) -> ContainerImage:
        """An image by its URI. Raises ConfigError for a URI that SageMaker could not pull."""
        match = URI.fullmatch(uri)
        if not match or match["domain"] != regions.domain(match["region"]):
            raise ConfigError(
                f"images: {uri!r} is not a URI of Amazon ECR: push the image there and give its URI with tag or digest"
            )
        return cls(uri, _repository_arn(stack, match["repository"], account=match["account"], region=match["region"]))

    @classmethod
    def own(cls, stack: Stack, repository: str, tag: str) -> ContainerImage:
        """An image in this account's registry."""
        registry = regions.registry(stack.account, stack.region)
        return cls(f"{registry}/{repository}:{tag}", _repository_arn(stack, repository))

    def allow_pull(self, role: ServiceRole) -> None:
        role.allow(PULL, [self.repository_arn])
        role.allow_without_resource(["ecr:GetAuthorizationToken"])


@dataclass(frozen=True)
class PlatformImages:
    """The images of training jobs, processing jobs and the model."""

    training: ContainerImage
    jobs: ContainerImage
    serving: ContainerImage


def _repository_arn(stack: Stack, name: str, *, account: str | None = None, region: str | None = None) -> str:
    return stack.format_arn(service="ecr", account=account, region=region, resource="repository", resource_name=name)
