"""After a deploy, everything the templates name is there."""

from __future__ import annotations

import pytest


def test_outputs(deployed):
    for name in ("DataBucket", "ArtifactsBucket", "EndpointName", "StateMachineArn"):
        assert deployed.session.output(name)


def test_the_endpoint_is_in_service_with_an_empty_prefix(deployed):
    answer = deployed.client("sagemaker").describe_endpoint(EndpointName=deployed.session.output("EndpointName"))
    assert answer["EndpointStatus"] == "InService"


@pytest.mark.parametrize("stack", ["Storage", "Studio", "Training", "Serving", "Monitoring"])
def test_every_resource_of_the_template_exists(deployed, stack):
    from localcloud.audit import missing_resources

    missing = missing_resources(deployed.client, f"Kennel-Local-{stack}")
    assert not missing, missing


def test_diff_right_after_a_deploy_is_empty(deployed):
    shown = deployed.kennel("diff")
    assert "Number of stacks with differences: 0" in shown.stdout + shown.stderr
