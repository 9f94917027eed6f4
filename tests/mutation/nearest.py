"""Which tests are nearest to a file: the only ones that a mutant of it has to pass.

First comes the test file with the same name in the same place below `tests/`, where there is one; then these, the quick
ones before the slow ones, because most mutants fail in the first.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tests.mutation.imports import ROOT

_FROZEN = "tests/test_frozen.py"
_FUNCTIONS = ("tests/lambdas/test_environments.py", _FROZEN)
_PLANS = (
    "tests/lambdas/test_plan_values.py",
    "tests/lambdas/test_price.py",
    "tests/lambdas/test_plan_trained.py",
    "tests/lambdas/test_new_names_and_labels.py",
    "tests/lambdas/test_lookups.py",
    *_FUNCTIONS,
)

NEAREST: dict[str, tuple[str, ...]] = {
    "checks/all.py": (),
    "checks/prose/*": ("tests/checks/test_prose.py",),
    "checks/*": (
        "tests/checks/test_assembly.py",
        "tests/checks/test_small_resources.py",
        "tests/checks/test_documentation.py",
        "tests/checks/test_command.py",
        "tests/checks/test_controls.py",
        _FROZEN,
    ),
    "config/*": ("tests/config", "tests/pipeline/test_snapshot.py", "tests/pipeline/test_specs.py", _FROZEN),
    "lambdas/build_images/*": ("tests/lambdas/test_build_images.py", *_FUNCTIONS),
    "lambdas/common/*": ("tests/lambdas/test_shared.py", "tests/lambdas/test_common.py", *_FUNCTIONS),
    "lambdas/diagnose_failure/*": (
        "tests/lambdas/test_diagnosis_rules.py", "tests/lambdas/test_diagnose_failure.py", *_FUNCTIONS,
    ),
    "lambdas/emit_findings/*": ("tests/lambdas/test_emit_findings.py", *_FUNCTIONS),
    "lambdas/plan_run/request.py": (
        "tests/lambdas/test_request_limits.py", "tests/lambdas/test_plan_request.py", *_PLANS,
    ),
    "lambdas/plan_run/*": (*_PLANS, "tests/lambdas/test_plan.py", "tests/lambdas/test_plan_run.py"),
    "lambdas/publish_model/*": (
        "tests/lambdas/test_alias_moves.py",
        "tests/lambdas/test_refresh_fleet.py",
        "tests/lambdas/test_publish_model.py",
        *_FUNCTIONS,
    ),
    "lambdas/quality_gate/*": (
        "tests/lambdas/test_gate_limits.py", "tests/lambdas/test_quality_gate.py", *_FUNCTIONS,
    ),
    "lambdas/register_model/*": (
        "tests/lambdas/test_model_package.py", "tests/lambdas/test_stage_and_register.py", *_FUNCTIONS,
    ),
    "lambdas/smoke_test/*": (
        "tests/lambdas/test_endpoint_waits.py", "tests/lambdas/test_smoke_test.py", *_FUNCTIONS,
    ),
    "lambdas/stage_artifact/*": ("tests/lambdas/test_stage_and_register.py", *_FUNCTIONS),
    "model_code/imgcls/contract/rules.py": (
        "tests/imgcls/contract/test_metrics.py", "tests/imgcls/debug/test_documentation.py", _FROZEN,
    ),
    "model_code/imgcls/contract/*": ("tests/imgcls/contract", _FROZEN),
    "pipeline/specs.py": ("tests/pipeline/test_snapshot.py", _FROZEN),
    "pipeline/*": (
        "tests/pipeline/test_snapshot.py",
        "tests/pipeline/test_permissions.py",
        "tests/pipeline/test_functions.py",
        "tests/pipeline/test_names.py",
        "tests/pipeline/test_graph.py",
        _FROZEN,
    ),
}  # fmt: skip


def tests(path: str) -> tuple[str, ...]:
    """Those of the first pattern that fits. Raises LookupError for a file that none fits."""
    for pattern, found in NEAREST.items():
        if fnmatchcase(path, pattern):
            own = _of_the_same_name(path)
            return tuple(dict.fromkeys((*([own] if (ROOT / own).exists() else []), *found)))
    raise LookupError(f"{path} has no nearest tests: add it to tests/mutation/nearest.py")


def _of_the_same_name(path: str) -> str:
    """`tests/imgcls/contract/test_keys.py` of `model_code/imgcls/contract/keys.py`."""
    place = PurePosixPath(path.removeprefix("model_code/"))
    return str("tests" / place.parent / f"test_{place.name}")
