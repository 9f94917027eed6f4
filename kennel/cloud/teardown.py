"""What lies beside the stacks or keeps one from being deleted: what a destroy takes away before and after them.

The stacks' own custom resources do the same for a bare `cdk destroy`. They act once: where a deletion failed, this is
what makes the second one succeed. An environment that retains its data retains all of it: nothing is emptied there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from kennel.cloud.change_sets import importers
from kennel.cloud.session import ROLES, Session
from kennel.errors import KennelError
from lambdas.clear_network import leftovers, studio
from lambdas.empty_storage import buckets, registry
from lambdas.publish_model.fleet import copy_prefix

FAILED = "DELETE_FAILED"


def require_unprotected(session: Session, names: Collection[str]) -> None:
    """Raises KennelError where CloudFormation would refuse to delete one of `names` (none: all), half-way.

    The CDK CLI deletes the stacks that import from a chosen one first.
    """
    there = {stack["StackName"]: stack for stack in session.stacks()}
    protected = {name for name, stack in there.items() if stack.get("EnableTerminationProtection")}
    if not protected:
        return
    taken = _with_importers(session, there, names or there)
    if kept := protected & taken:
        free = [name for name in taken if not _with_importers(session, there, [name]) & protected]
        raise KennelError(_protected(session, sorted(kept), free))


def _with_importers(session: Session, there: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """`names` and the stacks that import from them, at any distance, of those that are `there`."""
    formation, found, waiting = session.client("cloudformation"), set[str](), {*names} & there.keys()
    while waiting:
        name = waiting.pop()
        found.add(name)
        exports = [item["ExportName"] for item in there[name].get("Outputs", ()) if "ExportName" in item]
        users = set[str]().union(*(importers(formation, export) for export in exports))
        waiting |= (users & there.keys()) - found
    return found


def _protected(session: Session, kept: list[str], others: list[str]) -> str:
    env, region = session.config.environment, session.config.region
    roles = [name.removeprefix(f"{session.config.stack_prefix}-") for name in others]
    chosen = " ".join(f"--stack {role}" for role in sorted(roles, key=ROLES.index))
    rest = f"run `kennel destroy --env {env} {chosen}` for what is not protected; or, " if others else ""
    return (
        f"CloudFormation protects {' and '.join(kept)} from deletion, so nothing was deleted: {rest}to delete a "
        "protected stack on purpose, first run `aws cloudformation update-termination-protection "
        f"--no-enable-termination-protection --region {region} --stack-name NAME` for it; the "
        "buckets and the key that the environment retains stay, and people delete their Studio spaces first"
    )


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
