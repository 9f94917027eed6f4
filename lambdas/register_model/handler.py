"""RegisterModel: a model package with metrics and lineage, approved or rejected as the gate said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from lambdas.common.clients import client
from lambdas.common.log import logged
from lambdas.register_model.environment import Environment
from lambdas.register_model.package import model_package


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The model, its run and the gate's verdict -> `{"package_arn"}`. A run registers a model once."""
    existing = _registered(event["package_group"], event["execution"])
    if existing:
        return {"package_arn": existing}
    request = model_package(event, Environment.from_environment(os.environ).serving_image)
    return {"package_arn": client("sagemaker").create_model_package(**request)["ModelPackageArn"]}


def _registered(group: str, execution: str) -> str | None:
    """The package that this execution made, if a retry finds one. Client tokens are forgotten after a while."""
    for arn in _newest(group):
        package = client("sagemaker").describe_model_package(ModelPackageName=arn)
        if package.get("CustomerMetadataProperties", {}).get("execution") == execution:
            return arn
    return None


def _newest(group: str, num_packages: int = 5) -> Iterator[str]:
    answer = client("sagemaker").list_model_packages(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=num_packages
    )
    yield from (item["ModelPackageArn"] for item in answer["ModelPackageSummaryList"])
