"""What a request needs besides the action that it is named for: to set tags, and to pass a role."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localcloud.json_types import JSON, JsonObject

_TAGGING = {
    "ec2": "CreateTags",
    "iam": "TagRole",
    "sagemaker": "AddTags",
    "sqs": "TagQueue",
    "ssm": "AddTagsToResource",
}
"""TagResource elsewhere."""
_WITHOUT = {"budgets", "codebuild", "s3"}
"""Services that check no action of its own for tags in a request that creates."""
_CREATES = re.compile(r":(Create|Put|Register)")
_TAG_FIELDS = re.compile(r"(Tags|tags|TagSpecification)(\..*)?")
_ROLE_FIELDS = {
    "RoleArn",
    "Role",
    "roleArn",
    "serviceRole",
    "DeliverLogsPermissionArn",
    "ExecutionRoleArn",
    "ExecutionRole",
}
_PASSED_TO = {"ec2": "vpc-flow-logs"}
"""The principal of a service, where its name is another."""


def tagging_action(action: str, body: JsonObject) -> str | None:
    """The action that sets the tags of a request that creates something."""
    service = action.partition(":")[0]
    if service in _WITHOUT or not _CREATES.search(action):
        return None
    if not any(_TAG_FIELDS.fullmatch(name) and value for name, value in body.items()):
        return None
    return f"{service}:{_TAGGING.get(service, 'TagResource')}"


def passed_roles(action: str, body: JsonObject) -> Iterator[tuple[str, str]]:
    """(role, service principal) of each role that a request hands to the service."""
    service = action.partition(":")[0]
    if service == "iam":
        return
    for role in dict.fromkeys(_roles(body)):
        yield role, f"{_PASSED_TO.get(service, service)}.amazonaws.com"


def _roles(value: JSON) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _roles(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in _ROLE_FIELDS and isinstance(item, str) and item.startswith("arn:"):
                yield item
            else:
                yield from _roles(item)
