"""Which resources a request names, as ARNs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from localcloud.json_types import JSON, JsonObject

_ARN_FIELDS = ("TopicArn", "stateMachineArn", "executionArn", "SecretId", "ResourceArn")
_NAMED = {
    "budgets": (("BudgetName", "budgets::{account}:budget/{value}"), ("Budget", "budgets::{account}:budget/{value}")),
    "cloudwatch": (
        ("AlarmName", "cloudwatch:{here}:alarm:{value}"),
        ("DashboardName", "cloudwatch::{account}:dashboard/{value}"),
        ("AlarmNames", "cloudwatch:{here}:alarm:{value}"),
        ("DashboardNames", "cloudwatch::{account}:dashboard/{value}"),
    ),
    "codebuild": (("name", "codebuild:{here}:project/{value}"), ("names", "codebuild:{here}:project/{value}")),
    "ecr": (("repositoryName", "ecr:{here}:repository/{value}"), ("repositoryNames", "ecr:{here}:repository/{value}")),
    "events": (("Rule", "events:{here}:rule/{value}"), ("Name", "events:{here}:rule/{value}")),
    "iam": (("RoleName", "iam::{account}:role/{value}"),),
    "kms": (("KeyId", "kms:{here}:key/{value}"),),
    "lambda": (("FunctionName", "lambda:{here}:function:{value}"),),
    "sns": (("Name", "sns:{here}:{value}"),),
    "sqs": (("QueueName", "sqs:{here}:{value}"), ("QueueUrl", "sqs:{here}:{value}")),
    "ssm": (("Name", "ssm:{here}:parameter/{value}"), ("Names", "ssm:{here}:parameter/{value}")),
    "states": (("name", "states:{here}:stateMachine:{value}"),),
}
"""Service -> field of its requests and the ARN that it means, the first that a request has."""
_EC2_IDS = {
    "fl": "vpc-flow-log",
    "rtb": "route-table",
    "sg": "security-group",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def resources(action: str, body: JsonObject, region: str, account: str) -> list[str | None]:
    """The ARNs in a request; [None] where it names none, or the action is checked on all resources."""
    service, here = action.partition(":")[0], f"{region}:{account}"
    if service == "logs" and "logGroupName" in body:
        stream = f"log-stream:{body['logStreamName']}" if "logStreamName" in body else "*"
        return [f"arn:aws:logs:{here}:log-group:{body['logGroupName']}:{stream}"]
    if action == "cloudformation:DescribeStacks":
        # Without a name it lists every stack, which only "*" permits.
        stack = str(body.get("StackName", "*"))
        return [stack if stack == "*" or stack.startswith("arn:") else f"arn:aws:cloudformation:{here}:stack/{stack}/*"]
    if re.match(r"(cloudwatch|ec2):Describe", action):  # of which IAM lets nothing be named, or only all
        return [None]
    if service == "ec2":
        return [*_of_ec2(body, here)] or [None]
    given = [each for field in _ARN_FIELDS if isinstance(each := body.get(field), str) and each.startswith("arn:")]
    return [*given] or [*_of_names(service, body, here, account)] or [None]


def _of_names(service: str, body: JsonObject, here: str, account: str) -> Iterator[str]:
    for field, arn in _NAMED.get(service, ()):
        values = _values(body, field)
        if values:
            for value in values:
                name = unquote(value).rpartition("/" if field == "QueueUrl" else "\0")[2].lstrip("/")
                full = f"arn:aws:{arn.format(here=here, account=account, value=name)}"
                yield name if name.startswith("arn:") else full
            return


def _values(body: JsonObject, field: str) -> list[str]:
    """Of a text, a list of texts, a budget, or the members of a list in a query."""
    value: JSON = body.get(field)
    if isinstance(value, dict):
        value = value.get(f"{field}Name")
    if value is None:
        return [str(item) for name, item in body.items() if re.fullmatch(rf"{field}(\.member)?\.\d+", name)]
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _of_ec2(body: JsonObject, here: str) -> Iterator[str]:
    """A query's ids, by their prefixes."""
    for value in dict.fromkeys(str(item) for item in body.values()):
        kind = _EC2_IDS.get(value.partition("-")[0]) if re.fullmatch(r"[a-z]+-[0-9a-f]{8,17}", value) else None
        if kind:
            yield f"arn:aws:ec2:{here}:{kind}/{value}"
