"""How each service words a request that breaks its model."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.errors import AwsError
from localcloud.input_checks.constraints import Violation

# Service -> its error code; where no report of a user shows it, the one that its operations list for bad input.
CODES = {
    "codebuild": "InvalidInputException",
    "budgets": "InvalidParameterException",
    "ec2": "InvalidParameterValue",
    "ecr": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "cloudwatch": "ValidationError",
    "resourcegroupstaggingapi": "InvalidParameterException",
    "sagemaker-runtime": "ValidationError",
    "service-quotas": "IllegalArgumentException",
}
# Shape -> S3's own error for it.
_S3_ERRORS = {
    "BucketLocationConstraint": ("InvalidLocationConstraint", "The specified location-constraint is not valid"),
    "BucketName": ("InvalidBucketName", "The specified bucket is not valid."),
    "ServerSideEncryption": ("InvalidEncryptionAlgorithmError", "The encryption request you specified is not valid."),
    "StorageClass": ("InvalidStorageClass", "The storage class you specified is not valid"),
}
_MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"


def refusal(service: str, protocol: str, broken: Sequence[Violation]) -> AwsError:
    """The error with which `service` refuses a request; `broken` is not empty."""
    code = CODES.get(service, "ValidationError" if protocol == "query" else "ValidationException")
    first = broken[0]
    if service == "s3":
        return _of_s3(first)
    if service == "ec2":
        return AwsError(code, f"Value ({first.value}) for parameter {first.path} is invalid. It {first.constraint}.")
    if service == "ecr":
        constraint = first.constraint.replace("pattern: ", "'") + ("'" if first.kind == "pattern" else "")
        return AwsError(code, f"Invalid parameter at '{first.path}' failed to satisfy constraint: '{constraint}'")
    if service == "iam" and first.kind == "pattern" and first.shape.metadata["pattern"] == r"[\w+=,.@-]+":
        allowed = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
        return AwsError(code, f"The specified value for {first.path} is invalid. {allowed}")
    return AwsError(code, sentence(broken))


def sentence(broken: Sequence[Violation]) -> str:
    """The sentence of most services."""
    noun = "validation error" if len(broken) == 1 else "validation errors"
    return f"{len(broken)} {noun} detected: {'; '.join(map(str, broken))}"


def unreadable(service: str, reason: str) -> AwsError:
    """The error for a request that is not written as its protocol has it."""
    return AwsError("MalformedXML", _MALFORMED_XML) if service == "s3" else AwsError("SerializationException", reason)


def _of_s3(first: Violation) -> AwsError:
    if first.shape.name in _S3_ERRORS:
        return AwsError(*_S3_ERRORS[first.shape.name])
    place = first.shape.serialization
    if "location" not in place:
        return AwsError("MalformedXML", _MALFORMED_XML)
    return AwsError("InvalidArgument", f"The value of {place['name']} {first.constraint}")
