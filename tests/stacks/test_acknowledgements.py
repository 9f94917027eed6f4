"""Rule packs: every acknowledgement has a finding."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks
from constructs import IConstruct

import config
from stacks.constructs import acknowledgements
from stacks.platform import build
from tests.stacks.assemblies import FLAGS


def test_no_acknowledgement_without_its_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acknowledged: list[tuple[str, str]] = []

    def record(construct: IConstruct, rule: str, reason: str) -> None:
        assert len(reason.split()) >= 4, f"{rule}: {reason!r} is too short to be a reason"
        acknowledged.append((construct.node.path, rule))

    for module in _modules_that_acknowledge():
        monkeypatch.setattr(module, "acknowledge", record)
    app = cdk.App(
        context=FLAGS, outdir=str(tmp_path), analytics_reporting=False, builtin_cloud_formation_validation=False
    )
    build(app, config.load("prod"), rule_packs=False)
    app.synth()
    findings = {
        (str(resource.construct_path), violation.rule_name)
        for pack in (AwsSolutionsChecks(app), NIST80053R5Checks(app))
        for violation in pack.validate_scope(app).violations
        for resource in violation.violating_resources
    }
    stale = [
        (path, rule)
        for path, rule in acknowledged
        if not any(where.startswith(path) and rule == name for where, name in findings)
    ]
    assert stale == []
    assert not [rule for _, rule in acknowledged if rule in ("AwsSolutions-IAM5", "AwsSolutions-IAM4")], (
        "one finding, one reason: name the resource"
    )


def _modules_that_acknowledge() -> list[object]:
    import sys

    return [
        module
        for name, module in sys.modules.items()
        if name.startswith("stacks.") and getattr(module, "acknowledge", None) is acknowledgements.acknowledge
    ]
