"""Accounts that are bootstrapped in another way: qualifier, buckets of their own, a permissions boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import config
from checks.__main__ import violations
from checks.assembly import Assembly, Resource, as_list
from tests.stacks.assemblies import synthesize

OURS, PREFIX = "our-assets-us-east-1", "teams/vision/"


@pytest.fixture(scope="module")
def qualified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qualified")
    return synthesize(
        config.load("prod"), folder, rule_packs=False, context={"@aws-cdk/core:bootstrapQualifier": "vision1"}
    )


@pytest.fixture(scope="module")
def own_bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    synthesizer = cdk.DefaultStackSynthesizer(file_assets_bucket_name=OURS, bucket_prefix=PREFIX)
    folder = tmp_path_factory.mktemp("own")
    return synthesize(config.load("prod"), folder, rule_packs=False, synthesizer=synthesizer)


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bounded")
    context = {"@aws-cdk/core:permissionsBoundary": {"name": "team-boundary"}}
    return synthesize(config.load("prod"), folder, context=context)


def statements(assembly: Assembly) -> Iterator[tuple[Resource, list[str], list[str]]]:
    """(resource, actions, resources) of every statement of identities and of the S3 endpoint."""
    for resource in assembly.of("AWS::IAM::Policy", "AWS::EC2::VPCEndpoint"):
        for item in as_list(resource.get("PolicyDocument.Statement")):
            yield resource, as_list(item["Action"]), [str(each) for each in as_list(item.get("Resource"))]


def may_read(assembly: Assembly, kind: str, bucket: str, key: str) -> list[str]:
    """Labels of the resources of `kind` whose policy lets an object be read."""
    wanted = f"arn:aws:s3:::{bucket}/{key}"
    return [
        resource.label
        for resource, actions, resources in statements(assembly)
        if resource.kind == kind and "s3:GetObject" in actions
        if any(item == wanted or (item.endswith("*") and wanted.startswith(item[:-1])) for item in resources)
    ]


def test_another_qualifier_reaches_everything(qualified: Path) -> None:
    for path in qualified.glob("*.template.json"):
        assert "hnb659fds" not in path.read_text(), path.name
    assembly = Assembly.load(qualified)
    (machine,) = assembly.of("AWS::StepFunctions::StateMachine")
    code = machine.get("DefinitionSubstitutions.CodeKey")
    bucket = "cdk-vision1-assets-${AWS::AccountId}-us-east-1"
    assert machine.get("DefinitionSubstitutions.CodeBucket") == bucket
    assert len(may_read(assembly, "AWS::EC2::VPCEndpoint", bucket, code)) == 1
    assert len(may_read(assembly, "AWS::IAM::Policy", bucket, code)) == 3, "preparation, training and evaluation"


def test_a_bucket_and_a_prefix_of_ones_own_reach_everything(own_bucket: Path) -> None:
    assembly = Assembly.load(own_bucket)
    (machine,) = assembly.of("AWS::StepFunctions::StateMachine")
    code = machine.get("DefinitionSubstitutions.CodeKey")
    assert machine.get("DefinitionSubstitutions.CodeBucket") == OURS and code.startswith(PREFIX)
    assert len(may_read(assembly, "AWS::EC2::VPCEndpoint", OURS, code)) == 1
    assert may_read(assembly, "AWS::EC2::VPCEndpoint", OURS, "teams/other/secret.zip") == []
    assert len(may_read(assembly, "AWS::IAM::Policy", OURS, code)) == 3
    (plan,) = [
        item.get("Environment.Variables.CODE_FILE")
        for item in assembly.of("AWS::Lambda::Function")
        if item.get("Environment.Variables.CODE_FILE")
    ]
    assert plan == code.rpartition("/")[2], "jobs find it in their channel by its last part"
    (build,) = assembly.of("AWS::CodeBuild::Project")
    location = build.get("Source.Location")
    assert location.startswith(f"{OURS}/{PREFIX}")
    assert may_read(assembly, "AWS::IAM::Policy", OURS, location.removeprefix(f"{OURS}/"))


@pytest.mark.parametrize("name", ["qualified", "own_bucket", "bounded"])
def test_the_controls_hold(name: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    assert [str(item) for item in violations(Assembly.load(folder))] == []


def test_a_permissions_boundary_reaches_every_role(bounded: Path) -> None:
    roles: list[dict[str, Any]] = [
        resource["Properties"]
        for path in bounded.glob("*.template.json")
        for resource in json.loads(path.read_text())["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]
    assert len(roles) > 10
    assert all("policy/team-boundary" in json.dumps(role.get("PermissionsBoundary")) for role in roles)
