"""What one stack hands on to another: only what an ordinary update leaves alone.

CloudFormation refuses to change or take away an export that a deployed stack imports, and it updates the exporting
stack first. So a value that changes with the code, the images or the list of functions can never be updated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks.assembly import Assembly, Template
from checks.control import Control

SINGLE = re.compile(r"\$\{(\w+)(?:\.([\w.]+))?\}")
"""The whole of a text that Fn::Sub fills."""
LASTING = {
    "AWS::EC2::SecurityGroup": ("GroupId",),
    "AWS::EC2::Subnet": ("Ref",),
    "AWS::EC2::VPC": ("Ref",),
    "AWS::KMS::Key": ("Arn", "Ref"),
    "AWS::S3::Bucket": ("Arn", "Ref"),
    "AWS::SNS::Topic": ("Ref",),
    "AWS::SQS::Queue": ("Arn", "QueueName", "Ref"),
}
"""Kind -> what may be exported of it: identities that change only with a replacement, of kinds that an environment has
whatever its models, functions and images are. Functions come and go with their names, and a custom resource may
answer anything, so neither is here."""


def unstable(assembly: Assembly) -> Iterator[str]:
    for stack, template in assembly.templates.items():
        for name, output in template.get("Outputs", {}).items():
            if "Export" in output and not lasting(output["Value"], template):
                yield f"{stack}/{name}"


def lasting(value: Any, template: Template) -> bool:
    """Whether an exported value is the identity of one resource that lasts."""
    reference = _reference(value)
    if reference is None:
        return False
    name, attribute = reference
    resource: Mapping[str, Any] = template.get("Resources", {}).get(name, {})
    # A resource with a condition comes and goes with a parameter.
    return attribute in LASTING.get(resource.get("Type", ""), ()) and "Condition" not in resource


def _reference(value: Any) -> tuple[str, str] | None:
    """(logical id, attribute or `Ref`) of a value that is one reference; None for any other value."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((function, argument),) = value.items()
    if function == "Ref":
        return argument, "Ref"
    if function == "Fn::GetAtt":
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return name, attribute
    if function == "Fn::Sub" and isinstance(argument, str) and (found := SINGLE.fullmatch(argument)):
        return found[1], found[2] or "Ref"
    return None


CONTROLS = (
    Control(
        "stack.exports",
        "export only the identity of a resource that lasts: CloudFormation refuses to change an export in use",
        unstable,
    ),
)
