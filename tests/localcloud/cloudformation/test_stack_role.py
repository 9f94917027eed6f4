"""A stack's role: CloudFormation makes, changes and deletes resources as it, and its calls are recorded as its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.iam_audit import calls, denied_calls

ROLE = "arn:aws:iam::123456789012:role/builder"
TEMPLATE = {
    "Parameters": {"Given": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/given"}},
    "Resources": {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Given"}}},
        "Note": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": "{{resolve:ssm:/given}}"},
        },
    },
}


def stack(client: Any, name: str, verb: str, template: dict[str, Any], **more: Any) -> None:
    formation = client("cloudformation")
    body = json.dumps(template)
    getattr(formation, f"{verb}_stack")(StackName=name, TemplateBody=body, **more)
    formation.get_waiter(f"stack_{verb}_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


@pytest.fixture
def client(local_cloud: Any) -> Any:
    client = local_cloud.cloud.client
    client("ssm").put_parameter(Name="/given", Value="news", Type="String", Overwrite=True)
    return client


def asked(client: Any) -> set[str]:
    return {call.action for call in calls(client) if call.role == ROLE}


def test_a_stack_acts_as_its_role_until_it_is_gone(client: Any) -> None:
    stack(client, "with-role", "create", TEMPLATE, RoleARN=ROLE)
    assert {"ssm:GetParameters", "sns:CreateTopic", "ssm:PutParameter"} <= asked(client)
    assert "sns:DeleteTopic" not in asked(client)
    less = {**TEMPLATE, "Resources": {"Note": TEMPLATE["Resources"]["Note"]}}
    stack(client, "with-role", "update", less)
    assert "sns:DeleteTopic" in asked(client), "the role stays with the stack"
    client("cloudformation").delete_stack(StackName="with-role")
    assert "ssm:DeleteParameter" in asked(client)
    assert {call.action for call in denied_calls(client)} == asked(client), "it does not exist"


def test_a_stack_without_a_role_is_nobodys_call(client: Any) -> None:
    before = calls(client)
    stack(client, "without-role", "create", {**TEMPLATE, "Resources": {"Note": TEMPLATE["Resources"]["Note"]}})
    assert calls(client) == before


def test_a_generated_parameter_has_the_name_that_aws_gives_it(client: Any) -> None:
    (found,) = client("cloudformation").describe_stack_resources(StackName="without-role")["StackResources"]
    assert found["PhysicalResourceId"].startswith("CFN-Note-")


def test_a_parameter_that_is_not_there_is_refused_in_cloudformations_words(client: Any) -> None:
    absent = {**TEMPLATE, "Parameters": {"Given": {**TEMPLATE["Parameters"]["Given"], "Default": "/absent"}}}
    with pytest.raises(client("cloudformation").exceptions.ClientError) as refused:
        client("cloudformation").create_stack(StackName="absent", TemplateBody=json.dumps(absent))
    assert refused.value.response["Error"] == {
        "Code": "ValidationError",
        "Message": "Unable to fetch parameters [/absent] from parameter store for this account.",
        "Type": "Sender",
    }
