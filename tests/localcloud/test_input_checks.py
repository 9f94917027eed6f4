"""What a service's model refuses is refused, in the words of the service, whoever answers the operation."""

from __future__ import annotations

import contextlib
import io
import json
import re

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, StructureShape
from moto.core.utils import get_service_model

from localcloud.errors import AwsError
from localcloud.http_requests import Operation, identify
from localcloud.input_checks import reading
from localcloud.input_checks.constraints import violations
from localcloud.input_checks.corrections import ADDED_PATTERNS, EXEMPT
from localcloud.input_checks.patterns import compiled, matches
from localcloud.input_checks.reading import _NAMES
from localcloud.input_checks.refusals import CODES
from localcloud.moto_services import ANSWERED
from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

ROLE = "arn:aws:iam::123456789012:role/of-nobody"
SERVICES = sorted({_NAMES.get(name, name) for name in ANSWERED} | {"sagemaker-runtime"})
GROUP = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
FAILED = "failed to satisfy constraint:"
LONG = "r" * 65
ROLE_NAME = (
    "The specified value for roleName is invalid. "
    "It must contain only alphanumeric characters and/or the following: +=,.@_-"
)
TABLE = {
    "TableName": "a b",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
}
ECR = f"Invalid parameter at 'repositoryName' {FAILED} "
DETECTED = "1 validation error detected: Value "
# service, operation, parameters, code, what its message begins with
REFUSED = [
    (
        "logs",
        "create_log_group",
        {"logGroupName": "a b"},
        "InvalidParameterException",
        f"{DETECTED}'a b' at 'logGroupName' {FAILED} {GROUP}",
    ),
    (
        "logs",
        "describe_log_groups",
        {"limit": 51},
        "InvalidParameterException",
        f"{DETECTED}'51' at 'limit' {FAILED} Member must have value less than or equal to 50",
    ),
    (
        "sagemaker",
        "create_model",
        {"ModelName": "a b", "ExecutionRoleArn": ROLE},
        "ValidationException",
        f"{DETECTED}'a b' at 'modelName' {FAILED}",
    ),
    (
        "sagemaker",
        "list_endpoints",
        {"MaxResults": 101},
        "ValidationException",
        f"{DETECTED}'101' at 'maxResults' {FAILED}",
    ),
    (
        "sagemaker-runtime",
        "invoke_endpoint",
        {"EndpointName": "a b", "Body": b"x"},
        "ValidationError",
        f"{DETECTED}'a b' at 'endpointName' {FAILED}",
    ),
    ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError", ROLE_NAME),
    (
        "iam",
        "create_role",
        {"RoleName": LONG, "AssumeRolePolicyDocument": "{}"},
        "ValidationError",
        f"{DETECTED}'{LONG}' at 'roleName' {FAILED} Member must have length less than or equal to 64",
    ),
    (
        "iam",
        "tag_role",
        {"RoleName": "r", "Tags": [{"Key": "ok", "Value": ""}, {"Key": "a*", "Value": ""}]},
        "ValidationError",
        f"{DETECTED}'a*' at 'tags.2.member.key' {FAILED}",
    ),
    (
        "lambda",
        "get_function",
        {"FunctionName": "a b"},
        "ValidationException",
        f"{DETECTED}'a b' at 'functionName' {FAILED}",
    ),
    (
        "lambda",
        "invoke",
        {"FunctionName": "f", "InvocationType": "Sometimes"},
        "ValidationException",
        f"{DETECTED}'Sometimes' at 'invocationType' {FAILED} Member must satisfy enum value set: [",
    ),
    (
        "scheduler",
        "list_schedules",
        {"MaxResults": 101},
        "ValidationException",
        f"{DETECTED}'101' at 'maxResults' {FAILED}",
    ),
    (
        "events",
        "put_rule",
        {"Name": "a b", "ScheduleExpression": "rate(1 day)"},
        "ValidationException",
        f"{DETECTED}'a b' at 'name' {FAILED}",
    ),
    (
        "kms",
        "create_alias",
        {"AliasName": "a b", "TargetKeyId": "x"},
        "ValidationException",
        f"{DETECTED}'a b' at 'aliasName' {FAILED}",
    ),
    (
        "stepfunctions",
        "list_executions",
        {"maxResults": 1001},
        "ValidationException",
        f"{DETECTED}'1001' at 'maxResults' {FAILED}",
    ),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": "a", "input": "x" * 262145},
        "ValidationException",
        f"{DETECTED}at 'input' {FAILED}",
    ),
    (
        "sts",
        "assume_role",
        {"RoleArn": ROLE, "RoleSessionName": "a b"},
        "ValidationError",
        f"{DETECTED}'a b' at 'roleSessionName' {FAILED}",
    ),
    (
        "cloudwatch",
        "describe_alarms",
        {"StateValue": "WELL"},
        "ValidationError",
        f"{DETECTED}'WELL' at 'stateValue' {FAILED} Member must satisfy enum value set: [",
    ),
    (
        "cloudformation",
        "create_stack",
        {"StackName": "my_stack", "TemplateBody": "{}"},
        "ValidationError",
        f"{DETECTED}'my_stack' at 'stackName' {FAILED} Member must satisfy regular expression pattern: [a-zA-Z][-",
    ),
    (
        "cloudformation",
        "create_change_set",
        {"StackName": "my_stack", "ChangeSetName": "c", "TemplateBody": "{}"},
        "ValidationError",
        f"{DETECTED}'my_stack' at 'stackName' {FAILED}",
    ),
    (
        "codebuild",
        "list_projects",
        {"sortBy": "COLOUR"},
        "InvalidInputException",
        f"{DETECTED}'COLOUR' at 'sortBy' {FAILED}",
    ),
    (
        "ecr",
        "create_repository",
        {"repositoryName": "A B"},
        "InvalidParameterException",
        f"{ECR}'must satisfy regular expression '",
    ),
    (
        "ecr",
        "create_repository",
        {"repositoryName": "a"},
        "InvalidParameterException",
        f"{ECR}'must have length greater than or equal to 2'",
    ),
    (
        "ec2",
        "create_vpc",
        {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "wild"},
        "InvalidParameterValue",
        "Value (wild) for parameter instanceTenancy is invalid.",
    ),
    ("dynamodb", "create_table", TABLE, "ValidationException", f"{DETECTED}'a b' at 'tableName' {FAILED}"),
    ("s3", "create_bucket", {"Bucket": "Upper-Case"}, "InvalidBucketName", "The specified bucket is not valid."),
    (
        "s3",
        "create_bucket",
        {"Bucket": "abc", "CreateBucketConfiguration": {"LocationConstraint": "mars-1"}},
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "abc", "Key": "k", "StorageClass": "COLD"},
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ),
    (
        "s3",
        "put_object",
        {"Bucket": "abc", "Key": "k", "ACL": "wild"},
        "InvalidArgument",
        "The value of x-amz-acl must satisfy enum value set: [",
    ),
    (
        "s3",
        "put_bucket_versioning",
        {"Bucket": "abc", "VersioningConfiguration": {"Status": "On"}},
        "MalformedXML",
        "The XML you provided",
    ),
]


