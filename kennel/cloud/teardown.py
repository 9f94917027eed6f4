"""What lies beside the stacks or keeps one from being deleted: what a destroy takes away before and after them.

The stacks' own custom resources do the same for a bare `cdk destroy`. They act once: where a deletion failed, this is
what makes the second one succeed. An environment that retains its data retains all of it: nothing is emptied there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from kennel.cloud.session import Session
from kennel.errors import KennelError
from lambdas.clear_network import leftovers, studio
from lambdas.empty_storage import buckets, registry
from lambdas.publish_model.fleet import copy_prefix

FAILED = "DELETE_FAILED"


def before_destroy(session: Session) -> None:
    """Empty the buckets and close Studio's apps and spaces, unless the environment retains its data."""
    if session.config.storage.retain:
        return
    for bucket in _resources(session, "AWS::S3::Bucket"):
        buckets.empty(session.client("s3"), bucket)
    for domain in _resources(session, "AWS::SageMaker::Domain"):
        studio.remove(session.client("sagemaker"), domain)


def domains(session: Session) -> list[str]:
    """The ids of Studio's domains: once they are gone nobody can ask for them."""
    return list(_resources(session, "AWS::SageMaker::Domain"))


def remove_groups(session: Session, before: Iterable[str]) -> None:
    """Delete the security groups in an existing VPC of the domains that were there `before` and are gone.

    No role of ours may do so there. Raises KennelError that names what is left.
    """
    vpc = session.config.network.vpc_id
    if vpc is None:
        return
    there = domains(session)
    for domain in before:
        if domain not in there:
            _remove_groups(session, vpc, domain)


def after_destroy(session: Session) -> None:
    """Delete what no stack knows: copies of the endpoint's configuration, its late log lines, registered models."""
    sagemaker, config = session.client("sagemaker"), session.config
    pages = sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=copy_prefix(config.endpoint.name))
    for name in [item["EndpointConfigName"] for page in pages for item in page["EndpointConfigs"]]:
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    logs = session.client("logs")
    with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{config.endpoint.name}")
    if not config.storage.retain:
        registry.remove(sagemaker, config.project, config.environment)


def _remove_groups(session: Session, vpc: str, domain: str) -> None:
    try:
        leftovers.remove_groups_of(session.client("ec2"), vpc, domain)
    except (ClientError, TimeoutError) as error:
        raise KennelError(
            f"the stacks are deleted; the two security groups of SageMaker's domain {domain} are still in {vpc}: have "
            f"its owner delete security-group-for-inbound-nfs-{domain} and -outbound- ({error})"
        ) from None


def left(session: Session) -> list[str]:
    """One sentence for each resource that could not be deleted, with CloudFormation's reason."""
    return [
        f"{item['LogicalResourceId']} ({item['PhysicalResourceId']}) is still there: "
        f"{item.get('ResourceStatusReason', 'no reason given')}"
        for item in _summaries(session)
        if item["ResourceStatus"] == FAILED
    ]


def _resources(session: Session, kind: str) -> Iterator[str]:
    """Physical ids of the environment's resources of one type that exist."""
    for item in _summaries(session):
        if item["ResourceType"] == kind and item["ResourceStatus"] != "DELETE_COMPLETE":
            yield item["PhysicalResourceId"]


def _summaries(session: Session) -> Iterator[dict[str, str]]:
    formation = session.client("cloudformation")
    for stack in session.stacks():
        for page in formation.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"]):
            yield from page["StackResourceSummaries"]
