"""RegisterModel: create a model package with metrics and lineage; approve or reject it when its version was tested."""

from __future__ import annotations

import os
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from imgcls.contract.keys import ENVIRONMENT_TAG, PROJECT_TAG
from imgcls.contract.staged import PENDING
from lambdas.common.clients import client
from lambdas.common.log import logged
from lambdas.register_model.environment import Environment
from lambdas.register_model.package import approval, model_package


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The model, its run and the gate's verdict -> `{"package_arn"}`. The client token makes a retry harmless.

    `{"package_arn", "approved", "reason"}` decides about a package; with `"if_pending"` only about one that is pending.
    """
    environment = Environment.from_environment(os.environ)
    sagemaker = client("sagemaker")
    if "approved" in event:
        if not event.get("if_pending") or _is_pending(sagemaker, event["package_arn"]):
            sagemaker.update_model_package(**approval(event))
        return {"package_arn": event["package_arn"]}
    request = model_package(event, environment.serving_image)
    try:
        return {"package_arn": sagemaker.create_model_package(**request)["ModelPackageArn"]}
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
    _make_group(sagemaker, request["ModelPackageGroupName"], event["model"], environment)
    return {"package_arn": sagemaker.create_model_package(**request)["ModelPackageArn"]}


def _is_pending(sagemaker: Any, package_arn: str) -> bool:
    """Whether nobody has decided about a package, and nobody has deleted it."""
    try:
        return bool(sagemaker.describe_model_package(ModelPackageName=package_arn)["ModelApprovalStatus"] == PENDING)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return False
        raise


def _make_group(sagemaker: Any, name: str, model: str, environment: Environment) -> None:
    """No stack has the groups: what a destroy retains is then found by the next deploy, and used again."""
    try:
        sagemaker.create_model_package_group(
            ModelPackageGroupName=name,
            ModelPackageGroupDescription=f"Evaluated versions of {model}",
            # A destroy finds the groups of this environment by their tags.
            Tags=[
                {"Key": PROJECT_TAG, "Value": environment.project},
                {"Key": ENVIRONMENT_TAG, "Value": environment.environment},
            ],
        )
    except ClientError as error:
        # Two runs that register the first versions of a model may meet here.
        if not service_errors.is_taken(error.response):
            raise
