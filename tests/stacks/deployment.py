"""The stacks of an assembly in a local cloud, as the CDK CLI deploys them, without the seconds that it takes."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
MAX_SECONDS = 180.0


class Deployment:
    """`client`: service name -> client of the local cloud. A stack is named by its role, such as Storage."""

    def __init__(self, client: Callable[[str], Any], folder: Path) -> None:
        self.client = client
        self._folder = folder
        self.templates: dict[str, dict[str, Any]] = {
            path.name.split("-")[-1].split(".")[0]: json.loads(path.read_text())
            for path in folder.glob("*.template.json")
        }
        self._names = {
            path.name.split("-")[-1].split(".")[0]: path.name.split(".")[0] for path in folder.glob("*.template.json")
        }
        self._upload()

    def name(self, role: str) -> str:
        return self._names[role]

    def create(self, role: str, **options: Any) -> str:
        """The status in which the creation ends."""
        self.client("cloudformation").create_stack(
            StackName=self.name(role), TemplateURL=self._template(role), Capabilities=CAPABILITIES, **options
        )
        return self._ended(self.name(role))

    def update(self, role: str) -> str:
        self.client("cloudformation").update_stack(
            StackName=self.name(role), TemplateURL=self._template(role), Capabilities=CAPABILITIES
        )
        return self._ended(self.name(role))

    def delete(self, role: str) -> str:
        formation = self.client("cloudformation")
        arn = formation.describe_stacks(StackName=self.name(role))["Stacks"][0]["StackId"]
        formation.delete_stack(StackName=arn)
        return self._ended(arn)

    def physical(self, role: str, kind: str) -> list[str]:
        """The physical ids of the resources of one type."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        found = [item for page in pages.paginate(StackName=self.name(role)) for item in page["StackResourceSummaries"]]
        return [item["PhysicalResourceId"] for item in found if item["ResourceType"] == kind]

    def failures(self, role: str) -> list[str]:
        events = self.client("cloudformation").describe_stack_events(StackName=self.name(role))["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if event["ResourceStatus"].endswith("FAILED")
        ]

    def _template(self, role: str) -> str:
        s3, key = self.client("s3"), f"templates/{role}.json"
        s3.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(self.templates[role]).encode())
        return f"{s3.meta.endpoint_url}/{self._bucket}/{key}"

    def _upload(self) -> None:
        for path in self._folder.glob("*.assets.json"):
            for asset in json.loads(path.read_text())["files"].values():
                (place,) = asset["destinations"].values()
                self._bucket = (
                    place["bucketName"]
                    .replace("${AWS::AccountId}", "123456789012")
                    .replace("${AWS::Region}", "us-east-1")
                )
                source = self._folder / asset["source"]["path"]
                content = zipped(source) if asset["source"]["packaging"] == "zip" else source.read_bytes()
                self.client("s3").put_object(Bucket=self._bucket, Key=place["objectKey"], Body=content)

    def _ended(self, name: str) -> str:
        deadline = time.monotonic() + MAX_SECONDS
        while True:
            stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return str(stack["StackStatus"])
            assert time.monotonic() < deadline, stack["StackStatus"]
            time.sleep(0.1)


def zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
