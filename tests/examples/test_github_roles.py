"""The roles of examples/github_actions trust one repository, and allow what its commands call and little else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore import xform_name

from imgcls.contract import keys
from kennel.workspace.clone import ROOT
from localcloud.iam_audit.evaluator import Call, decision

FOLDER = ROOT / "examples" / "github_actions"


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms as they are in JSON."""


def _short_form(loader: Loader, suffix: str, node: yaml.Node) -> Any:
    value: Any = (
        loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)  # type: ignore[arg-type]
    )
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _short_form)
TEMPLATE = yaml.load((FOLDER / "role.yaml").read_text(), Loader)
VALUES = {
    "AWS::Partition": "aws", "AWS::AccountId": "444455556666", "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com", "Repository": "me/cats", "Project": "cats", "Environment": "prod",
    "StackPrefix": "Cats-Prod", "Subject": "environment:prod", "Branch": "main", "Qualifier": "hnb659fds",
    "ProviderArn": "", "ArtifactsBucket": "cats-prod-artifacts", "DataBucket": "cats-prod-data",
    "Provider": "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com",
}  # fmt: skip


def resolve(value: Any) -> Any:
    if isinstance(value, list):
        return [resolve(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: VALUES[found[1]], value["Fn::Sub"])
    if "Ref" in value:
        return VALUES[value["Ref"]]
    if "Fn::If" in value:
        return resolve(value["Fn::If"][1])
    return {name: resolve(item) for name, item in value.items()}


def role(name: str) -> dict[str, Any]:
    return resolve(TEMPLATE["Resources"][name]["Properties"])


ROLES = {"DeployRole", "ReviewRole", "ModelsRole"}
SUBJECTS = {
    "DeployRole": ["repo:me/cats:environment:prod"],
    "ModelsRole": ["repo:me/cats:environment:prod"],
    "ReviewRole": ["repo:me/cats:pull_request", "repo:me/cats:ref:refs/heads/main"],
}


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_role_trusts_one_repository_and_no_wildcard(name: str) -> None:
    [statement] = role(name)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Federated": VALUES["Provider"]}
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity" and set(statement["Condition"]) == {"StringEquals"}
    issuer, condition = "token.actions.githubusercontent.com", statement["Condition"]["StringEquals"]
    assert set(condition) == {f"{issuer}:aud", f"{issuer}:sub"} and condition[f"{issuer}:aud"] == "sts.amazonaws.com"
    subject = condition[f"{issuer}:sub"]
    assert ([subject] if isinstance(subject, str) else subject) == SUBJECTS[name]
    assert "*" not in str(subject)


@pytest.mark.parametrize(
    ("parameter", "bad", "good"),
    [
        (
            "Subject",
            ["*", "pull_request", "environment:*", "ref:refs/heads/*", "environment:prod:x"],
            "environment:prod",
        ),
        ("Repository", ["me/*", "*", "me", "me/cats:x"], "me/cats"),
        ("Repository", ["me@*/cats", "me@1/cats@", "@1/cats@2"], "octocat@123456/my-repo@456789"),
        ("Branch", ["*", "a*"], "release/1.0"),
        ("Environment", ["prod-2", "*"], "prod"),
    ],
)
def test_no_parameter_widens_the_trust(parameter: str, bad: list[str], good: str) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    assert re.fullmatch(pattern, good) and not [value for value in bad if re.fullmatch(pattern, value)]


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:eu-west-1:444455556666:{rest}"


def bootstrap(kind: str) -> Call:
    return Call(
        "", "sts:AssumeRole", f"arn:aws:iam::444455556666:role/cdk-hnb659fds-{kind}-role-444455556666-eu-west-1", {}
    )


ARTIFACTS = "arn:aws:s3:::cats-prod-artifacts"
STACK = arn("cloudformation", "stack/Cats-Prod-Serving/0a")
TAGS = {"aws:ResourceTag/kennel:project": "cats", "aws:ResourceTag/kennel:environment": "prod"}
KEY = {**TAGS, "kms:ViaService": "s3.eu-west-1.amazonaws.com"}
EXECUTION = arn("states", "execution:cats-prod-pipeline:run")


def s3(action: str, key: str) -> list[Call]:
    return [Call("", f"s3:{action}", f"{ARTIFACTS}/{key}", {})]


def listed(bucket: str, *prefixes: str) -> list[Call]:
    return [Call("", "s3:ListBucket", f"arn:aws:s3:::cats-prod-{bucket}", {"s3:prefix": item}) for item in prefixes]


PREFLIGHT = {
    "batch_get_image": "ecr:BatchGetImage",
    "describe_availability_zones": "ec2:DescribeAvailabilityZones",
    "describe_images": "ecr:DescribeImages",
    "describe_key": "kms:DescribeKey",
    "describe_route_tables": "ec2:DescribeRouteTables",
    "describe_security_groups": "ec2:DescribeSecurityGroups",
    "describe_subnets": "ec2:DescribeSubnets",
    "describe_type": "cloudformation:DescribeType",
    "describe_vpc_attribute": "ec2:DescribeVpcAttribute",
    "describe_vpc_endpoints": "ec2:DescribeVpcEndpoints",
    "describe_vpcs": "ec2:DescribeVpcs",
    "get_key_policy": "kms:GetKeyPolicy",
    "get_parameter": "ssm:GetParameter",
    "get_role": "iam:GetRole",
    "get_topic_attributes": "sns:GetTopicAttributes",
    "list_aws_default_service_quotas": "servicequotas:ListAWSDefaultServiceQuotas",
    "list_service_quotas": "servicequotas:ListServiceQuotas",
    "list_subscriptions_by_topic": "sns:ListSubscriptionsByTopic",
    "list_topics": "sns:ListTopics",
    "simulate_custom_policy": "iam:SimulateCustomPolicy",
    "simulate_principal_policy": "iam:SimulatePrincipalPolicy",
    "validate_state_machine_definition": "states:ValidateStateMachineDefinition",
}
"""What `kennel preflight` calls with the credentials that it is given, and the permission for it."""
_STOCK, _TOPIC = "arn:aws:ecr:eu-west-1:763104351884:repository/pytorch", arn("sns", "cats-alarms")
PREFLIGHT_RESOURCES = {
    "ecr:BatchGetImage": _STOCK,
    "ecr:DescribeImages": _STOCK,
    "iam:GetRole": "arn:aws:iam::444455556666:role/aws-service-role/sagemaker.amazonaws.com/AWSServiceRoleForX",
    "iam:SimulatePrincipalPolicy": bootstrap("cfn-exec").resource,
    "kms:DescribeKey": arn("kms", "key/1"),
    "kms:GetKeyPolicy": arn("kms", "key/1"),
    "sns:GetTopicAttributes": _TOPIC,
    "sns:ListSubscriptionsByTopic": _TOPIC,
    "ssm:GetParameter": arn("ssm", "parameter/cdk-bootstrap/hnb659fds/version"),
}
NEEDED = {
    "DeployRole": [
        *(bootstrap(kind) for kind in ("deploy", "file-publishing", "image-publishing")),
        *(Call("", action, PREFLIGHT_RESOURCES.get(action, "*"), {}) for action in PREFLIGHT.values()),
    ],
    "ReviewRole": [Call("", f"cloudformation:{name}", STACK, {}) for name in ("DescribeStacks", "GetTemplate")],
    "ModelsRole": [
        Call("", "cloudformation:DescribeStacks", "*", {}),
        Call("", "sagemaker:ListModelPackages", "*", {}),
        Call("", "sagemaker:DescribeModelPackage", arn("sagemaker", "model-package/cats-prod-pets/3"), {}),
        *listed("artifacts", keys.STAGED, "models/pets/v1/golden/", keys.reports("run", "pets"), keys.ALIASES),
        *listed("data", keys.dataset("photos")),
        *s3("GetObject", keys.model("pets", "v1")),
        *s3("GetObject", keys.evaluation("run", "pets")),
        *s3("GetObject", keys.alias("pets")),
        *s3("GetObject", keys.staged("pets")),
        *s3("PutObject", keys.run("run", "pets") + "model.tar.gz"),
        Call("", "kms:Decrypt", arn("kms", "key/1"), KEY),
        Call("", "kms:GenerateDataKey", arn("kms", "key/1"), KEY),
        Call("", "states:StartExecution", arn("states", "stateMachine:cats-prod-pipeline"), {}),
        Call("", "states:DescribeExecution", EXECUTION, {}),
        Call("", "states:GetExecutionHistory", EXECUTION, {}),
    ],
}
NEVER = {
    "ReviewRole": [
        *NEEDED["DeployRole"],
        *NEEDED["ModelsRole"],
        bootstrap("cfn-exec"),
        bootstrap("lookup"),
        *(
            Call("", f"cloudformation:{verb}", STACK, {})
            for verb in ("CreateChangeSet", "ExecuteChangeSet", "UpdateStack", "DeleteStack", "CreateStack")
        ),
        Call("", "iam:PassRole", "*", {}),
        Call("", "cloudformation:GetTemplate", arn("cloudformation", "stack/Cats-Dev-Serving/0a"), {}),
    ],
    "DeployRole": [
        *NEEDED["ModelsRole"],
        bootstrap("cfn-exec"),
        bootstrap("lookup"),
        Call("", "iam:PassRole", "*", {}),
    ],
    "ModelsRole": [
        *NEEDED["DeployRole"],
        *s3("PutObject", keys.alias("pets")),
        *s3("PutObject", keys.model("pets", "v1")),
        *s3("PutObject", keys.staged("pets")),
        *s3("DeleteObject", keys.run("run", "pets") + "model.tar.gz"),
        Call("", "s3:GetObject", "arn:aws:s3:::cats-prod-data/datasets/photos/a/1.jpg", {}),
        Call("", "s3:GetObject", "arn:aws:s3:::cats-dev-artifacts/models/x", {}),
        Call("", "kms:Decrypt", arn("kms", "key/2"), {**KEY, "aws:ResourceTag/kennel:environment": "dev"}),
        Call("", "kms:Decrypt", arn("kms", "key/1"), {**KEY, "kms:ViaService": "sns.eu-west-1.amazonaws.com"}),
        Call("", "kms:Decrypt", arn("kms", "key/3"), {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}),
        Call("", "sagemaker:UpdateModelPackage", arn("sagemaker", "model-package/cats-prod-pets/3"), {}),
        Call("", "lambda:InvokeFunction", "*", {}),
    ],
}


def statements(name: str) -> list[Any]:
    return [item for policy in role(name)["Policies"] for item in policy["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize("name", sorted(ROLES))
def test_a_role_allows_what_its_commands_ask_for_and_nothing_of_the_others(name: str) -> None:
    assert [call for call in NEEDED[name] if decision(call, statements(name)) != "allowed"] == []
    shared = {(call.action, call.resource) for call in NEEDED[name]}
    never = [call for call in NEVER[name] if (call.action, call.resource) not in shared or call.context]
    assert [call for call in never if decision(call, statements(name)) == "allowed"] == []


def test_no_role_allows_more_actions_than_its_commands_need() -> None:
    for name, calls in NEEDED.items():
        allowed = {
            action
            for item in statements(name)
            for action in ([item["Action"]] if isinstance(item["Action"], str) else item["Action"])
        }
        # Of an upload in parts that fails.
        assert allowed - {"s3:AbortMultipartUpload"} == {call.action for call in calls}


OPERATIONS = {
    "describe_stacks": "cloudformation:DescribeStacks",
    "list_model_packages": "sagemaker:ListModelPackages",
    "describe_model_package": "sagemaker:DescribeModelPackage",
    "list_objects_v2": "s3:ListBucket",
    "get_object": "s3:GetObject",
    "download_file": "s3:GetObject",
    "upload_file": "s3:PutObject",
    "start_execution": "states:StartExecution",
    "describe_execution": "states:DescribeExecution",
    "get_execution_history": "states:GetExecutionHistory",
    # Of other commands in the same modules: rollback, `kennel pipeline list` and `stop`, `kennel predict`; and whoever
    # calls GetCallerIdentity may; a role is only assumed by `kennel diff` and `deploy`.
    "invoke": "", "list_executions": "", "stop_execution": "", "invoke_endpoint": "",
    "get_caller_identity": "", "assume_role": "",
}  # fmt: skip


def test_the_list_of_calls_is_that_of_the_code() -> None:
    """A new call in what `take` and `promote` run needs a line here, and then a permission in role.yaml."""
    services = ("s3", "sagemaker", "stepfunctions", "cloudformation", "lambda", "sagemaker-runtime", "sts")
    known = {"download_file", "upload_file"}
    for service in services:
        model = boto3.client(service, region_name="us-east-1").meta.service_model
        known |= {xform_name(name) for name in model.operation_names}
    modules = (
        "models/taken", "models/promoted", "models/published", "models/staged", "runs/executions", "cloud/session",
        "cloud/identity", "client/classifier",
    )  # fmt: skip
    found = {name for module in modules for name in _named(ROOT / "kennel" / f"{module}.py")} & known
    assert found == set(OPERATIONS)
    assert {OPERATIONS[name] for name in found} - {""} <= {call.action for call in NEEDED["ModelsRole"]}


def test_the_list_of_the_preflights_calls_is_that_of_the_code() -> None:
    """A new call in a check needs a line here, and then a permission in role.yaml."""
    services = ("cloudformation", "ec2", "ecr", "iam", "kms", "service-quotas", "sns", "ssm", "stepfunctions")
    models = (boto3.client(service, region_name="us-east-1").meta.service_model for service in services)
    known = {xform_name(name) for model in models for name in model.operation_names}
    found = set()
    for path in (ROOT / "kennel" / "preflight").glob("*.py"):
        words = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        found |= (_named(path) | words) & known
    assert found == set(PREFLIGHT)


def _named(path: Path) -> set[str]:
    """The methods that a module calls, and the operations of which it makes paginators."""
    tree = ast.walk(ast.parse(path.read_text()))
    calls = [node for node in tree if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    pages = {getattr(call.args[0], "value", "") for call in calls if call.func.attr == "get_paginator"}  # type: ignore[attr-defined]
    return {call.func.attr for call in calls} | pages  # type: ignore[attr-defined]


def test_the_template_is_one_that_cloudformation_takes() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    command = [program, "--config-file", ROOT / ".cfnlintrc.yaml", FOLDER / "role.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_roles_of_the_workflows_are_outputs_of_the_template() -> None:
    text = "".join(path.read_text() for path in FOLDER.glob("*.yml"))
    used = set(re.findall(r"KENNEL_([A-Z]+)_ROLE_", text))
    assert {f"{name.capitalize()}Role" for name in used} == ROLES <= set(TEMPLATE["Outputs"])
    assert "AWS_ACCESS_KEY" not in text, "no stored keys"
