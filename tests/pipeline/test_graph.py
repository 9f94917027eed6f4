"""The state machine as a graph: what Step Functions would refuse, and what a good pipeline must have."""

from __future__ import annotations

import json

import pytest

import config
from localcloud.stepfunctions.asl.definition import parse
from pipeline import fields, permissions, placeholders, state_machine
from pipeline.placeholders import Placeholder
from pipeline.tasks import LAMBDA, TRAINING_JOB

ENVIRONMENTS = ("local", "dev", "prod")


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def definition(request):
    return state_machine(config.load(request.param))


def test_step_functions_would_accept_it(definition):
    assert parse(json.dumps(definition), lambda resource, state: []) == definition


def test_every_task_has_a_timeout_a_catch_and_a_comment(definition):
    for name, state in fields.tasks(definition):
        assert "TimeoutSeconds" in state or "TimeoutSecondsPath" in state, name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
        assert state["Comment"], name


def test_retry_is_for_throttling_and_the_services_own_errors_alone(definition):
    for name, state in fields.tasks(definition):
        for retrier in state["Retry"]:
            assert not {"States.ALL", "States.TaskFailed", "States.Timeout"} & set(retrier["ErrorEquals"]), name
            assert retrier["MaxAttempts"] <= 9, f"{name}: the retry count is one digit of the job's name"


def test_a_catch_never_loses_the_state(definition):
    """A Catch with ResultPath `$` would leave the later states without their input."""
    for name, state in fields.tasks(definition):
        assert all(catcher["ResultPath"].startswith("$.") for catcher in state["Catch"]), name


def test_every_task_is_mapped_to_iam(definition):
    assert permissions.statements(definition)
    for name, state in fields.tasks(definition):
        assert permissions.of_task(name, state), name


def test_an_unmapped_resource_is_an_error():
    state = {"Resource": "arn:aws:states:::aws-sdk:ec2:terminateInstances", "Parameters": {}}
    with pytest.raises(KeyError, match=r"Rogue uses .*terminateInstances"):
        permissions.of_task("Rogue", state)


def test_a_sync_job_may_be_stopped_tagged_and_waited_for(definition):
    training = next(state for _, state in fields.tasks(definition) if state["Resource"] == TRAINING_JOB)
    actions = {action for item in permissions.of_task("TrainModel", training) for action in item.actions}
    assert actions == {
        "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob",
        "sagemaker:AddTags", "sagemaker:ListTags", "iam:PassRole",
        "events:PutTargets", "events:PutRule", "events:DescribeRule",
    }  # fmt: skip


def test_roles_are_passed_to_sagemaker_only_and_nothing_is_granted_on_everything(definition):
    for item in permissions.statements(definition):
        assert "*" not in item.resources
        if "iam:PassRole" in item.actions:
            assert item.conditions == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_a_field_without_evidence_is_refused():
    definition = state_machine(config.load("local"))
    definition["States"]["PrepareDataset"]["Parameters"]["Surprise"] = 1
    with pytest.raises(ValueError, match="PrepareDataset carries Surprise"):
        fields.check(definition)


def test_every_placeholder_is_known_and_substituted(definition):
    used = placeholders.used(definition)
    assert used == set(Placeholder) - {Placeholder.SUBNET_3, Placeholder.DATA_BUCKET}, "the network has two zones"
    done = placeholders.substitute(definition, {name.value: f'value "{name.value}"' for name in used})
    assert "${" not in json.dumps(done)


def test_functions_are_called_by_placeholder(definition):
    for name, state in fields.tasks(definition):
        if state["Resource"] == LAMBDA:
            assert state["Parameters"]["FunctionName"].startswith("${"), name
