"""Deploy an assembly into the local cloud as the CDK CLI does, without its half minute per command."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


def deploy(folder: Path, role: str | None = None) -> dict[str, str]:
    """Create or update every stack of the assembly in order; stack -> status. Stops at the first that fails.

    role: ARN of what CloudFormation acts as.
    """
    ended = {}
    for name in stacks_in_order(folder):
        publish(folder, name)
        ended[name] = _deploy_stack(name, (folder / f"{name}.template.json").read_text(), role)
        if ended[name] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            break
    return ended


def stacks_in_order(folder: Path) -> list[str]:
    """Each after what it depends on."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    stacks = [name for name, item in artifacts.items() if item["type"] == "aws:cloudformation:stack"]
    ordered: list[str] = []

    def visit(name: str) -> None:
        for other in artifacts[name].get("dependencies", []):
            if other in stacks and other not in ordered:
                visit(other)
        if name not in ordered:
            ordered.append(name)

    for name in stacks:
        visit(name)
    return ordered


def publish(folder: Path, stack: str) -> None:
    """Upload the stack's file assets."""
    s3 = boto3.client("s3")
    for file in json.loads((folder / f"{stack}.assets.json").read_text())["files"].values():
        source = folder / file["source"]["path"]
        content = _zip(source) if file["source"]["packaging"] == "zip" else source.read_bytes()
        for place in file["destinations"].values():
            bucket = place["bucketName"].replace("${AWS::AccountId}", "123456789012")
            s3.put_object(Bucket=bucket, Key=place["objectKey"], Body=content)


def _zip(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()


def destroy(folder: Path) -> dict[str, str]:
    """Delete every stack of the assembly, the last first; stack -> status."""
    client, ended = boto3.client("cloudformation"), {}
    for name in reversed(stacks_in_order(folder)):
        arn = client.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        client.delete_stack(StackName=arn)
        ended[name] = _ended(arn)
    return ended


def _deploy_stack(name: str, template: str, role: str | None) -> str:
    client = boto3.client("cloudformation")
    acting: dict[str, Any] = {"RoleARN": role} if role else {}
    try:
        client.describe_stacks(StackName=name)
        client.update_stack(StackName=name, TemplateBody=template, Capabilities=CAPABILITIES, **acting)
    except ClientError as error:
        if "No updates" in str(error):
            return "UPDATE_COMPLETE"
        if "does not exist" not in str(error):
            raise
        client.create_stack(StackName=name, TemplateBody=template, Capabilities=CAPABILITIES, **acting)
    return _ended(name)


def _ended(name: str, seconds: float = 300) -> str:
    client = boto3.client("cloudformation")
    deadline = time.monotonic() + seconds
    while True:
        status: str = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status
        assert time.monotonic() < deadline, f"{name} is {status}"
        time.sleep(0.1)


def reasons(stack: str) -> list[str]:
    """Why resources of the stack failed, newest first."""
    events: list[dict[str, Any]] = boto3.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]
