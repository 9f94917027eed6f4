"""The managed policies of environments: their size, what they are for, and the template that they come in."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import config
from checks import all as checks_all
from checks.assembly import Assembly
from config.app import AppConfig
from kennel.bootstrap import policy
from kennel.bootstrap.command import command
from kennel.bootstrap.needs import Statement, needs
from kennel.bootstrap.project import Made, make
from kennel.cli import bootstrap_policy
from kennel.cli.app import app
from kennel.errors import KennelError
from kennel.workspace import project
from tests.stacks.assemblies import ENVIRONMENTS, assembly, synthesize

ROLES = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"


@cache
def needed(environment: str) -> tuple[Statement, ...]:
    return tuple(needs(config.load(environment), Assembly.load(assembly(environment))))


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> list[Statement]:
    context = {"@aws-cdk/core:permissionsBoundary": {"name": "team-boundary"}}
    settings = config.load("prod")
    folder = synthesize(settings, tmp_path_factory.mktemp("bounded"), rule_packs=False, context=context)
    return needs(settings, Assembly.load(folder))


def of(statements: Any, action: str) -> Iterator[Statement]:
    return (item for item in statements if action in item.actions)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_document_fits_a_managed_policy_and_nothing_is_lost(environment: str) -> None:
    made = policy.documents(needed(environment))
    for document in made:
        text = json.dumps(document).replace("${AWS::AccountId}", "1" * 12).replace("${AWS::Partition}", "aws-us-gov")
        assert len(re.sub(r"\s", "", text)) <= 6144
    assert sum(len(document["Statement"]) for document in made) == len(needed(environment))
    assert 1 < len(made) <= 4, "a role takes ten"


def test_more_policies_than_a_role_takes_are_refused() -> None:
    many = [Statement(("s3:GetObject",), tuple(f"arn:aws:s3:::{number}-{'x' * 50}" for number in range(80)))] * 11
    with pytest.raises(
        KennelError, match=r"need 11 managed policies, and a role has at most 10: .* --qualifier of its"
    ):
        policy.documents(many)


@pytest.mark.parametrize("long", ["actions", "resources"])
def test_a_statement_that_does_not_fit_one_policy_is_shared_among_several(long: str) -> None:
    values = tuple(f"arn:aws:s3:::{number}-{'x' * 50}" for number in range(300))
    whole = replace(Statement(("s3:GetObject",), ("*",), ("StringEquals", "aws:a", ("b",))), **{long: values})
    made = policy.documents([whole, Statement(("s3:ListBucket",), ("*",))])
    statements = [statement for document in made for statement in document["Statement"]]
    name = {"actions": "Action", "resources": "Resource"}[long]
    assert all(len(json.dumps(document, separators=(",", ":"))) <= 6144 for document in made) and len(made) > 3
    parts = statements[:-1]
    assert [value for part in parts for value in part[name]] == list(values)
    assert all(part["Condition"] == {"StringEquals": {"aws:a": ["b"]}} for part in parts)


@pytest.mark.parametrize(("size", "said"), [(51_200, False), (51_201, True)])
def test_a_template_that_cloudformation_takes_only_from_a_bucket_says_so(
    size: int, said: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "policy.json"
    made = Made("Kennel-Dev-Execution", {"Description": ""}, "aws://1/r", "/cdk-bootstrap/hnb659fds/version")
    made.template["Description"] = "x" * (size - len(json.dumps(made.template, indent=1)) - 1)
    monkeypatch.setattr(bootstrap_policy, "make", lambda *_: made)
    done = CliRunner().invoke(app, ["bootstrap-policy", "--env", "dev", "--output", str(file)])
    assert done.exit_code == 0 and file.stat().st_size == size
    assert ("51,201 bytes, and CloudFormation takes 51,200 without a bucket: name one" in done.stderr) is said
    assert ("deploy --capabilities CAPABILITY_NAMED_IAM --s3-bucket BUCKET --stack-name" in done.stderr) is said


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_what_has_no_resource_or_is_listed_is_allowed_everywhere(environment: str) -> None:
    (everywhere,) = (item for item in needed(environment) if item.resources == ("*",))
    reads = re.compile(r":(Describe|Get|List)")
    assert {name for name in everywhere.actions if not reads.search(name)} == {
        "kms:CreateKey", "logs:CreateLogDelivery", "logs:DeleteLogDelivery"
    }  # fmt: skip
    assert not any("*" in name for item in needed(environment) for name in item.actions)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_roles_are_the_environments_own_and_passed_only_to_the_services_that_they_trust(environment: str) -> None:
    own = ROLES + config.load(environment).stack_prefix
    for item in needed(environment):
        linked = item.actions == ("iam:CreateServiceLinkedRole",)
        if item.actions[0].startswith("iam:") and not linked:
            assert all(name.startswith(f"{own}-") for name in item.resources), item
    (passing,) = of(needed(environment), "iam:PassRole")
    assert passing.condition is not None and passing.condition[1] == "iam:PassedToService"
    services = {"events.amazonaws.com", "lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"}
    assert (
        services
        < set(passing.condition[2])
        < services | {"codebuild.amazonaws.com", "vpc-flow-logs.amazonaws.com", "x"}
    )


def test_without_a_boundary_roles_have_none_to_set() -> None:
    assert not list(of(needed("prod"), "iam:PutRolePermissionsBoundary"))
    assert [item.condition for item in of(needed("prod"), "iam:CreateRole")] == [None]


def test_with_a_boundary_roles_are_made_and_widened_under_it_alone(bounded: list[Statement]) -> None:
    arn = "arn:aws:iam::${AWS::AccountId}:policy/team-boundary"
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
        found = [item.condition for item in of(bounded, action)]
        assert found == [("StringEquals", "iam:PermissionsBoundary", (arn,))], action
    assert not list(of(bounded, "iam:DeleteRolePermissionsBoundary"))


def test_a_type_without_a_row_is_refused_by_name() -> None:
    unknown = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}}
    with pytest.raises(KennelError, match="does not say what CloudFormation calls for AWS::DynamoDB::Table"):
        needs(config.load("dev"), Assembly({"Kennel-Dev-New": unknown}))


def lint(template: dict[str, Any], folder: Path) -> str:
    path = folder / "policy.template.json"
    # It compares actions with resources only where it sees whole ARNs.
    text = re.sub(r'{"Fn::Sub": ("[^"]*")}', r"\1", json.dumps(template))
    path.write_text(text.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "111122223333"))
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    return checks_all.run([linter, "--include-checks", "I", "--template", str(path)])


def of_dev(action: str, resource: str) -> Callable[[], dict[str, Any]]:
    return lambda: policy.template("Kennel-Dev-Execution", [*needed("dev"), Statement((action,), (resource,))])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_cfn_lint_knows_each_action_and_its_resources(environment: str, tmp_path: Path) -> None:
    assert lint(policy.template("Kennel-Execution", needed(environment)), tmp_path) == ""


@pytest.mark.parametrize(
    ("action", "resource", "rule"),
    [
        ("lambda:CallFunction", "*", "W3037"),
        ("lambda:InvokeFunction", "arn:${AWS::Partition}:s3:::bucket", "I3510"),
    ],
)
def test_cfn_lint_finds_what_is_wrong_here(action: str, resource: str, rule: str, tmp_path: Path) -> None:
    assert rule in lint(of_dev(action, resource)(), tmp_path)


def two(**accounts: str | None) -> list[AppConfig]:
    return [config.load(name).model_copy(update={"account": account}) for name, account in accounts.items()]


def test_environments_of_two_accounts_need_two_policies() -> None:
    with pytest.raises(
        KennelError, match="dev, prod are in the accounts 111122223333, 444455556666: make a policy for"
    ):
        make(project.path(), two(dev="111122223333", prod="444455556666"))


def test_the_command_writes_the_template_and_says_what_to_do_with_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    done = CliRunner().invoke(app, ["bootstrap-policy", "--env", "dev", "--output", str(file)])
    assert done.exit_code == 0, done.output
    made = json.loads(file.read_text())
    assert made == policy.template("Kennel-Dev-Execution", needed("dev"))
    names = [item["Properties"]["ManagedPolicyName"] for item in made["Resources"].values()]
    assert names == [f"Kennel-Dev-Execution-{number}" for number in range(1, len(names) + 1)]
    deploy, bootstrap = done.stderr.strip().splitlines()[-2:]
    assert f"--stack-name Kennel-Dev-Execution --template-file {file}" in deploy
    assert bootstrap.startswith("npx cdk bootstrap aws://ACCOUNT/us-east-1 --cloudformation-execution-policies")


def test_a_qualifier_and_the_policies_are_in_the_bootstraps_command() -> None:
    assert command("aws://1/r", "/cdk-bootstrap/team1/version", "arn:a,arn:b") == (
        "npx cdk bootstrap aws://1/r --qualifier team1 --toolkit-stack-name CDKToolkit-team1 "
        "--cloudformation-execution-policies arn:a,arn:b"
    )
