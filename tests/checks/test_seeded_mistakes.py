"""Mistakes that a first deploy would pay for, each planted in the synthesized templates and found before it.

Found by our controls, by cfn-lint (both in `make check`), or by `kennel preflight`, which needs an account to ask.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks import all as checks_all
from checks.assembly import Assembly
from checks.controls import violations
from kennel.preflight import images, quotas
from kennel.preflight.finding import Level
from tests.checks.mutations import Mutant, iam, network, principals
from tests.kennel.preflight.aws import subject
from tests.stacks.assemblies import assembly


def log_group_without_the_key(mutant: Mutant) -> None:
    del mutant.properties("AWS::Logs::LogGroup")["KmsKeyId"]


BY_CONTROLS: dict[str, tuple[Callable[[Mutant], Any], str]] = {
    "a wrong field in a task": (principals.wrong_field_in_a_task, "task.fields"),
    "a metric in the wrong namespace": (principals.metric_in_the_wrong_namespace, "alarm.metric"),
    "a principal without KMS": (principals.principal_without_kms, "iam.key"),
    "a schedule that cannot pass the role": (principals.schedule_that_cannot_pass_the_role, "rule.starts"),
    "an export that changes": (network.digest_of_the_image_build, "stack.exports"),
    "a log group not under the key": (log_group_without_the_key, "log.key"),
    "a trust condition without evidence": (iam.functions_trusted_under_an_unproven_condition, "iam.evidence"),
}


@pytest.mark.parametrize("mistake", BY_CONTROLS)
def test_found_by_a_control(mistake: str) -> None:
    mutate, control = BY_CONTROLS[mistake]
    templates = copy.deepcopy(dict(Assembly.load(assembly("prod")).templates))
    mutate(Mutant(templates))
    assert control in {violation.control for violation in violations(Assembly(templates))}


def wrong_property(mutant: Mutant) -> None:
    mutant.properties("AWS::S3::Bucket")["VersionConfiguration"] = {"Status": "Enabled"}


def unknown_action(mutant: Mutant) -> None:
    statement = next(item for item in mutant.policies() if "lambda:InvokeFunction" in item["Action"])
    statement["Action"] = "lambda:CallFunction"


def name_too_long(mutant: Mutant) -> None:
    mutant.properties("AWS::StepFunctions::StateMachine")["StateMachineName"] = "p" * 81


BY_CFN_LINT: dict[str, tuple[Callable[[Mutant], Any], str, str]] = {
    "a wrong property": (wrong_property, "Storage", "E3002"),
    "an unknown action": (unknown_action, "Training", "W3037"),
    "a name that is too long": (name_too_long, "Training", "E3033"),
}


@pytest.mark.parametrize("mistake", BY_CFN_LINT)
def test_found_by_cfn_lint(mistake: str, tmp_path: Path) -> None:
    mutate, stack, rule = BY_CFN_LINT[mistake]
    templates = copy.deepcopy(dict(Assembly.load(assembly("dev")).templates))
    name = next(item for item in templates if item.endswith(stack))
    path = tmp_path / "planted.template.json"
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    command = [linter, "--config-file", str(checks_all.LINT_CONFIG), "--template", str(path)]
    path.write_text(json.dumps(templates[name]))
    assert checks_all.run(command) == ""
    mutate(Mutant(templates))
    path.write_text(json.dumps(templates[name]))
    assert rule in checks_all.run(command)


def test_an_image_that_is_missing_in_a_region() -> None:
    made, session = subject()
    session.stub("ecr").add_client_error("describe_images", "ImageNotFoundException")
    (finding,) = images.stock(made)
    assert finding.level is Level.ERROR and "is not in its registry" in finding.sentence


def test_a_quota_of_zero() -> None:
    made, session = subject()
    names = {need.name for entry in quotas.needs(made.config) for need in entry.alternatives}
    rows = [
        {"QuotaName": name, "QuotaCode": "L-00000001", "Value": 0.0 if "processing job usage" in name else 100.0}
        for name in names
    ]
    session.stub("service-quotas").add_response("list_service_quotas", {"Quotas": rows})
    found = list(quotas.instances(made))
    assert {finding.level for finding in found} == {Level.ERROR}
    assert all("processing job usage' is 0" in finding.sentence for finding in found)
