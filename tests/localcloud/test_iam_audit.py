"""Which permissions a request needs, and whether a role's policies grant them."""

import pytest

from localcloud.http_requests import identify
from localcloud.iam_audit.actions import Permission, needed_permissions
from localcloud.iam_audit.evaluator import Call, is_allowed

SAGEMAKER = "arn:aws:sagemaker:us-east-1:123456789012:"
STACKS = "arn:aws:cloudformation:us-east-1:123456789012:stack/"
FORM = "application/x-www-form-urlencoded"


def request(service, method="POST", path="/", query="", body=b"", **headers):
    """A signed request as the server gets it."""
    import io

    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "localhost:4599",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/{service}/aws4_request, ...",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
    }


def needs(*arguments, **options):
    environ = request(*arguments, **options)
    return needed_permissions(environ, identify(environ), "us-east-1", "123456789012")


def json_call(service, name, body):
    return needs(service, body=body, CONTENT_TYPE="application/x-amz-json-1.1", HTTP_X_AMZ_TARGET=f"Service.{name}")


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        (("s3", "GET", "/data/a/b.jpg"), {}, [Permission("s3:GetObject", "arn:aws:s3:::data/a/b.jpg")]),
        (("s3", "HEAD", "/data/a"), {}, [Permission("s3:GetObject", "arn:aws:s3:::data/a")]),
        (
            ("s3", "GET", "/data"),
            {"query": "list-type=2&prefix=a/"},
            [Permission("s3:ListBucket", "arn:aws:s3:::data", (("s3:prefix", "a/"),))],
        ),
        (
            ("s3", "PUT", "/data/a"),
            {"query": "partNumber=1&uploadId=u"},
            [Permission("s3:PutObject", "arn:aws:s3:::data/a")],
        ),
        (
            ("s3", "PUT", "/data/new"),
            {"HTTP_X_AMZ_COPY_SOURCE": "/old/key%20a"},
            [Permission("s3:PutObject", "arn:aws:s3:::data/new"), Permission("s3:GetObject", "arn:aws:s3:::old/key a")],
        ),
        (
            ("s3", "POST", "/data"),
            {"query": "delete", "body": b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>"},
            [
                Permission("s3:DeleteObject", "arn:aws:s3:::data/a"),
                Permission("s3:DeleteObject", "arn:aws:s3:::data/b"),
            ],
        ),
        (
            ("lambda", "POST", "/2015-03-31/functions/plan-run/invocations"),
            {},
            [Permission("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:plan-run")],
        ),
        (
            ("cloudformation",),
            {"body": b"Action=DescribeStacks&StackName=Mine", "CONTENT_TYPE": FORM},
            [Permission("cloudformation:DescribeStacks", f"{STACKS}Mine/*")],
        ),
        (
            ("cloudformation",),
            {"body": f"Action=DescribeStacks&StackName={STACKS}Mine/1".encode(), "CONTENT_TYPE": FORM},
            [Permission("cloudformation:DescribeStacks", f"{STACKS}Mine/1")],
        ),
        (
            ("cloudformation",),
            {"body": b"Action=DescribeStacks", "CONTENT_TYPE": FORM},
            [Permission("cloudformation:DescribeStacks", "*")],
        ),
        (
            ("sagemaker", "POST", "/endpoints/kennel/invocations"),
            {"HTTP_X_AMZN_SAGEMAKER_TARGET_MODEL": "m.tar.gz"},
            [
                Permission(
                    "sagemaker:InvokeEndpoint", f"{SAGEMAKER}endpoint/kennel", (("sagemaker:TargetModel", "m.tar.gz"),)
                )
            ],
        ),
    ],
)
def test_what_a_rest_request_needs(arguments, options, expected):
    assert needs(*arguments, **options) == expected


