"""Which permissions a request needs, and whether a role's policies grant them."""

import pytest

from localcloud.http_requests import identify
from localcloud.iam_audit.actions import Permission, needed_permissions
from localcloud.iam_audit.evaluator import Call, is_allowed

SAGEMAKER = "arn:aws:sagemaker:us-east-1:123456789012:"


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