def client(service):
    return boto3.client(service, config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "message"),
    REFUSED,
    ids=[f"{s}-{o}-{c}" for s, o, _, c, _ in REFUSED],
)
def test_what_a_service_refuses(local_cloud, service, operation, parameters, code, message):
    with pytest.raises(ClientError) as refused:
        getattr(client(service), operation)(**parameters)
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"][: len(message)]) == (code, message)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_operations_own_exception_is_raised(local_cloud):
    logs = client("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.create_log_group(logGroupName="a b")
    assert logs.describe_log_groups()["logGroups"] == []


def test_every_broken_constraint_is_named(local_cloud):
    with pytest.raises(ClientError) as refused:
        client("logs").create_log_group(logGroupName="")
    assert refused.value.response["Error"]["Message"] == (
        f"2 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: {GROUP}; "
        "Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"logGroupName": 3}, "NUMBER_VALUE can not be converted to a String"),
        ({"logGroupName": True}, "TRUE_VALUE can not be converted to a String"),
        ({"logGroupName": ["g"]}, "Start of list found where not expected."),
        ({"logGroupName": {"g": "h"}}, "Start of structure or map found where not expected."),
        ({"logGroupName": "g", "tags": "t"}, "STRING_VALUE can not be converted to a Map"),
    ],
)
def test_a_value_of_another_type_cannot_be_read(parameters, message):
    shape = get_service_model("logs").operation_model("CreateLogGroup").input_shape
    with pytest.raises(AwsError) as refused:
        list(violations(shape, parameters))
    assert (refused.value.code, refused.value.message) == ("SerializationException", message)


