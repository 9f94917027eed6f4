"""What services refuse beyond their models: trust policies, schedules, and names that AWS keeps for itself."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.errors import AwsError
from localcloud.input_checks.rules import check_rules
from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def client(service):
    return boto3.client(service, config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def trust(**changes):
    kept = {key: value for key, value in {**TRUST, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ("[]", "Syntax errors in policy."),
        ("{}", "Syntax errors in policy."),
        (json.dumps({"Version": "2020-01-01", "Statement": [TRUST]}), "Syntax errors in policy."),
        (json.dumps({"Statement": [TRUST], "Statements": []}), "Syntax errors in policy."),
        (trust(Effect="Permit"), "Syntax errors in policy."),
        (trust(Condition={"StringLikes": {"aws:SourceArn": "*"}}), "Syntax errors in policy."),
        (trust(Resource="*"), "Has prohibited field Resource."),
        (trust(Action="s3:GetObject"), "Trust Policy statement actions can only be sts:AssumeRole"),
        (trust(Action=None), "Policy statement must contain actions."),
        (trust(Principal=None), "Missing required field Principal"),
        (trust(Principal={}), "Missing required field Principal"),
        (trust(Principal="lambda.amazonaws.com"), "Syntax errors in policy."),
        (trust(Principal={"Services": "lambda.amazonaws.com"}), "Syntax errors in policy."),
        (trust(Principal={"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
        (trust(Principal={"AWS": "arn:aws:iam::1:root"}), 'Invalid principal in policy: "AWS":"arn:aws:iam::1:root"'),
        (trust(NotPrincipal={"AWS": "*"}), "AssumeRole policy may only specify Principal"),
    ],
)
def test_a_malformed_trust_policy_is_refused_when_a_role_is_made_and_changed(local_cloud, document, message):
    iam = client("iam")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException) as refused:
        iam.create_role(RoleName="malformed", AssumeRolePolicyDocument=document)
    assert refused.value.response["Error"]["Message"].startswith(message)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.update_assume_role_policy(RoleName="malformed", PolicyDocument=document)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="malformed")


@pytest.mark.parametrize(
    "document",
    [
        trust(),
        trust(Principal="*"),
        trust(Principal={"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]}),
        trust(Condition={"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}),
        json.dumps({"Statement": TRUST}),
        trust(Principal={"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
              Action="sts:AssumeRoleWithWebIdentity"),
    ],
)  # fmt: skip
def test_a_trust_policy_that_iam_takes(local_cloud, document):
    iam = client("iam")
    iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=document)
    iam.delete_role(RoleName="trusting")


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_trusted_role_or_user_of_the_account_exists(local_cloud, kind):
    iam = client("iam")
    document = trust(Principal={"AWS": f"arn:aws:iam::123456789012:{kind}/team/colleague"})
    with pytest.raises(
        ClientError, match=rf'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:{kind}/team'
    ):
        iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=document)
    if kind == "role":
        iam.create_role(RoleName="colleague", Path="/team/", AssumeRolePolicyDocument=trust())
    else:
        iam.create_user(UserName="colleague", Path="/team/")
    iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=document)
    iam.delete_role(RoleName="trusting")
    theirs = trust(Principal={"AWS": "arn:aws:iam::999999999999:role/of-another-account"})
    iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=theirs)
    iam.delete_role(RoleName="trusting")


def test_a_template_with_a_malformed_trust_policy_fails_its_role(local_cloud):
    cloudformation = boto3.client("cloudformation")
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}}}
    body = json.dumps({"Resources": {"Role": role}})
    cloudformation.create_stack(StackName="trust", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    events = cloudformation.describe_stack_events(StackName="trust")["StackEvents"]
    assert any("MalformedPolicyDocument" in event.get("ResourceStatusReason", "") for event in events)


@pytest.mark.parametrize(
    "name",
    ["xn--bucket", "sthree-bucket", "sthree-configurator", "amzn-s3-demo-bucket", "bucket-s3alias", "bucket--ol-s3",
     "bucket.mrap", "bucket--table-s3"],
)  # fmt: skip
def test_names_that_s3_keeps_for_itself(local_cloud, name):
    s3 = client("s3")
    with pytest.raises(ClientError, match=r"\(InvalidBucketName\) .* The specified bucket is not valid\."):
        s3.create_bucket(Bucket=name)
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_name_of_a_directory_bucket_is_refused_for_other_buckets():
    # botocore asks for a session before it creates such a bucket, which is refused first.
    with pytest.raises(AwsError, match="InvalidBucketName"):
        check_rules("s3", "CreateBucket", {"Bucket": "bucket--x-s3"})


@pytest.mark.parametrize("name", ["aws/mine", "AWS/mine"])
def test_log_groups_that_aws_keeps_for_itself(local_cloud, name):
    logs = client("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Log groups starting with AWS/ are reserved"):
        logs.create_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=f"/{name}")


def test_namespaces_that_aws_keeps_for_itself(local_cloud):
    cloudwatch, data = client("cloudwatch"), [{"MetricName": "m", "Value": 1.0}]
    refused = pytest.raises(ClientError, match=r"\(InvalidParameterValue\) .* The value AWS/ for parameter Namespace")
    with refused:
        cloudwatch.put_metric_data(Namespace="AWS/Lambda", MetricData=data)
    cloudwatch.put_metric_data(Namespace="AWSome", MetricData=data)
    found = {metric["Namespace"] for metric in cloudwatch.list_metrics()["Metrics"]}
    assert "AWSome" in found
    assert "AWS/Lambda" not in found


BOTH_REFUSE = [
    "rate(0 minutes)", "rate(5 weeks)", "rate(5minutes)", "rate(-1 day)", "rate(1.5 hours)", "rate(5 minutes) ",
    "every day", "cron()", "cron(0 3 * * *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(7 20 * * 1-7 *)",
    "cron(60 3 ? * SUN *)", "cron(0 24 ? * SUN *)", "cron(0 3 32 * ? *)", "cron(0 3 0 * ? *)", "cron(0 3 ? 13 SUN *)",
    "cron(0 3 ? * 0 *)", "cron(0 3 ? * 8 *)", "cron(15 12 ? * -1 *)", "cron(0 3 ? * FUN *)", "cron(0 3 ? * SUN 1969)",
    "cron(*/60 * * * ? *)", "cron(0 3 ? * 3#1,6#3 *)", "cron(0 3 L * SUN *)", "cron(0 3 ? * 3#6 *)",
    "cron(0 W ? * SUN *)", "cron(1-2-3 * * * ? *)", "cron(, * * * ? *)", "at(2030-01-01)", "at(tomorrow)",
]  # fmt: skip
ONLY_RULES_REFUSE = ["rate(1 days)", "rate(5 day)", "at(2030-01-01T00:00:00)"]
BOTH_TAKE = [
    "rate(1 day)", "rate(1 hour)", "rate(5 minutes)", "rate(10 days)", "cron(0 3 ? * SUN *)",
    "cron(0/15 10-16 ? * MON-FRI *)", "cron(0 8 1 JAN,FEB ? *)", "cron(0 8 L * ? *)", "cron(0 8 3W * ? *)",
    "cron(0 8 ? * 6L 2030-2040)", "cron(0 8 ? * 3#2 *)", "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)", "cron(*/1 * * * ? *)",
    "cron(0 8 LW * ? *)",
]  # fmt: skip


@pytest.mark.parametrize("expression", BOTH_REFUSE + ONLY_RULES_REFUSE + BOTH_TAKE)
def test_schedule_expressions_of_rules(expression):
    def put():
        check_rules("events", "PutRule", {"Name": "r", "ScheduleExpression": expression})

    if expression in BOTH_TAKE:
        put()
        return
    with pytest.raises(AwsError) as refused:
        put()
    assert (refused.value.code, refused.value.message) == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )


@pytest.mark.parametrize("expression", BOTH_REFUSE + ONLY_RULES_REFUSE + BOTH_TAKE)
@pytest.mark.parametrize("operation", ["CreateSchedule", "UpdateSchedule"])
def test_schedule_expressions_of_the_scheduler(operation, expression):
    def put():
        check_rules("scheduler", operation, {"Name": "s", "ScheduleExpression": expression})

    if expression not in BOTH_REFUSE:
        put()
        return
    with pytest.raises(AwsError, match="ValidationException: Invalid Schedule Expression"):
        put()


def test_a_schedule_is_refused_whoever_sends_it(local_cloud):
    events = client("events")
    with pytest.raises(ClientError, match="Parameter ScheduleExpression is not valid"):
        events.put_rule(Name="often", ScheduleExpression="rate(1 days)")
    events.put_rule(Name="pattern", EventPattern='{"source": ["aws.sagemaker"]}')
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == ["pattern"]


def test_a_key_has_at_most_1024_bytes(local_cloud):
    s3 = client("s3")
    s3.create_bucket(Bucket="long-keys")
    longest = "\u00e9" * 512
    s3.put_object(Bucket="long-keys", Key=longest, Body=b"1")
    source = {"Bucket": "long-keys", "Key": longest}
    for key in (longest + "a", "a" * 1025):
        with pytest.raises(ClientError, match=r"\(KeyTooLongError\) .* Your key is too long"):
            s3.put_object(Bucket="long-keys", Key=key, Body=b"1")
        with pytest.raises(ClientError, match="KeyTooLongError"):
            s3.copy_object(Bucket="long-keys", Key=key, CopySource=source)
        with pytest.raises(ClientError, match="KeyTooLongError"):
            s3.create_multipart_upload(Bucket="long-keys", Key=key)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="long-keys")["Contents"]] == [longest]
