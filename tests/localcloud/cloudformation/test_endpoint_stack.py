"""An endpoint through CloudFormation: in service when the stack is complete, updated, gone after the delete."""

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from localcloud import ImageCommand
from localcloud.cloudformation.existence import missing_resources

SERVER = Path(__file__).parents[1] / "endpoints" / "model_server.py"
ROLE = "arn:aws:iam::123456789012:role/hosting"


@pytest.fixture(scope="module")
def local_cloud_images():
    return [
        ImageCommand("*/miniature:*", "serving", (sys.executable, str(SERVER)), given=True),
        ImageCommand(
            "*/broken:*", "serving", (sys.executable, "-c", "raise SystemExit('no such model store')"), given=True
        ),
    ]


def hosting(image, instances, *, enabled=True):
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    resources = {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": ROLE,
                "PrimaryContainer": {
                    "Image": f"{registry}/{image}:1",
                    "Mode": "MultiModel",
                    "ModelDataUrl": "s3://hosted/models/",
                },
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [
                    {
                        "VariantName": "all",
                        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                        "InitialInstanceCount": instances,
                        "InstanceType": "ml.m5.large",
                        "InitialVariantWeight": 1.0,
                    }
                ]
            },
        },
    }
    if enabled:
        resources["Endpoint"] = {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "stacked",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                "Tags": [{"Key": "team", "Value": "vision"}],
            },
        }
    return resources


@pytest.fixture(scope="module", autouse=True)
def archive(local_cloud):
    s3 = local_cloud.cloud.client("s3")
    s3.create_bucket(Bucket="hosted")
    content = io.BytesIO()
    text = json.dumps({"answer": 42}).encode()
    with tarfile.open(fileobj=content, mode="w:gz") as files:
        info = tarfile.TarInfo("model.json")
        info.size = len(text)
        files.addfile(info, io.BytesIO(text))
    s3.put_object(Bucket="hosted", Key="models/m.tar.gz", Body=content.getvalue())


def ask(client):
    response = client("sagemaker-runtime").invoke_endpoint(
        EndpointName="stacked", TargetModel="m.tar.gz", Body=b"x", ContentType="image/jpeg", Accept="application/json"
    )
    return json.loads(response["Body"].read())["answer"]


def described(client):
    return client("sagemaker").describe_endpoint(EndpointName="stacked")


def test_create_update_and_delete_of_an_endpoint(stacks, client):
    assert stacks.create("hosting", hosting("miniature", 1))["StackStatus"] == "CREATE_COMPLETE"
    assert ask(client) == 42
    assert missing_resources(client, "hosting") == []
    first = described(client)
    assert first["EndpointStatus"] == "InService"
    assert client("sagemaker").list_tags(ResourceArn=first["EndpointArn"])["Tags"] == [
        {"Key": "team", "Value": "vision"}
    ]

    assert stacks.update("hosting", hosting("miniature", 2))["StackStatus"] == "UPDATE_COMPLETE"
    second = described(client)
    assert second["EndpointConfigName"] == stacks.physical("hosting", "Config") != first["EndpointConfigName"]
    assert second["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    configs = client("sagemaker").list_endpoint_configs()["EndpointConfigs"]
    assert [config["EndpointConfigName"] for config in configs] == [second["EndpointConfigName"]]

    rolled_back = stacks.update("hosting", hosting("broken", 1))
    assert rolled_back["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert described(client)["EndpointConfigName"] == second["EndpointConfigName"]
    assert ask(client) == 42

    off = stacks.update("hosting", hosting("miniature", 2, enabled=False))
    assert off["StackStatus"] == "UPDATE_COMPLETE"
    assert client("sagemaker").list_endpoints()["Endpoints"] == []
    assert stacks.delete("hosting") == "DELETE_COMPLETE"
    assert client("sagemaker").list_models()["Models"] == []


def test_an_endpoint_that_does_not_come_up_fails_the_stack_with_its_reason(stacks, client):
    assert stacks.create("broken", hosting("broken", 1))["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = stacks.reasons("broken", "Endpoint")[0]
    assert reason.startswith("Endpoint stacked: ")
    assert client("sagemaker").list_endpoints()["Endpoints"] == []
