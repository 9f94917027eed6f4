"""How `kennel diff` prints what a deploy would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.markup import escape

from kennel.cli.output import console
from kennel.cloud.change_sets import Plan
from kennel.cloud.diff import TITLES, Effect, Severity
from kennel.cloud.exports import Conflict

_COUNTED = (Severity.CHANGED, Severity.NEW)
"""What needs no line of its own per resource."""


def print_effects(plans: Sequence[Plan], effects: Sequence[Effect]) -> None:
    for severity in Severity:
        found = [item for item in effects if item.severity is severity]
        if not found:
            continue
        style = "bold red" if severity is Severity.LOST else "bold"
        console.print(f"[{style}]{TITLES[severity]}: {len(found)}[/]")
        if severity in _COUNTED:
            _print_counts(found)
            continue
        for item in found:
            console.print(f"  {escape(item.change.stack)} {escape(item.change.resource)} ({item.change.kind})")
            console.print(f"    {escape(item.sentence)}", soft_wrap=True)
    for plan in plans:
        if plan.missing and plan.exists:
            console.print(
                f"{plan.stack.name} imports what another stack gets in this deploy, so what may be replaced there is "
                "known from its templates only",
                markup=False,
            )
    if not effects and not any(plan.error for plan in plans):
        console.print("Nothing changes.")


def _print_counts(effects: Iterable[Effect]) -> None:
    counts: dict[str, int] = {}
    for item in effects:
        counts[item.change.stack] = counts.get(item.change.stack, 0) + 1
    for stack, count in counts.items():
        console.print(f"  {stack}: {count}", markup=False)


def to_json(
    plans: Sequence[Plan], effects: Sequence[Effect], fingerprint: str, conflicts: Sequence[Conflict], environment: str
) -> dict[str, Any]:
    """docs/first-deploy.md lists the fields."""
    return {
        "hash": fingerprint,
        "effects": [
            {
                "severity": item.severity.name.lower(),
                "stack": item.change.stack,
                "resource": item.change.resource,
                "type": item.change.kind,
                "sentence": item.sentence,
            }
            for item in effects
        ],
        "conflicts": [
            {"code": item.code, "stack": item.stack, "sentence": item.sentence(environment)} for item in conflicts
        ],
        "refused": {plan.stack.name: plan.error for plan in plans if plan.error},
        "not_plannable": {plan.stack.name: list(plan.missing) for plan in plans if plan.missing},
    }
