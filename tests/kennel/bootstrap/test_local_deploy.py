"""CloudFormation with the policy alone, in the local cloud: create, update and delete all stacks of an environment.

The local cloud makes resources by calls of its own choice to each service's API, and its audit knows what IAM checks
for each: neither has seen the policy's table. AWS's handlers also call what the local cloud has no need of, mostly to
read; of that this shows nothing (docs/never-run.md, `execution-policy`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import config
from checks.assembly import Assembly
from config.app import AppConfig
from config.base import LOCAL_ACCOUNT
from kennel.bootstrap import policy
from kennel.bootstrap.needs import needs
from localcloud import ImageCommand, LocalCloud
from localcloud.iam_audit import Call, calls, denied_calls
from localcloud.iam_audit.evaluator import is_allowed, role_statements
from tests.stacks.assemblies import synthesize
from tests.stacks.local_deploy import deploy, destroy, reasons

pytestmark = pytest.mark.slow  # three deployments of everything

ROLE = f"arn:aws:iam::{LOCAL_ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{LOCAL_ACCOUNT}-us-east-1"
NAME = ROLE.rpartition("/")[2]
STOCK = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch*"
SERVER = Path(__file__).parents[2] / "localcloud" / "endpoints" / "model_server.py"


def settings(environment: str = "dev") -> AppConfig:
    """With all that an environment can have: an endpoint, a Studio, a subscriber."""
    dev = config.load(environment)
    changes = {
        "account": LOCAL_ACCOUNT,
        "notify": ("team@example.org",),
        "endpoint": dev.endpoint.model_copy(update={"enabled": True}),
        "studio": dev.studio.model_copy(update={"enabled": True}),
    }
    return dev.model_copy(update=changes)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    server = ImageCommand("*/kennel-dev/*", "serving", (sys.executable, str(SERVER)))
    with LocalCloud(images=[ImageCommand(STOCK, "training"), server]) as running:
        yield running


@pytest.fixture(scope="module")
def lived(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> LocalCloud:
    """The stacks were created, updated and deleted, by a role that has the policies of `kennel bootstrap-policy`."""
    folder = synthesize(settings(), tmp_path_factory.mktemp("dev"), rule_packs=False)
    bootstrap(policy.template("Kennel-Dev-Execution", needs(settings(), Assembly.load(folder))))
    for status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        ended = deploy(folder, ROLE)
        assert set(ended.values()) == {status} and len(ended) == 6, (ended, reasons(list(ended)[-1]))
        change(folder)
    assert set(destroy(folder).values()) == {"DELETE_COMPLETE"}
    return cloud


def bootstrap(template: dict[str, Any]) -> None:
    """As `cdk bootstrap --cloudformation-execution-policies` does."""
    formation, iam = boto3.client("cloudformation"), boto3.client("iam")
    formation.create_stack(
        StackName="Policies", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    (output,) = formation.describe_stacks(StackName="Policies")["Stacks"][0]["Outputs"]
    iam.delete_role_policy(RoleName=NAME, PolicyName="AdministratorAccess")
    for arn in output["OutputValue"].split(","):
        iam.attach_role_policy(RoleName=NAME, PolicyArn=arn)


def change(folder: Path) -> None:
    """A tag more on everything that has tags, and other values where an update is in place."""
    for path in folder.glob("*.template.json"):
        template = json.loads(path.read_text())
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if isinstance(properties.get("Tags"), list):
                properties["Tags"].append({"Key": "cost-center", "Value": "42"})
            for name, value in {"RetentionInDays": 30, "MemorySize": 512, "Threshold": 7, "MaxCapacity": 5}.items():
                if name in properties:
                    properties[name] = value
        path.write_text(json.dumps(template))


def made(cloud: LocalCloud) -> list[Call]:
    return [call for call in calls(cloud.cloud.client) if call.role == ROLE]


def test_every_call_of_cloudformation_is_one_that_the_policy_allows(lived: LocalCloud) -> None:
    assert len({call.action for call in made(lived)}) > 100
    assert [call for call in denied_calls(lived.cloud.client) if call.role == ROLE] == []


def test_without_any_one_of_its_actions_a_deploy_would_be_denied(lived: LocalCloud) -> None:
    statements = role_statements(lived.cloud.client("iam"), ROLE)
    for call in made(lived):
        less = [{**item, "Action": [name for name in item["Action"] if name != call.action]} for item in statements]
        assert is_allowed(call, statements) and not is_allowed(call, less), call  # type: ignore[arg-type]


def test_another_environments_policy_reaches_nothing_that_has_a_name(lived: LocalCloud, tmp_path: Path) -> None:
    prod = settings("prod")
    folder = synthesize(prod, tmp_path, rule_packs=False)
    text = json.dumps(policy.documents(needs(prod, Assembly.load(folder))))
    filled = text.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", LOCAL_ACCOUNT)
    statements = [item for document in json.loads(filled) for item in document["Statement"]]
    named = [call for call in made(lived) if "ennel-" in (call.resource or "").lower()]
    reached = {call.action for call in named if is_allowed(call, statements)}
    assert len(named) > 100 and reached <= SHARED, reached


SHARED = {"sagemaker:CreateDomain", "sagemaker:AddTags"}
"""A domain is created under its name here, and under a random id in AWS."""
