"""After a deploy, everything the templates name is there."""

from __future__ import annotations

import json
import re

import pytest

from pipeline import state_machine


def test_outputs(deployed):
    for name in ("DataBucket", "ArtifactsBucket", "EndpointName", "StateMachineArn"):
        assert deployed.session.output(name)


def test_the_endpoint_is_in_service_with_an_empty_prefix(deployed):
    answer = deployed.client("sagemaker").describe_endpoint(EndpointName=deployed.session.output("EndpointName"))
    assert answer["EndpointStatus"] == "InService"


@pytest.mark.parametrize("stack", ["Storage", "Studio", "Images", "Training", "Serving", "Monitoring"])
def test_every_resource_of_the_template_exists(deployed, stack):
    from localcloud.cloudformation.existence import missing_resources

    missing = missing_resources(deployed.client, f"Kennel-Local-{stack}")
    assert not missing, missing


def test_diff_right_after_a_deploy_is_empty(deployed):
    shown = deployed.kennel("diff")
    assert "Number of stacks with differences: 0" in shown.stdout + shown.stderr
    assert "Nothing changes." in shown.stdout


def test_the_deployed_definition_is_the_one_whose_sizes_are_tested(deployed):
    """tests/pipeline measures states of `state_machine(config)`; what runs must be that, placeholders filled."""
    answer = deployed.client("stepfunctions").describe_state_machine(
        stateMachineArn=deployed.session.output("StateMachineArn")
    )
    assert "${" not in answer["definition"]
    assert_filled(state_machine(deployed.session.config), json.loads(answer["definition"]))


def assert_filled(ours, deployed, where="$"):
    """Equal but for `${Placeholders}`, which stand for text that is not empty."""
    assert type(ours) is type(deployed), where
    if isinstance(ours, dict):
        assert list(ours) == list(deployed), where
        for name, value in ours.items():
            assert_filled(value, deployed[name], f"{where}.{name}")
    elif isinstance(ours, list):
        assert len(ours) == len(deployed), where
        for index, (left, right) in enumerate(zip(ours, deployed, strict=True)):
            assert_filled(left, right, f"{where}[{index}]")
    elif isinstance(ours, str):
        pattern = ".+".join(re.escape(part) for part in re.split(r"\$\{\w+\}", ours))
        assert re.fullmatch(pattern, deployed, re.DOTALL), where
    else:
        assert ours == deployed, where
