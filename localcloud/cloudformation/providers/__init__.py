"""Which provider is responsible for which resource type."""

from __future__ import annotations

import functools

from localcloud.cloudformation.providers.base import AnyProvider, ProviderError


@functools.cache
def all_providers() -> dict[str, AnyProvider]:
    """Resource type -> provider."""
    from localcloud.cloudformation.providers import (
        autoscaling,
        awslambda,
        budgets,
        cloudwatch,
        codebuild,
        custom,
        ec2,
        ecr,
        events,
        iam,
        ignored,
        kms,
        logs,
        s3,
        sagemaker,
        scheduler,
        sns,
        sqs,
        ssm,
        stepfunctions,
    )

    modules = (autoscaling, awslambda, budgets, cloudwatch, codebuild, custom, ec2, ecr, events, iam,
               ignored, kms, logs, s3, sagemaker, scheduler, sns, sqs, ssm, stepfunctions)  # fmt: skip
    return {kind: provider for module in modules for kind, provider in module.PROVIDERS.items()}


def provider_for(kind: str) -> AnyProvider:
    """The provider of a resource type; ProviderError names a type that is not emulated."""
    if kind.startswith("Custom::"):
        kind = "AWS::CloudFormation::CustomResource"
    provider = all_providers().get(kind)
    if provider is None:
        raise ProviderError(f"localcloud does not emulate the resource type {kind}")
    return provider
