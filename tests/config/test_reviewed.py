"""What a user is promised: each setting's limits and default, and all that a preset sets in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.app import AppConfig
from config.presets import PRESETS
from config.project_file.show import tree
from tests.config.project import TEXT, project
from tests.snapshots import assert_reviewed, differences

HERE = Path(__file__).parent
SETTINGS, IN_FORCE = HERE / "settings.txt", HERE / "presets.json"
TEXTS = ("description", "title")


def settings() -> str:
    """A line per setting: its kind, default and limits, as JSON schema says them."""
    schema = AppConfig.model_json_schema(by_alias=True)
    return "".join(
        f"{name}.{key}: {json.dumps(_plain(value))}\n"
        for name, part in {"AppConfig": schema, **schema["$defs"]}.items()
        for key, value in part["properties"].items()
    )


def _plain(value: Any) -> Any:
    """Without its texts: they may be worded anew."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key not in TEXTS}
    return value


def in_force(preset: str) -> dict[str, Any]:
    """All values of an environment that says nothing but its preset."""
    text = TEXT[: TEXT.index("  dev:")].replace("laptop", preset) + TEXT[TEXT.index("datasets:") :]
    return tree(project(text=text).resolve("local"))


def test_limits_and_defaults_are_those_that_were_reviewed() -> None:
    assert_reviewed(SETTINGS, settings())


def test_a_preset_sets_in_force_what_was_reviewed() -> None:
    """The first in full, of the others what they change in it."""
    first, *others = PRESETS
    whole = in_force(first)
    assert_reviewed(IN_FORCE, {first: whole, **{name: dict(differences(whole, in_force(name))) for name in others}})
