"""One local cloud per module, and templates as dictionaries."""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.pytest_plugin import local_cloud, local_cloud_images

__all__ = ["local_cloud", "local_cloud_images"]

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


class Stacks:
    """Creates and updates stacks from resources."""

    def __init__(self) -> None:
        self.client = boto3.client("cloudformation")

    def create(self, name: str, resources: dict[str, Any], **options: Any) -> dict[str, Any]:
        sections = {key: options.pop(key) for key in list(options) if key in ("Outputs", "Conditions", "Mappings")}
        parameters = options.pop("Parameters_", {})
        body = {"Resources": resources, **sections, **({"Parameters": parameters} if parameters else {})}
        self.client.create_stack(StackName=name, TemplateBody=json.dumps(body), Capabilities=CAPABILITIES, **options)
        return self.ended(name)

    def update(self, name: str, resources: dict[str, Any], **options: Any) -> dict[str, Any]:
        sections = {key: options.pop(key) for key in list(options) if key in ("Outputs", "Conditions", "Mappings")}
        body = {"Resources": resources, **sections}
        self.client.update_stack(StackName=name, TemplateBody=json.dumps(body), Capabilities=CAPABILITIES, **options)
        return self.ended(name)

    def delete(self, name: str) -> str:
        arn = self.describe(name)["StackId"]
        self.client.delete_stack(StackName=name)
        return self.ended(arn)["StackStatus"]

    def ended(self, name: str, seconds: float = 120) -> dict[str, Any]:
        """The stack after the operation in progress: on a busy machine operations answer before their end."""
        deadline = time.monotonic() + seconds
        while (stack := self.describe(name))["StackStatus"].endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, stack["StackStatus"]
            time.sleep(0.1)
        return stack

    def describe(self, name: str) -> dict[str, Any]:
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def physical(self, name: str, logical_id: str) -> str:
        found = self.client.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def reasons(self, name: str, logical_id: str) -> list[str]:
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [
            event["ResourceStatusReason"]
            for event in events
            if event["LogicalResourceId"] == logical_id and "ResourceStatusReason" in event
        ]


@pytest.fixture(scope="module")
def stacks(local_cloud: Any) -> Stacks:
    return Stacks()


@pytest.fixture(scope="module")
def client(local_cloud: Any) -> Callable[[str], Any]:
    return local_cloud.cloud.client


def error_of(call: Callable[[], Any]) -> str:
    """The message of the ClientError that `call` raises."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Message"]
