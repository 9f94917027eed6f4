"""What lies in or beside the stacks and keeps a destroy from leaving nothing: objects, registered versions, copies.

Buckets and model package groups cannot be deleted while they hold something. An environment that retains its data
retains all of this: nothing is removed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import keys
from kennel.cloud.session import Session
from lambdas.publish_model.fleet import copy_prefix
from pipeline.specs import package_group

_ABSENT = ("does not exist", "Could not find")


def before_destroy(session: Session) -> None:
    """Empty the buckets and the registry, unless the environment retains them."""
    if session.config.storage.retain:
        return
    for bucket in _resources(session, "AWS::S3::Bucket"):
        empty_bucket(session.client("s3"), bucket)
    for model in session.config.models:
        for arn in _packages(session, package_group(session.config, model.name)):
            session.client("sagemaker").delete_model_package(ModelPackageName=arn)


def after_destroy(session: Session) -> None:
    """Delete the copies of the endpoint's configuration on which refreshed fleets ran: no stack knows them."""
    sagemaker = session.client("sagemaker")
    pages = sagemaker.get_paginator("list_endpoint_configs").paginate(
        NameContains=copy_prefix(session.config.endpoint.name)
    )
    for name in [item["EndpointConfigName"] for page in pages for item in page["EndpointConfigs"]]:
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    if not session.config.storage.retain:
        _delete_groups_of_runs(session)


def _delete_groups_of_runs(session: Session) -> None:
    """Delete the registry's groups of models that runs named anew: their tags say whose they are."""
    sagemaker, config = session.client("sagemaker"), session.config
    wanted = {keys.PROJECT_TAG: config.project, keys.ENVIRONMENT_TAG: config.environment}
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=f"{config.prefix}-")
    for group in [item for page in pages for item in page["ModelPackageGroupSummaryList"]]:
        tags = sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
        if wanted.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items():
            name = group["ModelPackageGroupName"]
            for arn in _packages(session, name):
                sagemaker.delete_model_package(ModelPackageName=arn)
            sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def empty_bucket(s3: Any, bucket: str) -> None:
    """Delete every version of every object. Raises RuntimeError naming a key that cannot be deleted."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in entries]
        if not objects:
            continue
        failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors", ())
        for error in failed:
            raise RuntimeError(f"s3://{bucket}/{error['Key']} cannot be deleted: {error['Message']}")


def _resources(session: Session, kind: str) -> Iterator[str]:
    """Physical ids of the environment's resources of one type."""
    formation = session.client("cloudformation")
    for stack in session.stacks():
        for page in formation.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"]):
            for item in page["StackResourceSummaries"]:
                if item["ResourceType"] == kind and item["ResourceStatus"] != "DELETE_COMPLETE":
                    yield item["PhysicalResourceId"]


def _packages(session: Session, group: str) -> list[str]:
    pages = session.client("sagemaker").get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    try:
        return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if not any(words in error.response["Error"]["Message"] for words in _ABSENT):
            raise
        return []
