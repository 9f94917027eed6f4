"""What services refuse beyond their models: names that AWS keeps for itself, schedules, trust policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.errors import AwsError
from localcloud.input_checks.schedules import is_rule_schedule, is_schedule
from localcloud.input_checks.trust_policies import check_trust_policy

Rule = Callable[[Mapping[str, object]], None]

# "General purpose bucket naming rules", S3 User Guide. A model's pattern cannot name them: the error is the bucket's.
_BUCKET_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_BUCKET_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

_MAX_KEY_BYTES = 1024  # of UTF-8; the models count characters, or nothing


def check_rules(service: str, operation: str, parameters: Mapping[str, object]) -> None:
    """Raise AwsError, with the service's code and words, where the operation's own rule is broken."""
    if (rule := _RULES.get((service, operation))) is not None:
        rule(parameters)


def _bucket(parameters: Mapping[str, object]) -> None:
    name = str(parameters.get("Bucket"))
    if name.startswith(_BUCKET_PREFIXES) or name.endswith(_BUCKET_SUFFIXES):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.")


def _key(parameters: Mapping[str, object]) -> None:
    if len(str(parameters.get("Key")).encode()) > _MAX_KEY_BYTES:
        raise AwsError("KeyTooLongError", "Your key is too long")


def _log_group(parameters: Mapping[str, object]) -> None:
    if str(parameters.get("logGroupName")).lower().startswith("aws/"):
        raise AwsError("InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.")


def _namespace(parameters: Mapping[str, object]) -> None:
    if str(parameters.get("Namespace")).startswith("AWS/"):
        raise AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")


def _rule_schedule(parameters: Mapping[str, object]) -> None:
    expression = parameters.get("ScheduleExpression")
    if expression and not is_rule_schedule(str(expression)):
        raise AwsError("ValidationException", "Parameter ScheduleExpression is not valid.")


def _schedule(parameters: Mapping[str, object]) -> None:
    expression = str(parameters.get("ScheduleExpression"))
    if not is_schedule(expression):
        raise AwsError("ValidationException", f"Invalid Schedule Expression {expression}.")


def _trust_policy(member: str) -> Rule:
    return lambda parameters: check_trust_policy(str(parameters.get(member)))


_RULES: dict[tuple[str, str], Rule] = {
    ("cloudwatch", "PutMetricData"): _namespace,
    ("events", "PutRule"): _rule_schedule,
    ("iam", "CreateRole"): _trust_policy("AssumeRolePolicyDocument"),
    ("iam", "UpdateAssumeRolePolicy"): _trust_policy("PolicyDocument"),
    ("logs", "CreateLogGroup"): _log_group,
    ("s3", "CopyObject"): _key,
    ("s3", "CreateBucket"): _bucket,
    ("s3", "CreateMultipartUpload"): _key,
    ("s3", "PutObject"): _key,
    ("scheduler", "CreateSchedule"): _schedule,
    ("scheduler", "UpdateSchedule"): _schedule,
}
