"""Says at synth which resources of a stack CloudFormation does not list in the stack's region, and what to do."""

from __future__ import annotations

from aws_cdk import Annotations, CfnResource, Stack

from config import regions

BUDGET = "AWS::Budgets::Budget"
FIXES = {
    "AWS::CodeBuild::Project": "set images.source to docker or uri",
    "AWS::SageMaker::Domain": "set studio.enabled to false",
    "AWS::SageMaker::UserProfile": "set studio.enabled to false",
}
ELSEWHERE = "choose another region if the deploy fails with it"


def warn(stack: Stack) -> None:
    """One warning per type, not a refusal: the lists may lag behind a new region."""
    kinds = {item.cfn_resource_type for item in stack.node.find_all() if isinstance(item, CfnResource)}
    for kind in sorted(kinds):
        if not regions.has(kind, stack.region):
            say(stack, kind, FIXES.get(kind, ELSEWHERE))


def say(stack: Stack, kind: str, fix: str) -> None:
    sentence = f"CloudFormation does not list {kind} in {stack.region}: {fix}"
    Annotations.of(stack).add_warning_v2(f"kennel:{kind.replace('::', '-')}", sentence)
