"""Requests are read and answers written in AWS's protocols."""

import datetime
import io
from xml.etree import ElementTree

import pytest

from localcloud.http_requests import identify, read_body
from localcloud.query_protocol import parse_query, query_response, service_model
from localcloud.rest_operations import rest_operation

SIGNED = "AWS4-HMAC-SHA256 Credential=key/20261120/us-east-1/{}/aws4_request, SignedHeaders=host"


def environ(method="POST", path="/", query="", body=b"", **headers):
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
    }


@pytest.mark.parametrize(
    ("request_environ", "service", "name"),
    [
        (
            environ(HTTP_AUTHORIZATION=SIGNED.format("sagemaker"), HTTP_X_AMZ_TARGET="SageMaker.CreateModel"),
            "sagemaker",
            "CreateModel",
        ),
        (
            environ(
                body=b"Action=ListTopics&Version=1",
                CONTENT_TYPE="application/x-www-form-urlencoded; charset=utf-8",
                HTTP_AUTHORIZATION=SIGNED.format("sns"),
            ),
            "sns",
            "ListTopics",
        ),
        (
            environ(
                path="/service/GraniteService/operation/PutDashboard", HTTP_AUTHORIZATION=SIGNED.format("monitoring")
            ),
            "monitoring",
            "PutDashboard",
        ),
        (environ("GET", "/b/k", "X-Amz-Credential=key%2F20261120%2Fus-east-1%2Fs3%2Faws4_request"), "s3", None),
        (environ("GET", "/b/k"), "s3", None),
    ],
)
def test_a_request_names_its_service_and_operation(request_environ, service, name):
    operation = identify(request_environ)
    assert (operation.service, operation.name) == (service, name)


def test_a_body_can_be_read_twice():
    request = environ(body=b"once")
    assert [read_body(request), read_body(request)] == [b"once", b"once"]


@pytest.mark.parametrize(
    ("service", "method", "path", "query", "name"),
    [
        ("s3", "PUT", "/bucket/a/b", "renameObject", "RenameObject"),
        ("s3", "PUT", "/bucket", "analytics&id=1", "PutBucketAnalyticsConfiguration"),
        ("s3", "PUT", "/bucket/a/b", "", "PutObject"),
        ("s3", "PUT", "/bucket/a/b", "partNumber=1&uploadId=u", "UploadPart"),
        ("s3", "DELETE", "/bucket/a/b", "", "DeleteObject"),
        ("s3", "DELETE", "/bucket/a/b", "uploadId=u", "AbortMultipartUpload"),
        ("s3", "PUT", "/bucket", "lifecycle", "PutBucketLifecycleConfiguration"),
        ("lambda", "GET", "/2016-08-19/account-settings/", "", "GetAccountSettings"),
        ("eks", "POST", "/clusters", "", "CreateCluster"),
        ("eks", "GET", "/nothing/like/this", "", None),
        ("no-such-service", "GET", "/", "", None),
    ],
)
def test_rest_operations_have_names(service, method, path, query, name):
    assert rest_operation(service, environ(method, path, query, HTTP_HOST="localhost:1")) == name


def test_a_put_with_a_source_is_a_copy():
    request = environ("PUT", "/bucket/a/b", HTTP_HOST="localhost:1", HTTP_X_AMZ_COPY_SOURCE="bucket/c")
    assert rest_operation("s3", request) == "CopyObject"


def test_a_bucket_in_the_host_name_is_part_of_the_path():
    request = environ("PUT", "/a/b", "renameObject", HTTP_HOST="bucket.localhost:4599")
    assert rest_operation("s3", request) == "RenameObject"


def test_query_requests_become_structures():
    body = (
        b"Action=CreateStack&StackName=s&DisableRollback=true&TimeoutInMinutes=5&Capabilities.member.2=B"
        b"&Capabilities.member.1=A&Tags.member.1.Key=k&Tags.member.1.Value=a%26b"
    )
    model = service_model("cloudformation").operation_model("CreateStack")
    assert parse_query(body, model) == {
        "StackName": "s",
        "DisableRollback": True,
        "TimeoutInMinutes": 5,
        "Capabilities": ["A", "B"],
        "Tags": [{"Key": "k", "Value": "a&b"}],
    }


def test_query_answers_escape_text_and_leave_out_none():
    model = service_model("cloudformation").operation_model("DescribeStacks")
    created = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)
    stack = {"StackName": "a<b", "CreationTime": created, "DisableRollback": False, "RoleARN": None}
    text = query_response({"Stacks": [stack]}, model).get_data(as_text=True)
    member = ElementTree.fromstring(text).find(".//{*}member")
    assert {child.tag.rpartition("}")[2]: child.text for child in member} == {
        "StackName": "a<b",
        "CreationTime": "2026-11-20T12:00:00.000Z",
        "DisableRollback": "false",
    }


def test_a_member_that_the_model_does_not_know_is_a_defect():
    model = service_model("cloudformation").operation_model("DescribeStacks")
    with pytest.raises(TypeError, match="Colour"):
        query_response({"Stacks": [{"Colour": "red"}]}, model)
