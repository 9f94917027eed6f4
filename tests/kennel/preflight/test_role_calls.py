"""What the code calls by role: held against the calls in the code, and against the policies in the local cloud."""

from __future__ import annotations

import json

import pytest

from kennel.preflight import policies, role_calls, templates
from kennel.preflight.finding import Level
from kennel.workspace import project
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.kennel.preflight.aws import subject
from tests.stacks.assemblies import ROOT, VARIANTS
from tests.stacks.test_function_permissions import FUNCTIONS, actions_of, fullest

__all__ = ["local_cloud", "local_cloud_images"]

LISTS_ITSELF = {"s3:ListBucket"}
"""A missing object is told from a denied one only by who may list; the policies grant it beside reading."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_row_has_what_its_code_calls(name: str) -> None:
    row = {call.action for call in role_calls.calls(project.config(fullest(name))).get(FUNCTIONS[name], [])}
    assert not actions_of(ROOT / "lambdas" / name) - row - LISTS_ITSELF


@pytest.fixture
def against_the_local_cloud(local_cloud, monkeypatch):
    """Subjects of the clone's environments whose simulator and validator are the local cloud's."""

    def make(environment: str):
        made, session = subject(environment)
        monkeypatch.setattr(session, "client", local_cloud.cloud.client)
        return made

    return make


@pytest.mark.parametrize("environment", ["local", "dev", "prod", *VARIANTS])
def test_every_call_is_allowed(environment: str, against_the_local_cloud) -> None:
    (finding,) = policies.simulated(against_the_local_cloud(environment))
    assert finding.level is Level.OK and "calls that the code makes" in finding.sentence


def test_a_permission_that_is_missing_is_named(against_the_local_cloud) -> None:
    made = against_the_local_cloud("dev")
    text = json.dumps([stack.template for stack in made.stacks])
    assert '"s3:PutObject"' in text
    training = next(stack for stack in made.stacks if stack.name.endswith("Training"))
    edited = json.loads(training.body.replace("sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackages"))
    training.template.clear()
    training.template.update(edited)
    (finding,) = policies.simulated(made)
    assert finding.level is Level.ERROR
    assert "RegisterModelRole" in finding.sentence and "sagemaker:CreateModelPackageGroup" in finding.sentence


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_the_definition_is_accepted(environment: str, against_the_local_cloud) -> None:
    (finding,) = templates.definition(against_the_local_cloud(environment))
    assert finding.level is Level.OK
