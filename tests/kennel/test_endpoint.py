"""The endpoint's switch, on a stack that has one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from kennel.cli import endpoint as command
from kennel.cli.app import app
from kennel.cloud import endpoint
from kennel.cloud import session as sessions
from kennel.cloud.session import Session
from kennel.errors import KennelError
from localcloud import ImageCommand, LocalCloud
from tests.local_records import record_of

SERVER = Path(__file__).parents[1] / "localcloud" / "endpoints" / "model_server.py"
NAME = "kennel-local"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def template(image: str) -> str:
    variant = {"VariantName": "AllTraffic", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    container = {"Image": f"{REGISTRY}/{image}:1", "Mode": "MultiModel", "ModelDataUrl": "s3://hosted/models/"}
    role = "arn:aws:iam::123456789012:role/hosting"
    return json.dumps({
        "Parameters": {
            "EndpointEnabled": {"Type": "String", "AllowedValues": ["true", "false"], "Default": "false"},
            "Stage": {"Type": "String", "Default": "test"},
        },
        "Conditions": {"On": {"Fn::Equals": [{"Ref": "EndpointEnabled"}, "true"]}},
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {"ExecutionRoleArn": role, "PrimaryContainer": container},
            },
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {
                    "ProductionVariants": [{**variant, "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}]
                },
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Condition": "On",
                "Properties": {
                    "EndpointName": NAME,
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                },
            },
        },
        "Outputs": {"EndpointName": {"Value": NAME}},
    })  # fmt: skip


@pytest.fixture(scope="module")
def cloud():
    images = [
        ImageCommand("*/miniature:*", "serving", (sys.executable, str(SERVER)), given=True),
        ImageCommand(
            "*/broken:*", "serving", (sys.executable, "-c", "raise SystemExit('no such model store')"), given=True
        ),
    ]
    with LocalCloud(images=images) as running:
        running.cloud.client("s3").create_bucket(Bucket="hosted")
        # SageMaker refuses a prefix without an object.
        running.cloud.client("s3").put_object(Bucket="hosted", Key="models/.about", Body=b"seed")
        yield running


@pytest.fixture(autouse=True)
def connected(cloud, monkeypatch, tmp_path):
    """The command finds this cloud."""
    record = record_of(cloud)
    monkeypatch.setattr(sessions.local_record, "require", lambda: record)


@pytest.fixture
def session(cloud):
    formation = cloud.cloud.client("cloudformation")

    def deploy(image: str) -> Session:
        formation.create_stack(
            StackName="Kennel-Local-Serving",
            TemplateBody=template(image),
            Parameters=[{"ParameterKey": "Stage", "ParameterValue": "kept"}],
        )
        formation.get_waiter("stack_create_complete").wait(
            StackName="Kennel-Local-Serving", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        return Session("local")

    yield deploy
    formation.delete_stack(StackName="Kennel-Local-Serving")
    formation.get_waiter("stack_delete_complete").wait(
        StackName="Kennel-Local-Serving", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def test_on_and_off_again(session, cloud):
    deployed = session("miniature")
    assert endpoint.describe(deployed).status == endpoint.OFF
    assert "Endpoint CREATE_COMPLETE" in list(endpoint.switch(deployed, on=True))
    found = endpoint.describe(deployed)
    assert (found.status, found.instances, found.wanted_instances) == ("InService", 1, 1)
    assert found.usd_per_hour == pytest.approx(0.115)
    assert list(endpoint.switch(deployed, on=True)) == []

    told = list(endpoint.switch(deployed, on=False))
    assert "Endpoint DELETE_COMPLETE" in told and not any(line.startswith("Model ") for line in told)
    assert endpoint.describe(deployed).status == endpoint.OFF
    [stack] = cloud.cloud.client("cloudformation").describe_stacks(StackName="Kennel-Local-Serving")["Stacks"]
    values = {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}
    assert values == {"EndpointEnabled": "false", "Stage": "kept"}


def test_an_endpoint_that_does_not_come_up_says_why_and_stays_off(session):
    deployed = session("broken")
    with pytest.raises(KennelError, match=r"ended UPDATE_ROLLBACK_COMPLETE: .*no such model store"):
        list(endpoint.switch(deployed, on=True))
    assert endpoint.describe(deployed).status == endpoint.OFF


def test_the_command(session):
    session("miniature")
    run = CliRunner().invoke
    assert "kennel-local is on\n" in run(app, ["endpoint", "on", "--no-publish"]).output
    assert "kennel-local is on already" in run(app, ["endpoint", "on", "--no-publish"]).output
    assert json.loads(run(app, ["endpoint", "status", "--json"]).output)["status"] == "InService"
    assert "1 of 1 x ml.m5.large" in run(app, ["endpoint", "status"]).output
    assert "kennel-local is off\n" in run(app, ["endpoint", "off"]).output
    assert "Turn it on with `kennel endpoint on" in run(app, ["endpoint", "status"]).output


def test_without_a_deployed_endpoint_the_fix_is_said():
    with pytest.raises(KennelError, match="local has no endpoint: run `kennel deploy"):
        list(endpoint.switch(Session("local"), on=True))


@pytest.mark.parametrize(("switch", "asked"), [("false", False), ("true", True)])
def test_only_an_endpoint_that_is_on_is_asked_about(monkeypatch, switch: str, asked: bool):
    stack = {
        "StackName": "Kennel-Dev-Serving",
        "StackStatus": "UPDATE_COMPLETE",
        "Parameters": [{"ParameterKey": "EndpointEnabled", "ParameterValue": switch}],
    }
    made = SimpleNamespace(
        config=SimpleNamespace(cloud="aws"), stacks=lambda: [stack], output=lambda name: "kennel-dev"
    )
    monkeypatch.setattr(command, "Session", lambda env: made)
    result = CliRunner().invoke(app, ["endpoint", "off", "--env", "dev"], input="n\n")
    assert ("Take the endpoint of dev away" in result.output) is asked
    assert ("kennel-dev is off already" in result.output) is not asked
