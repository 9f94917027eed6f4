"""The JSON schema of a project file, made from the config models: completion and errors in an editor."""

from __future__ import annotations

from typing import Any

from config.app import AppConfig
from config.models import SCALES
from config.presets import PRESETS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = {"pattern": "^[a-z0-9][a-z0-9-]*$"}


def schema() -> dict[str, Any]:
    """The schema as a JSON document."""
    whole = AppConfig.model_json_schema(by_alias=True)
    definitions = whole["$defs"]
    for name in ("PriceList", "Rates"):  # of a file of their own
        del definitions[name]
    own = whole["properties"]
    dataset, model = definitions["DatasetSpec"], definitions["ModelSpec"]
    for spec in (dataset, model):
        del spec["properties"]["name"]
        spec["required"].remove("name")
        changes = {"type": "object", "properties": {key: value for key, value in spec["properties"].items()}}
        spec["properties"]["on"] = {
            "type": "object", "description": "environment -> what it changes", "additionalProperties": changes,
        }  # fmt: skip
    for name, definition in definitions.items():
        # A preset, or the layer below a change, has what the file leaves out.
        if name not in ("DatasetSpec", "ModelSpec"):
            definition.pop("required", None)
    for limits in ("Continuous", "Integer", "Categorical"):
        definitions[limits]["properties"].pop("kind", None)
    definitions["Categorical"]["properties"]["values"]["items"] = {"type": ["string", "number"]}
    for numeric in ("Continuous", "Integer"):
        definitions[numeric]["properties"]["scale"] = {"enum": list(SCALES)}
    model_search = definitions["TuningSpec"]["properties"]["space"]["additionalProperties"]
    model_search.pop("discriminator", None)
    model_search["anyOf"] = model_search.pop("oneOf")
    environment = {key: value for key, value in own.items() if key not in _AT_THE_TOP}
    environment["preset"] = {**own["preset"], "enum": list(PRESETS)}
    return {
        "$schema": DIALECT,
        "title": "kennel.yaml",
        "type": "object",
        "additionalProperties": False,
        "required": ["project", "environments", "datasets", "models"],
        "properties": {
            "project": own["project"],
            "notify": own["notify"],
            "default_models": definitions["PipelineConfig"]["properties"]["default_models"],
            "environments": _named({"type": "object", "additionalProperties": False, "required": ["preset"],
                                    "properties": environment}),
            "datasets": _named({"$ref": "#/$defs/DatasetSpec"}),
            "models": _named({"$ref": "#/$defs/ModelSpec"}),
        },
        "$defs": definitions,
    }  # fmt: skip


_AT_THE_TOP = ("project", "environment", "datasets", "models", "prices")


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "propertyNames": _NAME, "additionalProperties": entry}