@pytest.mark.parametrize("body", [b"[]", b"3", b"[" * 100_000, b"\xff", b"{"])
def test_a_body_other_than_a_json_object_cannot_be_read(body):
    with pytest.raises(AwsError, match="SerializationException"):
        reading._json_object(body)


@pytest.mark.parametrize(("service", "refused"), [("cloudformation", True), ("s3", False)])
def test_a_form_other_than_text_is_refused_where_it_is_read(service, refused):
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": "1",
        "HTTP_AUTHORIZATION": f"Credential=a/20261201/us-east-1/{service}/aws4_request",
        "wsgi.input": io.BytesIO(b"\xff"),
    }
    with pytest.raises(AwsError, match="SerializationException") if refused else contextlib.nullcontext():
        assert identify(environ) == Operation(service, None)


def test_null_is_absent_and_what_a_model_does_not_have_is_let_through():
    shape = get_service_model("logs").operation_model("CreateLogGroup").input_shape
    assert list(violations(shape, {"logGroupName": "g", "kmsKeyId": None, "tomorrow": "?"})) == []
    [missing] = violations(shape, {"kmsKeyId": "k"})
    assert str(missing) == "Value null at 'logGroupName' failed to satisfy constraint: Member must not be null"


def test_a_template_meets_the_same_checks(local_cloud):
    cloudformation = boto3.client("cloudformation")
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "a b"}}
    cloudformation.create_stack(StackName="blank", TemplateBody=json.dumps({"Resources": {"Group": group}}))
    [stack] = cloudformation.describe_stacks(StackName="blank")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in cloudformation.describe_stack_events(StackName="blank")["StackEvents"]
    ]
    assert any(GROUP in reason for reason in reasons)


def test_a_compressed_request_is_checked_as_it_was_before(local_cloud):
    data = [{"MetricName": "m", "Value": 1.0, "Unit": "Furlong"}] * 500
    with pytest.raises(ClientError, match=r"at 'metricData\.1\.member\.unit' failed to satisfy constraint"):
        client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)


def test_every_pattern_of_every_service_that_is_answered_can_be_read():
    found = {pattern for service in SERVICES for pattern in patterns(get_service_model(service))}
    assert len(found) > 400, "the models have patterns"
    for pattern in found:
        compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Zoë 1/ü", "a*"),
        (r"\p{Print}+", "a b", "é"),
        (r"[\w-_]*", "a-_", "é"),
        (r"\w+", "a_1", "é"),
        (r"^[a-z]+$", "abc", "abc\n"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\U0001f600", "\n"),
        (r"^(?![^:\\]*/action/|(?i).*<script>.*</script>.*)[^:\\]+$", "cheap", "<SCRIPT>x</script>"),
    ],
)
def test_patterns_are_read_as_java_reads_them(pattern, taken, refused):
    assert matches(pattern, taken)
    assert not matches(pattern, refused)


def test_a_pattern_that_tries_every_way_ends() -> None:
    pattern = get_service_model("sagemaker").shape_for("ComputeQuotaTargetTeamName").metadata["pattern"]
    assert matches(pattern, "a" * 60)
    assert not matches(pattern, "a" * 64 + "!")


def test_corrections_name_what_the_models_have():
    for service, shape, kind in EXEMPT:
        assert kind in ("null", "enum", "pattern", "min", "max")
        assert shape in get_service_model(service).shape_names
    for (service, operation, member), pattern in ADDED_PATTERNS.items():
        shape = get_service_model(service).operation_model(operation).input_shape
        assert member in shape.members
        assert re.compile(pattern)


def test_a_code_is_an_error_of_its_service():
    common = {"ec2", "cloudwatch"}  # their errors are in their guides, not in their models
    for service, code in CODES.items():
        assert service in common or code in get_service_model(service).shape_names


def patterns(model):
    seen = set()

    def of(shape):
        if shape.name in seen:
            return
        seen.add(shape.name)
        if "pattern" in shape.metadata:
            yield shape.metadata["pattern"]
        inner = []
        if isinstance(shape, StructureShape):
            inner = list(shape.members.values())
        elif isinstance(shape, ListShape):
            inner = [shape.member]
        elif isinstance(shape, MapShape):
            inner = [shape.key, shape.value]
        for each in inner:
            yield from of(each)

    for name in model.operation_names:
        if (shape := model.operation_model(name).input_shape) is not None:
            yield from of(shape)
