"""A container image, the permission to pull it, and the registries of AWS's PyTorch training images."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aws_cdk import Stack

from config import instances
from config.base import ConfigError
from stacks.constructs.roles import ServiceRole

# sagemaker.core.image_uris, framework `pytorch-amzn2023`
DEFAULT_ACCOUNT = "763104351884"
ACCOUNTS = {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-northeast-3": "364406365360",
    "eu-south-1": "692866216735",
    "me-south-1": "217643126080",
    "il-central-1": "780543022126",
    "us-gov-west-1": "442386744353",
    "us-gov-east-1": "446045086412",
}
REPOSITORY = "pytorch"
CUDA = {"2.13": "cu133"}

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
URI = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)[:@].+")


@dataclass(frozen=True)
class ContainerImage:
    """`uri` has a tag or a digest; `repository_arn` is for the permission to pull it."""

    uri: str
    repository_arn: str

    @classmethod
    def given(cls, stack: Stack, uri: str) -> ContainerImage:
        """An image by its URI. Raises ConfigError for a URI that SageMaker could not pull."""
        match = URI.fullmatch(uri)
        if not match:
            raise ConfigError(
                f"images: {uri!r} is not a URI of Amazon ECR: push the image there and give its URI with tag or digest"
            )
        arn = stack.format_arn(
            service="ecr",
            account=match["account"],
            region=match["region"],
            resource="repository",
            resource_name=match["repository"],
        )
        return cls(uri, arn)

    def allow_pull(self, role: ServiceRole) -> None:
        role.allow(PULL, [self.repository_arn])
        role.allow_without_resource(["ecr:GetAuthorizationToken"])


@dataclass(frozen=True)
class PlatformImages:
    """The images of training jobs, processing jobs and the model."""

    training: ContainerImage
    jobs: ContainerImage
    serving: ContainerImage


def stock_training_image(stack: Stack, region: str, version: str, instance_type: str) -> ContainerImage:
    """AWS's training image for PyTorch `version`, with CUDA if the instance type has a GPU."""
    device = CUDA[version] if instances.has_gpu(instance_type) else "cpu"
    account = ACCOUNTS.get(region, DEFAULT_ACCOUNT)
    host = f"{account}.dkr.ecr.{region}.amazonaws.com"
    return ContainerImage.given(stack, f"{host}/{REPOSITORY}:{version}-{device}-amzn2023-sagemaker")
