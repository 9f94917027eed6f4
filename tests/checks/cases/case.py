"""One control on few resources, and paths by which they are changed."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

from checks.assembly import Assembly
from checks.controls import CONTROLS

GONE = object()
"""In place of a value: the entry is taken away."""
Changes = dict[str, Any]
KEY = {"Type": "AWS::KMS::Key", "Properties": {}}
KEY_ARN = {"Fn::GetAtt": ["Key", "Arn"]}


@dataclass(frozen=True)
class Case:
    """`resources` (logical id -> resource) hold `control`; so they do after each of `fine`.

    After each of `broken`, the control names `culprit`. A change maps a path (`X.Properties.Name`) to a
    value; `X.A` is short for `X.Properties.A`, and a number is an index.
    """

    control: str
    resources: dict[str, Any]
    broken: tuple[Changes, ...]
    fine: tuple[Changes, ...] = ()
    culprit: str = "Main/X"


def resource(kind: str, attributes: dict[str, Any] | None = None, /, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, **(attributes or {}), "Properties": properties}


def violators(control: str, resources: dict[str, Any], **expected: Any) -> list[str]:
    """What breaks a control in one stack called Main. `expected` is what the environment promises."""
    (found,) = [item for item in CONTROLS if item.id == control]
    return list(
        dict.fromkeys(v.resource for v in replace(found, when=None).violations(assembly(resources, **expected)))
    )


def assembly(resources: dict[str, Any], **expected: Any) -> Assembly:
    return Assembly({"Main": {"Metadata": {"Kennel::Controls": expected}, "Resources": resources}})


def changed(resources: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """A copy with the changes made."""
    made = copy.deepcopy(resources)
    for path, value in changes.items():
        name, *rest = path.split(".")
        if not rest:
            made[name] = value
            continue
        if rest[0] not in ("Properties", "Type", "DeletionPolicy", "UpdateReplacePolicy", "DependsOn"):
            rest.insert(0, "Properties")
        holder: Any = made[name]
        for part in rest[:-1]:
            holder = holder[_step(holder, part)]
        if value is GONE:
            del holder[_step(holder, rest[-1])]
        else:
            holder[_step(holder, rest[-1])] = value
    return {name: item for name, item in made.items() if item is not GONE}


def _step(holder: Any, part: str) -> Any:
    return int(part) if isinstance(holder, list) else part
