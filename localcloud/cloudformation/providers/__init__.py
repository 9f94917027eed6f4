"""Which provider makes which resource type."""

from __future__ import annotations

import functools

from localcloud.cloudformation.providers.base import Provider, ProviderError


@functools.cache
def all_providers() -> dict[str, Provider]:
    """Resource type -> provider."""
    from localcloud.cloudformation.providers import (
        awslambda,
        ec2,
        events,
        iam,
        images,
        observability,
        platform,
        recorded,
        s3,
        sagemaker,
        scaling,
        sns,
        sqs,
    )

    modules = (s3, iam, images, platform, scaling, sns, sqs, events, observability, awslambda, ec2, sagemaker, recorded)
    return {kind: provider for module in modules for kind, provider in module.PROVIDERS.items()}


def provider_for(kind: str) -> Provider:
    """The provider of a resource type; ProviderError names a type that is not emulated."""
    if kind.startswith("Custom::"):
        kind = "AWS::CloudFormation::CustomResource"
    provider = all_providers().get(kind)
    if provider is None:
        raise ProviderError(f"localcloud does not emulate the resource type {kind}")
    return provider
