"""Deleting an environment's model package groups with their versions. Runs created them; no template has them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.keys import ENVIRONMENT_TAG, PROJECT_TAG
from lambdas.common import bounded


def remove(sagemaker: Any, project: str, environment: str) -> None:
    """Delete the groups that carry the tags of this environment; a group without them is somebody else's."""
    wanted = {PROJECT_TAG: project, ENVIRONMENT_TAG: environment}
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(NameContains=f"{project}-{environment}-")
    found = (item for page in pages for item in page["ModelPackageGroupSummaryList"])
    for group in list(bounded.items(found, "model package groups")):
        tags = sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
        if wanted.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items():
            _remove_group(sagemaker, group["ModelPackageGroupName"])


def _remove_group(sagemaker: Any, name: str) -> None:
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
    found = (item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"])
    for arn in list(bounded.items(found, f"versions of {name}")):
        sagemaker.delete_model_package(ModelPackageName=arn)
    try:
        sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    except ClientError as error:
        raise RuntimeError(f"model package group {name} cannot be deleted: {error}") from error