def test_creating_a_job_needs_permission_to_pass_its_role_and_add_its_tags():
    body = b'{"TrainingJobName": "t", "RoleArn": "arn:aws:iam::1:role/job", "Tags": [{"Key": "a", "Value": "b"}]}'
    assert json_call("sagemaker", "CreateTrainingJob", body) == [
        Permission("sagemaker:CreateTrainingJob", f"{SAGEMAKER}training-job/t"),
        Permission("sagemaker:AddTags", f"{SAGEMAKER}training-job/t"),
        Permission("iam:PassRole", "arn:aws:iam::1:role/job", (("iam:PassedToService", "sagemaker.amazonaws.com"),)),
    ]


def test_sagemaker_permissions_name_their_resources():
    def resources(name, body):
        return [want.resource for want in json_call("sagemaker", name, body)]

    update = b'{"EndpointName": "kennel", "EndpointConfigName": "new"}'
    assert resources("UpdateEndpoint", update) == [f"{SAGEMAKER}endpoint/kennel", f"{SAGEMAKER}endpoint-config/new"]
    job = b'{"TransformJobName": "t", "ModelName": "m"}'
    assert resources("CreateTransformJob", job) == [f"{SAGEMAKER}transform-job/t"]
    arn = f"{SAGEMAKER}model-package/group/3"
    assert resources("UpdateModelPackage", f'{{"ModelPackageArn": "{arn}"}}'.encode()) == [arn]
    assert resources("CreateModelPackage", b'{"ModelPackageGroupName": "g"}') == [f"{SAGEMAKER}model-package/g/1"]
    search = b'{"HyperParameterTuningJobName": "h"}'
    assert resources("DescribeHyperParameterTuningJob", search) == [f"{SAGEMAKER}hyper-parameter-tuning-job/h"]
    assert resources("ListTrainingJobs", b"{}") == [None]


def query(service, name, **fields):
    from urllib.parse import urlencode

    body = urlencode({"Action": name, **fields}).encode()
    return needs(service, body=body, CONTENT_TYPE="application/x-www-form-urlencoded")


