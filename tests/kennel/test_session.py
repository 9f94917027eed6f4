"""What a session asks of CloudFormation, with the permissions of a notebook in Studio."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kennel.cloud import local_record
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


def test_the_local_cloud_needs_no_profile_and_no_proxy(
    local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = local_cloud.cloud.keys.developer
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        f"aws_session_token = {key.token}\n"
    )
    port = int(local_cloud.url.rpartition(":")[2])
    record = local_record.LocalRecord(1, 0.0, "", port, str(tmp_path), "t")
    monkeypatch.setattr(local_record, "require", lambda: record)
    for name in ("no_proxy", "NO_PROXY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "of-work")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Session("local").client("sts").get_caller_identity()["Account"] == "123456789012"
