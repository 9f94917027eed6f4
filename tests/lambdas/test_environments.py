"""What every function has: its variables with their defaults, and a handler that is logged."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

import lambdas

HANDLERS = sorted(path.parent.name for path in Path(lambdas.__file__).parent.glob("*/handler.py"))
# Function -> variables that have no default, and the defaults of the others.
ENVIRONMENTS: dict[str, tuple[set[str], dict[str, Any]]] = {
    "build_images": ({"project", "repositories"}, {}),
    "diagnose_failure": (set(), {"max_attempts": 3}),
    "emit_findings": ({"environment"}, {}),
    "plan_run": (
        {"data_bucket", "artifacts_bucket", "region", "code_file", "check_quotas"}, {"specs_file": "specs.json"},
    ),
    "publish_model": ({"artifacts_bucket", "endpoint_name", "stable_key", "refresh_stable_key"}, {}),
    "quality_gate": ({"min_accuracy", "max_regression", "max_latency_ms", "min_fp32_agreement"}, {}),
    "register_model": ({"serving_image", "project", "environment"}, {}),
    "smoke_test": ({"artifacts_bucket", "endpoint_name"}, {"max_wait_seconds": 480}),
    "stage_artifact": ({"artifacts_bucket"}, {}),
}  # fmt: skip

WITHOUT_VARIABLES = ("adopt_log_group", "clear_network", "empty_storage", "seed_prefix")
"""Custom resources, which get everything as properties."""


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_function_reads_its_variables(name: str) -> None:
    required, defaults = ENVIRONMENTS[name]
    environment = importlib.import_module(f"lambdas.{name}.environment").Environment
    found = environment.from_environment({variable.upper(): "1" for variable in required})
    assert vars(found).keys() == required | defaults.keys()
    assert {variable: getattr(found, variable) for variable in defaults} == defaults
    for variable in required:
        with pytest.raises(KeyError, match=rf"lacks .*\b{variable.upper()}\b"):
            environment.from_environment({other.upper(): "1" for other in required - {variable}})


def test_every_function_is_here() -> None:
    assert sorted([*ENVIRONMENTS, *WITHOUT_VARIABLES]) == HANDLERS


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_is_logged(name: str) -> None:
    handler = importlib.import_module(f"lambdas.{name}.handler").handler
    plain = inspect.unwrap(handler)
    assert plain is not handler and plain.__module__ == f"lambdas.{name}.handler"
