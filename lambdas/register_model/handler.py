"""RegisterModel: a model package with metrics and lineage, approved or rejected as the gate said."""

from __future__ import annotations

import os
from typing import Any

from lambdas.common.clients import client
from lambdas.common.log import logged
from lambdas.register_model.environment import Environment
from lambdas.register_model.package import model_package


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The model, its run and the gate's verdict -> `{"package_arn"}`. The client token makes a retry harmless."""
    request = model_package(event, Environment.from_environment(os.environ).serving_image)
    return {"package_arn": client("sagemaker").create_model_package(**request)["ModelPackageArn"]}
