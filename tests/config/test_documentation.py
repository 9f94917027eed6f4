"""docs/project-file.md lists every key of a project file: its default, what the presets say, and what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from config.presets import PRESETS
from config.project_file.project import CLONE
from config.project_file.schema import schema
from tests.config.project import check

PAGE = CLONE / "docs" / "project-file.md"
SCHEMA = schema()
SECTIONS = {
    "environments.NAME": SCHEMA["properties"]["environments"]["additionalProperties"],
    "datasets.NAME": SCHEMA["$defs"]["DatasetSpec"],
    "models.NAME": SCHEMA["$defs"]["ModelSpec"],
}


def keys(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """(path, schema) of every key that has a value of its own."""
    for name, value in node["properties"].items():
        if name == "on":
            continue
        inner = resolved(value)
        if "properties" in inner:
            yield from keys(inner, (*path, name))
        else:
            yield (*path, name), {**inner, **value}


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    """What a reference means; of `X | null`, X."""
    choices = [item for item in value.get("anyOf", ()) if item != {"type": "null"}]
    if len(choices) == 1:
        return resolved({**choices[0], "default": None})
    return SCHEMA["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value


def shown(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


def row(path: tuple[str, ...], spec: dict[str, Any], presets: bool) -> str:
    said = [preset_value(preset, path) for preset in PRESETS] if presets else []
    default = f"`{shown(spec['default'])}`" if "default" in spec else ""
    choices = [f"`{item}`" for item in spec.get("enum", ())]
    words = f"{', '.join(choices[:-1])} or {choices[-1]}. " if choices and path != ("preset",) else ""
    says = " ".join(spec.get("description", "").split()).replace("|", "\\|")
    cells = [f"`{'.'.join(path)}`", default, *(f"`{item}`" if item else "" for item in said), f"{words}{says}".strip()]
    return f"| {' | '.join(cells)} |".replace("  ", " ")


def preset_value(preset: str, path: tuple[str, ...]) -> str:
    value: Any = PRESETS[preset]()
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else shown(value)


def table(section: str) -> list[str]:
    presets = section.startswith("environments")
    heads = ["key", "default", *(PRESETS if presets else ()), "is"]
    return [
        f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}",
        *(row(path, spec, presets) for path, spec in keys(SECTIONS[section])),
    ]  # fmt: skip


def documented(section: str) -> list[str]:
    part = PAGE.read_text().partition(f"\n### `{section}`\n")[2].partition("\n#")[0]
    return [line for line in part.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_in_the_table(section: str) -> None:
    assert documented(section) == table(section), "the table should be:\n" + "\n".join(table(section))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_says_what_it_is(section: str) -> None:
    assert not [".".join(path) for path, spec in keys(SECTIONS[section]) if not spec.get("description")]


def test_the_examples_load() -> None:
    whole, environments = (block.partition("```")[0] for block in PAGE.read_text().split("```yaml\n")[1:])
    check(text=whole)
    models = whole[whole.index("datasets:") : whole.index("    on:")]
    check(text=f"project: flowers\n{environments}\n{models}")


if __name__ == "__main__":
    for name in SECTIONS:
        print(f"### `{name}`\n\n" + "\n".join(table(name)) + "\n")
