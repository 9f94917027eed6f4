"""SageMaker Debugger: the fields of its modes, the integration that accepts them, and what is rejected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from pydantic import ValidationError
from sagemaker.core import image_uris

from config.debugger import RULES_ACCOUNTS, rules_image
from pipeline import permissions, placeholders, state_machine
from pipeline.tasks import SDK_SAGEMAKER, TRAINING_JOB, task_states
from tests.pipeline.harness import Runner
from tests.pipeline.test_job_parameters import constraints, shape_of
from tests.pipeline.variants import variant

MODES = ("off", "rules", "profiler")
MODEL = "dog-breed-classifier-mobile"
FIELDS = {
    "off": set(),
    "rules": {"DebugHookConfig", "DebugRuleConfigurations"},
    "profiler": {"ProfilerConfig", "ProfilerRuleConfigurations"},
}


@pytest.fixture(scope="module", params=MODES)
def ran(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """(mode, the training job's request) of a run with the mode set."""
    runner = Runner(variant(pipeline={"sagemaker_debugger": request.param}))
    found = runner.run({"models": [MODEL]})
    assert found.error is None and found.outcomes[MODEL]["outcome"] == "published"
    (call,) = found.calls["TrainModel"]
    return request.param, call


def test_the_service_would_accept_the_job_in_every_mode(ran: tuple[str, dict[str, Any]]) -> None:
    mode, call = ran
    report = ParamValidator().validate(call, shape_of(TRAINING_JOB))
    assert not report.has_errors(), report.generate_report()
    assert not list(constraints(shape_of(TRAINING_JOB), call))
    ours = {"DebugHookConfig", "DebugRuleConfigurations", "ProfilerConfig", "ProfilerRuleConfigurations"}
    assert set(call) & ours == FIELDS[mode]


def test_a_job_has_the_rules_or_the_profiler_of_its_mode() -> None:
    hook = Runner(variant(pipeline={"sagemaker_debugger": "rules"})).run({"models": [MODEL]}).calls["TrainModel"][0]
    assert names(hook["DebugRuleConfigurations"]) == [
        "VanishingGradient", "Overfit", "PoorWeightInitialization", "LossNotDecreasing",
    ]  # fmt: skip
    assert hook["DebugHookConfig"]["S3OutputPath"].endswith(f"/{MODEL}/debugger/")
    profiled = (
        Runner(variant(pipeline={"sagemaker_debugger": "profiler"})).run({"models": [MODEL]}).calls["TrainModel"][0]
    )
    assert names(profiled["ProfilerRuleConfigurations"]) == ["ProfilerReport", "LowGPUUtilization"]
    assert profiled["ProfilerConfig"]["ProfilingIntervalInMilliseconds"] == 5000
    assert '"NumSteps": 50' in profiled["ProfilerConfig"]["ProfilingParameters"]["DetailedProfilingConfig"]


def names(rules: list[dict[str, Any]]) -> list[str]:
    assert {rule["RuleEvaluatorImage"] for rule in rules} == {rules_image("us-east-1")}
    assert [rule["RuleParameters"]["rule_to_invoke"] for rule in rules] == [
        rule["RuleConfigurationName"] for rule in rules
    ]
    return [rule["RuleConfigurationName"] for rule in rules]


def test_a_profiled_job_is_created_by_the_sdk_integration() -> None:
    resources = {mode: training_resource(mode) for mode in MODES}
    assert resources == {
        "off": TRAINING_JOB, "rules": TRAINING_JOB, "profiler": f"{SDK_SAGEMAKER}createTrainingJob",
    }  # fmt: skip


def training_resource(mode: str) -> str:
    tasks = dict(task_states(state_machine(variant(pipeline={"sagemaker_debugger": mode}))))
    return str(tasks["TrainModel"]["Resource"])


def test_the_role_may_create_describe_and_stop_the_job() -> None:
    definition = state_machine(variant(pipeline={"sagemaker_debugger": "profiler"}))
    allowed = {action for item in permissions.statements(definition) for action in item.actions}
    assert {f"sagemaker:{verb}TrainingJob" for verb in ("Create", "Describe", "Stop")} <= allowed
    passed = [item.resources for item in permissions.statements(definition) if "iam:PassRole" in item.actions]
    assert ("${TrainingRoleArn}",) in passed


def test_the_rules_image_is_the_one_of_the_region() -> None:
    for region in RULES_ACCOUNTS:
        assert rules_image(region) == image_uris.retrieve("debugger", region)


def test_the_local_environment_rejects_debugger() -> None:
    with pytest.raises(ValidationError, match="the local cloud does not emulate SageMaker Debugger: set it to off"):
        variant("local", pipeline={"sagemaker_debugger": "rules"})


def test_a_region_without_rules_is_rejected() -> None:
    values = variant(pipeline={"sagemaker_debugger": "profiler"}).model_dump() | {"region": "il-central-1"}
    with pytest.raises(ValidationError, match="SageMaker Debugger has no rules in il-central-1"):
        type(variant()).model_validate(values)


def test_cloudformation_linter_accepts_the_state_machine_in_every_mode(tmp_path: Path) -> None:
    paths = []
    for mode in MODES:
        definition = state_machine(variant(pipeline={"sagemaker_debugger": mode}))
        machine = {
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "DefinitionString": json.dumps(definition),
            "DefinitionSubstitutions": {placeholder.value: "x" for placeholder in placeholders.used(definition)},
        }
        template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}}}
        paths.append(tmp_path / f"{mode}.json")
        paths[-1].write_text(json.dumps(template))
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
