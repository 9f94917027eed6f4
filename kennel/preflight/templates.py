"""What the services say of the templates before anything is made: the state machine's definition, and change sets."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.machines import KIND as MACHINE
from checks.machines import definition as definition_of
from kennel.cloud import exports
from kennel.cloud.change_sets import Plan
from kennel.preflight.finding import Finding, error, ok, unknown, warning
from kennel.preflight.stand_ins import StandIns
from kennel.preflight.subject import Subject


def definition(subject: Subject) -> Iterator[Finding]:
    """Step Functions' own validation."""
    stand_ins, client = StandIns(subject.resolved, subject.session), subject.session.client("stepfunctions")
    for machine in subject.resolved.of(MACHINE):
        text = json.dumps(stand_ins.fill(definition_of(machine)))
        answer = client.validate_state_machine_definition(definition=text, type="STANDARD", severity="WARNING")
        for item in answer["diagnostics"]:
            where = f" at {item['location']}" if item.get("location") else ""
            make = error if item["severity"] == "ERROR" else warning
            yield make(f"Step Functions says {item['code']}{where}: {item['message']}")
        if not answer["diagnostics"]:
            yield ok("Step Functions accepts the state machine")


def change_sets(subject: Subject) -> Iterator[Finding]:
    """CloudFormation's own reading of each template, by a change set that is deleted again."""
    waiting, plans = [], []
    for stack in subject.stacks:
        plan = subject.planner.plan(stack, subject.stacks)
        plans.append(plan)
        if plan.missing:
            waiting.append(stack.name)
        elif plan.error:
            yield error(f"CloudFormation refuses {stack.name}: {plan.error}")
        elif plan.exists:
            yield ok(f"{stack.name}: CloudFormation would change {_resources(plan)}")
        else:
            yield ok(f"{stack.name}: CloudFormation would make {_resources(plan)}")
    for conflict in exports.conflicts(subject.planner, subject.stacks, plans):
        yield error(conflict.sentence(subject.config.environment))
    if waiting:
        yield unknown(
            f"{', '.join(waiting)}: they import from stacks that are not deployed yet; run the preflight again once "
            "those are"
        )


def _resources(plan: Plan) -> str:
    count = len(plan.changes)
    return "1 resource" if count == 1 else f"{count} resources"
