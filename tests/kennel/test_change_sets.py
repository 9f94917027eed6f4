"""Plans of stacks: change sets that are described and deleted, against the local cloud and against AWS's answers."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from kennel.cloud import diff
from kennel.cloud.assembly import Stack
from kennel.cloud.change_sets import MAX_INLINE_BYTES, Planner, compared
from kennel.cloud.diff import Severity
from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

BUCKET = "AWS::S3::Bucket"
ROLE = "arn:aws:iam::123456789012:role/cfn-exec"


def stack(name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> Stack:
    template = {"Resources": resources, **({"Outputs": outputs} if outputs else {}), **more}
    body, roles = json.dumps(template), ("arn:aws:iam::123456789012:role/deploy", ROLE, "")
    return Stack(name, template, body, "cdk-assets", "template.json", *roles, "/cdk-bootstrap/x/version", 6)


class Clients:
    """The part of a session that a planner uses."""

    def __init__(self, *stubbed: Any) -> None:
        self._stubbed = {client.meta.service_model.service_name: client for client in stubbed}

    def client_as(self, service: str, role: str) -> Any:
        return self._stubbed.get(service) or boto3.client(service)


def planner(*stubbed: Any) -> Planner:
    return Planner(Clients(*stubbed))  # type: ignore[arg-type]


def test_reading_templates_is_all_that_a_diff_of_templates_does() -> None:
    """The stub refuses every other call."""
    old, new = stack("s", {"Data": {"Type": BUCKET}}), stack("s", {"More": {"Type": BUCKET}})
    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        found = {"StackName": "s", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
        stub.add_response("describe_stacks", {"Stacks": [found]}, {"StackName": "s"})
        template = {"StackName": "s", "TemplateStage": "Original"}
        stub.add_response("get_template", {"TemplateBody": old.body}, template)
        plan = Planner(Clients(client), templates_only=True).plan(new, [new])  # type: ignore[arg-type]
        stub.assert_no_pending_responses()
    assert plan.exists and not plan.error and not plan.missing


def deploy(made: Stack) -> None:
    client = boto3.client("cloudformation")
    client.create_stack(StackName=made.name, TemplateBody=made.body)
    deadline = time.monotonic() + 60
    while client.describe_stacks(StackName=made.name)["Stacks"][0]["StackStatus"] != "CREATE_COMPLETE":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_stack_that_is_not_deployed_leaves_no_shell(local_cloud) -> None:
    new = stack("fresh", {"Data": {"Type": BUCKET}})
    plan = planner().plan(new, [new])
    assert not plan.exists and [(change.action, change.resource) for change in plan.changes] == [("Add", "Data")]
    deadline = time.monotonic() + 30
    while shells := [
        s for s in boto3.client("cloudformation").describe_stacks()["Stacks"] if s["StackName"] == "fresh"
    ]:
        assert time.monotonic() < deadline, shells
        time.sleep(0.1)


def test_what_goes_with_its_content_comes_first(local_cloud) -> None:
    names = {"Lost": "lost-1", "Kept": "kept-1", "Moved": "moved-1"}
    old = {name: {"Type": BUCKET, "Properties": {"BucketName": value}} for name, value in names.items()}
    old["Kept"]["DeletionPolicy"] = "Retain"
    old["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a"}}
    deploy(stack("words", old))
    new = {
        "Moved": {"Type": BUCKET, "Properties": {"BucketName": "moved-2"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "b"}},
        "Fresh": {"Type": BUCKET},
    }
    after = stack("words", new)
    effects = diff.effects([planner().plan(after, [after])])
    found = [(item.severity, item.change.resource) for item in effects]
    assert found == [
        (Severity.LOST, "Lost"),
        (Severity.LOST, "Moved"),
        (Severity.KEPT, "Kept"),
        (Severity.CHANGED, "Topic"),
        (Severity.NEW, "Fresh"),
    ]
    assert effects[1].sentence == "is replaced, because BucketName changes; the old one is deleted with its objects"
    assert not boto3.client("cloudformation").list_change_sets(StackName="words")["Summaries"]


def test_a_stack_that_imports_what_is_not_there_is_compared_by_template(local_cloud) -> None:
    topic = {"Type": "AWS::SNS::Topic"}
    deploy(stack("importer", {"A": topic, "B": {"Type": BUCKET}, "C": topic}))
    owner = stack("owner", {"T": {"Type": BUCKET}}, {"T": {"Value": "x", "Export": {"Name": "owner-t"}}})
    imported = {"Fn::ImportValue": "owner-t"}
    resources = {
        "A": {**topic, "Properties": {"TopicName": imported}},
        "C": {**topic, "Properties": {"DisplayName": imported}},
    }
    after = stack("importer", resources)
    plan = planner().plan(after, [owner, after])
    assert plan.missing == ("owner-t",)
    assert [(item.severity, item.sentence) for item in diff.effects([plan])] == [
        (
            Severity.LOST,
            "may be replaced, because TopicName changes; the old one is deleted with its confirmed subscriptions",
        ),
        (Severity.LOST, "is deleted with its objects"),
        (Severity.CHANGED, "is changed in place"),
    ]


def test_of_a_type_without_a_known_schema_nothing_is_claimed() -> None:
    old = {"Resources": {"A": {"Type": "Custom::Empty", "Properties": {"Bucket": "a"}}}}
    new = stack("s", {"A": {"Type": "Custom::Empty", "Properties": {"Bucket": "b"}}})
    (found,) = (diff.effect(change) for change in compared(new, old))
    assert found.severity is Severity.UNKNOWN
    assert found.sentence == "is changed; whether it is replaced is not known without a change set"


def test_the_hash_is_of_both_sides(local_cloud) -> None:
    one, other = (stack("hashed", {name: {"Type": BUCKET}}) for name in ("One", "Other"))
    undeployed = {diff.fingerprint(planner(), [made]) for made in (one, one, other)}
    assert len(undeployed) == 2
    deploy(one)
    assert not {diff.fingerprint(planner(), [made]) for made in (one, other)} & undeployed


def aws(service: str = "cloudformation") -> tuple[Any, Stubber]:
    url = f"https://{service}.eu-west-1.amazonaws.com"
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client(service, region_name="eu-west-1", endpoint_url=url, **keys)
    return client, Stubber(client)


def test_pages_and_a_large_template() -> None:
    filler = {f"T{number:03}": {"Type": "AWS::SNS::Topic"} for number in range(1500)}
    large = stack("large", filler)
    assert len(large.body) > MAX_INLINE_BYTES
    client, formation = aws()
    s3, objects = aws("s3")
    objects.add_response(
        "put_object", {}, {"Bucket": "cdk-assets", "Key": "template.json", "Body": large.body.encode()}
    )
    formation.add_client_error("describe_stacks", "ValidationError", "Stack with id large does not exist")
    formation.add_response(
        "create_change_set",
        {"Id": "i", "StackId": "s"},
        {
            "StackName": "large",
            "ChangeSetName": ANY,
            "ChangeSetType": "CREATE",
            "RoleARN": ROLE,
            "Capabilities": ANY,
            "Tags": [],
            "Parameters": [],
            "TemplateURL": "https://s3.eu-west-1.amazonaws.com/cdk-assets/template.json",
        },
    )
    change = {"Type": "Resource", "ResourceChange": {"Action": "Add", "LogicalResourceId": "T", "ResourceType": "X"}}
    for more in ({"NextToken": "n"}, {}):
        formation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": [change], **more})
    formation.add_response("delete_change_set", {})
    shell = {"StackName": "large", "CreationTime": "2026-01-01", "StackStatus": "REVIEW_IN_PROGRESS"}
    formation.add_response("describe_stacks", {"Stacks": [shell]})
    formation.add_response("delete_stack", {}, {"StackName": "large"})
    with formation, objects:
        assert len(planner(client, s3).plan(large, [large]).changes) == 2
    formation.assert_no_pending_responses()
    objects.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("The submitted information didn't contain changes. Submit different information.", ""),
        ("Resource X is not supported", "Resource X is not supported"),
    ],
)
def test_a_failed_change_set_is_an_error_unless_nothing_changes(reason: str, error: str) -> None:
    client, formation = aws()
    found = {"StackName": "s", "CreationTime": "2026-01-01", "StackStatus": "CREATE_COMPLETE"}
    formation.add_response("describe_stacks", {"Stacks": [found]})
    formation.add_response("create_change_set", {"Id": "i", "StackId": "s"})
    formation.add_response("describe_change_set", {"Status": "FAILED", "StatusReason": reason})
    formation.add_response("delete_change_set", {})
    made = stack("s", {"A": {"Type": BUCKET}})
    with formation:
        plan = planner(client).plan(made, [made])
    assert (plan.error, plan.changes) == (error, ())
