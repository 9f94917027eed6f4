"""How SageMaker refuses a request."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from botocore.model import OperationModel

from localcloud.errors import AwsError
from localcloud.input_checks.constraints import violations
from localcloud.input_checks.refusals import sentence
from localcloud.query_protocol import service_model


def validation_error(message: str) -> AwsError:
    """The error with which SageMaker refuses a request."""
    return AwsError("ValidationException", message)


def refusal(field: str, remedy: str) -> AwsError:
    """The error for a field that SageMaker has and the local cloud does not emulate."""
    return validation_error(f"the local cloud does not emulate {field}: {remedy}")


@functools.cache
def operation_model(operation: str) -> OperationModel:
    return service_model("sagemaker").operation_model(operation)


def check_request(operation: str, request: Mapping[str, object]) -> None:
    """Raise ValidationException if `request`, which did not come over HTTP, breaks the constraints of `operation`."""
    problems = list(violations(operation_model(operation).input_shape, request))
    if problems:
        raise validation_error(sentence(problems))
