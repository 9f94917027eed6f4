"""The state machine as a graph: valid for Step Functions, with the timeouts, catches and permissions it needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

import config
from localcloud.stepfunctions.asl.definition import parse
from pipeline import allowed_fields, permissions, placeholders, state_machine
from pipeline.placeholders import Placeholder
from pipeline.tasks import LAMBDA, TRAINING_JOB, task_states

ENVIRONMENTS = ("local", "dev", "prod")


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def definition(request: pytest.FixtureRequest) -> dict[str, Any]:
    return state_machine(config.load(request.param))


def test_step_functions_would_accept_it(definition: dict[str, Any]) -> None:
    assert parse(json.dumps(definition), lambda resource, state: []) == definition


def test_every_task_has_a_timeout_a_catch_and_a_comment(definition: dict[str, Any]) -> None:
    for name, state in task_states(definition):
        assert "TimeoutSeconds" in state or "TimeoutSecondsPath" in state, name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert state["Comment"], name


def test_only_throttling_and_service_errors_are_retried(definition: dict[str, Any]) -> None:
    for name, state in task_states(definition):
        for retrier in state["Retry"]:
            assert not {"States.ALL", "States.TaskFailed", "States.Timeout"} & set(retrier["ErrorEquals"]), name
            assert retrier["MaxAttempts"] <= 9, f"{name}: the retry count is one digit of the job's name"


def test_a_catch_keeps_the_data(definition: dict[str, Any]) -> None:
    """A Catch with ResultPath `$` would leave the later states without their input."""
    for name, state in task_states(definition):
        assert all(catcher["ResultPath"].startswith("$.") for catcher in state["Catch"]), name


def test_every_task_is_mapped_to_iam(definition: dict[str, Any]) -> None:
    assert permissions.statements(definition)
    for name, state in task_states(definition):
        assert permissions.of_task(name, state), name


def test_an_unmapped_resource_is_an_error() -> None:
    state = {"Resource": "arn:aws:states:::aws-sdk:ec2:terminateInstances", "Parameters": {}}
    with pytest.raises(KeyError, match=r"Rogue uses .*terminateInstances"):
        permissions.of_task("Rogue", state)


def test_the_role_may_stop_tag_and_wait_for_a_sync_job(definition: dict[str, Any]) -> None:
    training = next(state for _, state in task_states(definition) if state["Resource"] == TRAINING_JOB)
    actions = {action for item in permissions.of_task("TrainModel", training) for action in item.actions}
    assert actions == {
        "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob",
        "sagemaker:AddTags", "sagemaker:ListTags", "iam:PassRole",
        "events:PutTargets", "events:PutRule", "events:DescribeRule",
    }  # fmt: skip


def test_roles_are_passed_to_sagemaker_only_and_every_statement_names_resources(definition: dict[str, Any]) -> None:
    for item in permissions.statements(definition):
        assert "*" not in item.resources or item.actions[0].startswith("sagemaker:List"), "IAM has no resource for it"
        if "iam:PassRole" in item.actions:
            assert item.conditions == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_a_field_without_evidence_is_rejected() -> None:
    definition = state_machine(config.load("local"))
    definition["States"]["PrepareDataset"]["Parameters"]["Surprise"] = 1
    with pytest.raises(ValueError, match="PrepareDataset has the field Surprise, for which"):
        allowed_fields.check(definition)


def test_every_placeholder_is_known_and_substituted(definition: dict[str, Any]) -> None:
    used = placeholders.used(definition)
    unused = {*placeholders.SUBNETS[2:], Placeholder.DATA_BUCKET}
    assert used == set(Placeholder) - unused, "the network has two zones"
    done = placeholders.substitute(definition, {name.value: f'value "{name.value}"' for name in used})
    assert "${" not in json.dumps(done)


def test_functions_are_called_by_placeholder(definition: dict[str, Any]) -> None:
    for name, state in task_states(definition):
        if state["Resource"] == LAMBDA:
            assert state["Parameters"]["FunctionName"].startswith("${"), name
