"""Every region that has training images: templates of its own partition, and one sentence for each gap."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cfnlint.helpers
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

import config
from checks.__main__ import violations
from checks.assembly import Assembly
from config import regions, stock_images
from tests.stacks.assemblies import ENVIRONMENTS, synthesize, templates

FAST = ("cn-north-1", "us-gov-west-1", "eusc-de-east-1", "ca-west-1", "eu-central-1")
EVERY = [
    pytest.param(region, marks=() if region in FAST else pytest.mark.slow, id=region)
    for region in stock_images.ACCOUNTS
]
UNIVERSAL = re.compile(r"[a-z0-9.-]*\.amazonaws\.com(?![.\w])")
"""Hosts and principals that end in the domain of most partitions."""


def warnings(folder: Path) -> set[str]:
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    metadata: list[list[dict[str, str]]] = []
    for item in artifacts.values():
        if item["type"] == "aws:cloudformation:stack":
            found = item.get("metadata") or _metadata(folder, item)
            metadata += found.values()
    return {entry["data"] for entries in metadata for entry in entries if entry["type"] == "aws:cdk:warning"}


def _metadata(folder: Path, item: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """Newer assemblies have it in a file beside the template."""
    name = item.get("additionalMetadataFile")
    return json.loads((folder / name).read_text()) if name else {}


@pytest.mark.parametrize("region", EVERY)
@pytest.mark.parametrize("environment", ["dev", pytest.param("prod", marks=pytest.mark.slow)])
def test_the_templates_of_a_region(environment: str, region: str, tmp_path: Path) -> None:
    folder = synthesize(config.load(environment, region=region), tmp_path, rule_packs=False)
    assert [str(item) for item in violations(Assembly.load(folder))] == []
    text = "".join(path.read_text() for path in sorted(folder.glob("*.template.json")))
    partition, domain = regions.partition(region), regions.domain(region)
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) <= {partition}
    assert set(re.findall(r"dkr\.ecr\.([a-z0-9-]+)\.([a-z0-9.-]+)/", text)) == {(region, domain)}
    assert f"logs.{region}.{domain}" in text
    if domain != "amazonaws.com":
        # Only service principals are the same everywhere: region-info of the CDK lists those that are not.
        assert not [host for host in UNIVERSAL.findall(text) if region in host or ".ecr." in host]


def test_a_gap_is_one_sentence_with_the_fix(tmp_path: Path) -> None:
    said = warnings(synthesize(config.load("prod", region="ca-west-1"), tmp_path, rule_packs=False))
    ours = {text for text in said if "CloudFormation does not list" in text}
    assert len(ours) == 4
    for kind, fix in (
        ("AWS::Budgets::Budget", "nothing watches the monthly cost; make a budget by hand"),
        ("AWS::CodeBuild::Project", "set images.source to docker or uri"),
        ("AWS::SageMaker::Domain", "set studio.enabled to false"),
        ("AWS::SageMaker::UserProfile", "set studio.enabled to false"),
    ):
        assert any(f"does not list {kind} in ca-west-1: {fix}" in text for text in ours), kind
    template = json.loads((tmp_path / "Kennel-Prod-Monitoring.template.json").read_text())
    assert "AWS::Budgets::Budget" not in {item["Type"] for item in template["Resources"].values()}


def test_a_region_without_gaps_is_told_nothing(tmp_path: Path) -> None:
    said = warnings(synthesize(config.load("dev", region="eu-central-1"), tmp_path, rule_packs=False))
    assert not [text for text in said if "CloudFormation does not list" in text]


def test_the_gaps_are_those_of_cloudformations_lists() -> None:
    used = {
        item["Type"]
        for environment in ENVIRONMENTS
        for template in templates(environment).values()
        for item in template["Resources"].values()
        if item["Type"].startswith("AWS::")
    }
    known = [region for region in stock_images.ACCOUNTS if region in cfnlint.helpers.REGIONS]
    missing = {region: used - set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region)) for region in known}
    gaps = {kind: frozenset(region for region in known if kind in missing[region]) for kind in used}
    assert {kind: names for kind, names in gaps.items() if names} == regions.NOT_IN
    assert len(known) >= 44, "regions that cfn-lint does not know are not looked at"
