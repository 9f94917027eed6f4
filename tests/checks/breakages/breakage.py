"""How a breakage is written: a change of templates, from few words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.checks.mutations import Mutant

Break = Callable[[Mutant], Any]
FOREIGN = "arn:aws:iam::210987654321:root"
STRANGER = "210987654321"
OWN_ACCOUNT = {"Ref": "AWS::AccountId"}


def allow(kind: str, member: str, principal: Any, action: Any, condition: Any = None, **more: Any) -> Break:
    """One more Allow statement in the document at `member` of the first resource of `kind`."""

    def change(mutant: Mutant) -> None:
        documents = mutant.properties(kind)[member]
        first = documents["Statement"][0]
        statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": first.get("Resource")}
        statement |= {"Condition": condition} if condition else {}
        if kind == "AWS::IAM::Role":
            del statement["Resource"]
        documents["Statement"].append({**statement, **more})

    return change


def grant(action: Any, resource: Any, *, to: str = "TrainingRole", condition: Any = None, **more: Any) -> Break:
    """One more Allow statement in the policy of a role whose logical id begins with `to`."""

    def change(mutant: Mutant) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        statement |= {"Condition": condition} if condition else {}
        policy_of(mutant, to)["PolicyDocument"]["Statement"].append(
            {key: value for key, value in {**statement, **more}.items() if value is not None}
        )

    return change


def policy_of(mutant: Mutant, role: str) -> dict[str, Any]:
    return next(properties for name, properties in named(mutant, "AWS::IAM::Policy") if name.startswith(role))


def named(mutant: Mutant, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """(logical id, properties) of every resource of a kind."""
    return [
        (name, resource["Properties"])
        for template in mutant.templates.values()
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    ]


def one(mutant: Mutant, kind: str, start: str) -> dict[str, Any]:
    return next(properties for name, properties in named(mutant, kind) if name.startswith(start))


def put(kind: str, path: str, value: Any, start: str = "") -> Break:
    """Write `value` at `path` (`A.B.0.C`) of the first resource of `kind` whose logical id begins with `start`."""

    def change(mutant: Mutant) -> None:
        holder: Any = one(mutant, kind, start)
        *way, last = path.split(".")
        for part in way:
            holder = holder[int(part)] if isinstance(holder, list) else holder.setdefault(part, {})
        holder[int(last) if isinstance(holder, list) else last] = value

    return change


def drop(kind: str, path: str, start: str = "") -> Break:
    def change(mutant: Mutant) -> None:
        holder: Any = one(mutant, kind, start)
        *way, last = path.split(".")
        for part in way:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        del holder[last]

    return change


def add(kind: str, **properties: Any) -> Break:
    return lambda mutant: mutant.add(kind, properties)


def state(name: str, **changes: Any) -> Break:
    """Change fields of one state of the machine; None takes a field away."""
    return machine(lambda states: edit(states[name], changes))


def machine(change: Callable[[dict[str, Any]], Any]) -> Break:
    """`change` gets every state by its name, those of Map and Parallel too."""

    def visit(mutant: Mutant) -> None:
        mutant.edit_machine(lambda definition: change(all_states(definition)))

    return visit


def all_states(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, item in definition["States"].items():
        found[name] = item
        for inner in (item.get("ItemProcessor"), *item.get("Branches", [])):
            found |= all_states(inner) if inner else {}
    return found


def edit(holder: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if value is None:
            holder.pop(key, None)
        else:
            holder[key] = value


def as_text(value: Any) -> str:
    return json.dumps(value)


def ref(mutant: Mutant, kind: str, start: str = "") -> tuple[str, str]:
    """(stack, logical id)."""
    return next(
        (stack, name)
        for stack, template in mutant.templates.items()
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind and name.startswith(start)
    )


def both(*changes: Break) -> Break:
    def change(mutant: Mutant) -> None:
        for each in changes:
            each(mutant)

    return change
