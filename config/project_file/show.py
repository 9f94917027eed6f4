"""The resolved configuration in the words of the project file, each value with its origin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from config.base import ConfigError, nearest
from config.project_file.layers import leaves
from config.project_file.project import Resolved
from config.project_file.reader import Path_, is_plain

DEFAULT = "default"


@dataclass(frozen=True)
class Row:
    """One line: a key with its value and origin, or a key whose values follow (its origin is empty)."""

    path: Path_
    text: str
    origin: str


def tree(resolved: Resolved) -> dict[str, Any]:
    """Everything that is in force, as the file would say it."""
    values = resolved.config.model_dump(mode="json", by_alias=True)
    for kind in ("datasets", "models"):
        values[kind] = {spec.pop("name"): spec for spec in values[kind]}
    for spec in values["models"].values():
        for limits in (spec["search"] or {}).get("space", {}).values():
            del limits["kind"]  # said by the hyperparameter and the other keys
    return values


def rows(resolved: Resolved, below: Path_ = ()) -> list[Row]:
    """The lines of the part at `below`. Raises ConfigError for a key that is not there."""
    values: Any = tree(resolved)
    for depth, key in enumerate(below):
        if not isinstance(values, dict) or key not in values:
            known = list(values) if isinstance(values, dict) else []
            hint = nearest(key, known) if known else "it has no keys"
            raise ConfigError(f"{'.'.join(below[: depth + 1])} is not a key; {hint}")
        values = values[key]
    found: list[Row] = []
    opened: Path_ = ()
    for path, value in leaves(values, below) if isinstance(values, dict) else [(below, values)]:
        shared = 0
        while shared < min(len(opened), len(path) - 1) and opened[shared] == path[shared]:
            shared += 1
        found += [Row(path[:n], f"{'  ' * (n - 1)}{path[n - 1]}:", "") for n in range(shared + 1, len(path))]
        opened = path[:-1]
        text = f"{'  ' * (len(path) - 1)}{path[-1]}: {_text(value)}"
        found.append(Row(path, text, resolved.layers.origin(path) or DEFAULT))
    return found


def _text(value: Any) -> str:
    if isinstance(value, str) and value and is_plain(value):
        return value
    return json.dumps(value, ensure_ascii=False)
