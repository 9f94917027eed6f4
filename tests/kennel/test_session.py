"""What a session asks of CloudFormation, with the permissions of a notebook in Studio."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from kennel.cloud.session import Session
from localcloud import LocalCloud
from localcloud.iam_audit import denied_calls
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.stacks.test_iam import allowed

__all__ = ["local_cloud", "local_cloud_images"]

TOPIC = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Topic": {"Value": {"Ref": "T"}}}}


@pytest.fixture
def notebook(local_cloud: LocalCloud) -> Any:
    """A client of a role that may describe the stacks that the Studio role of `prod` may."""
    iam = local_cloud.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="notebook", AssumeRolePolicyDocument=document)
    (statement,) = [item for item in allowed("StudioRole", "prod") if "cloudformation:DescribeStacks" in item.actions]
    places = {"Partition": "aws", "Region": "us-east-1", "AccountId": "123456789012"}
    resources = list(statement.resources)
    for name, value in places.items():
        resources = [resource.replace(f"${{AWS::{name}}}", value) for resource in resources]
    policy = {"Effect": "Allow", "Action": list(statement.actions), "Resource": resources}
    permissions = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_role_policy(RoleName="notebook", PolicyName="p", PolicyDocument=permissions)
    return local_cloud.cloud.client("cloudformation", role=role["Role"]["Arn"])


def test_a_notebook_may_read_the_stacks_of_its_environment(local_cloud: LocalCloud, notebook: Any) -> None:
    own = local_cloud.cloud.client("cloudformation")
    for name in ("Kennel-Prod-Storage", "Kennel-Prod-Training", "Somebody-Elses"):
        own.create_stack(StackName=name, TemplateBody=json.dumps(TOPIC))
    config = SimpleNamespace(stack_prefix="Kennel-Prod", environment="prod")
    session: Any = SimpleNamespace(client=lambda service: notebook, config=config)
    assert [stack["StackName"] for stack in Session.stacks(session)] == ["Kennel-Prod-Storage", "Kennel-Prod-Training"]
    assert denied_calls(local_cloud.cloud.client) == []
    notebook.describe_stacks()
    (denied,) = denied_calls(local_cloud.cloud.client)
    assert (denied.action, denied.resource) == ("cloudformation:DescribeStacks", "*"), "AWS permits lists by * only"