ROLE = "arn:aws:iam::123456789012:role/builder"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            lambda: query(
                "iam", "CreateRole", RoleName="builder", PermissionsBoundary="b", **{"Tags.member.1.Key": "k"}
            ),
            [("iam:CreateRole", ROLE), ("iam:TagRole", ROLE)],
        ),
        (
            lambda: query("ec2", "CreateSubnet", VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.0.0/24"),
            [("ec2:CreateSubnet", "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0123456789abcdef0")],
        ),
        (lambda: query("ec2", "DescribeVpcs", **{"VpcId.1": "vpc-0123456789abcdef0"}), [("ec2:DescribeVpcs", None)]),
        (
            lambda: query("monitoring", "DeleteAlarms", **{"AlarmNames.member.1": "slow"}),
            [("cloudwatch:DeleteAlarms", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow")],
        ),
        (
            lambda: json_call("sqs", "GetQueueAttributes", b'{"QueueUrl": "http://localhost/123456789012/failed"}'),
            [("sqs:GetQueueAttributes", "arn:aws:sqs:us-east-1:123456789012:failed")],
        ),
        (
            lambda: json_call("budgets", "CreateBudget", b'{"AccountId": "1", "Budget": {"BudgetName": "month"}}'),
            [("budgets:ModifyBudget", "arn:aws:budgets::123456789012:budget/month")],
        ),
        (
            lambda: json_call("ssm", "GetParameters", b'{"Names": ["/a/b", "c"]}'),
            [
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/a/b"),
                ("ssm:GetParameters", "arn:aws:ssm:us-east-1:123456789012:parameter/c"),
            ],
        ),
        (
            lambda: json_call("sagemaker", "DeleteUserProfile", b'{"DomainId": "d-1", "UserProfileName": "me"}'),
            [("sagemaker:DeleteUserProfile", f"{SAGEMAKER}user-profile/d-1/me")],
        ),
    ],
)
def test_what_makes_a_stack_is_named(found, expected):
    assert [(want.action, want.resource) for want in found()] == expected


def test_a_boundary_is_known_where_a_role_is_made():
    made, *_ = query("iam", "CreateRole", RoleName="builder", PermissionsBoundary="arn:b")
    assert made.context == (("iam:PermissionsBoundary", "arn:b"),)


@pytest.mark.parametrize(
    ("service", "name", "body", "principal"),
    [
        ("events", "PutTargets", f'{{"Rule": "r", "Targets": [{{"Id": "1", "RoleArn": "{ROLE}"}}]}}', "events"),
        ("codebuild", "CreateProject", f'{{"name": "p", "serviceRole": "{ROLE}"}}', "codebuild"),
        ("sagemaker", "UpdateDomain", f'{{"DefaultUserSettings": {{"ExecutionRole": "{ROLE}"}}}}', "sagemaker"),
    ],
)
def test_a_role_that_is_handed_on_is_passed(service, name, body, principal):
    *_, last = json_call(service, name, body.encode())
    assert last == Permission("iam:PassRole", ROLE, (("iam:PassedToService", f"{principal}.amazonaws.com"),))


def test_a_flow_log_passes_its_role_to_another_service():
    *_, last = query("ec2", "CreateFlowLogs", DeliverLogsPermissionArn=ROLE)
    assert last.context == (("iam:PassedToService", "vpc-flow-logs.amazonaws.com"),)


def test_a_function_is_named_in_the_body_that_makes_it():
    body = f'{{"FunctionName": "plan", "Role": "{ROLE}", "Tags": {{"a": "b"}}}}'.encode()
    found = needs("lambda", path="/2015-03-31/functions", body=body, CONTENT_TYPE="application/json")
    function = "arn:aws:lambda:us-east-1:123456789012:function:plan"
    assert [(want.action, want.resource) for want in found] == [
        ("lambda:CreateFunction", function),
        ("lambda:TagResource", function),
        ("iam:PassRole", ROLE),
    ]


@pytest.mark.parametrize(
    ("query", "action"),
    [("encryption", "PutEncryptionConfiguration"), ("publicAccessBlock", "PutBucketPublicAccessBlock"),
     ("lifecycle", "PutLifecycleConfiguration")],
)  # fmt: skip
def test_operations_on_buckets_have_actions_of_other_names(query, action):
    for method in ("PUT", "DELETE"):
        assert needs("s3", method, "/data", query=query)[0].action == f"s3:{action}"


def test_metrics_have_a_namespace_as_context_and_logs_a_stream_as_resource():
    query = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "body": b"Action=PutMetricData&Namespace=Kennel"}
    assert needs("monitoring", **query) == [
        Permission("cloudwatch:PutMetricData", None, (("cloudwatch:namespace", "Kennel"),))
    ]
    [put] = json_call("logs", "PutLogEvents", b'{"logGroupName": "/g", "logStreamName": "s"}')
    assert put == Permission("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/g:log-stream:s")


def allowed(statements, action="s3:GetObject", resource="arn:aws:s3:::data/a", **context):
    return is_allowed(Call("role", action, resource, context), statements)


def allow(action="s3:Get*", resource="arn:aws:s3:::data/*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_actions_and_resources_match_as_iam_matches_them():
    assert allowed([allow()])
    assert allowed([allow(["s3:PutObject", "S3:getobject"])])
    assert not allowed([allow("s3:Put*")])
    assert not allowed([allow(resource="arn:aws:s3:::data/b*")])
    assert not allowed([allow(resource="arn:aws:s3:::DATA/*")])
    assert allowed([allow(resource="arn:aws:s3:::data/b*")], resource=None)  # the request does not name one
    assert not allowed([])
    assert not allowed([allow(), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}])
    assert not allowed([{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}])
    assert allowed([{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::other/*"}])


def test_conditions_are_checked_on_the_known_context_of_a_call():
    prefix = allow(Condition={"StringLike": {"s3:prefix": ["a/*", "b/*"]}})
    assert allowed([prefix], **{"s3:prefix": "b/1"})
    assert not allowed([prefix], **{"s3:prefix": "c/1"})
    assert allowed([allow(Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})])  # unknown: an Allow allows
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert allowed([allow(), {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}])
    assert allowed([allow(), {**deny, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}])
    assert not allowed([allow(), {**deny, "Condition": {"StringNotEquals": {"s3:prefix": "a"}}}], **{"s3:prefix": "b"})
