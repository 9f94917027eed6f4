"""Our own controls as a validation plug-in: every synth judges its templates, and a violation fails it."""

from __future__ import annotations

from pathlib import Path

import jsii
from aws_cdk import (
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
)

from checks.assembly import TEMPLATES, Assembly
from checks.control import Violation
from checks.controls import CONTROLS, violations

EXPLAINED = "docs/controls.md#the-controls"


@jsii.implements(IPolicyValidationPlugin)
class ControlsPlugin:
    """`python -m checks` inside of a synth. A violation names the control, the resource and what to do."""

    @property
    def name(self) -> str:
        return "Kennel controls"

    @property
    def version(self) -> str:
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        return [control.id for control in CONTROLS]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        paths = {Path(path).name.removesuffix(TEMPLATES.lstrip("*")): path for path in context.template_paths}
        assembly = Assembly.read(map(Path, context.template_paths))
        found = [_report(violation, paths) for violation in violations(assembly)]
        return PolicyValidationPluginReport(success=not found, violations=found)


def _report(violation: Violation, paths: dict[str, str]) -> PolicyViolation:
    stack, _, name = violation.resource.partition("/")
    place = PolicyViolatingResource(
        resource_logical_id=name.partition(":")[0] or None,
        template_path=paths.get(stack),
        locations=[violation.resource],
    )
    return PolicyViolation(
        rule_name=violation.control,
        description=str(violation),
        fix=f"the resource must {violation.requirement}; {EXPLAINED}",
        violating_resources=[place],
    )
