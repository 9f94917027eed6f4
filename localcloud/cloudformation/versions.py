"""From a request to the version of a stack that it describes: template, parameters, tags, capabilities."""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import unquote, urlparse

from localcloud.cloudformation import requests
from localcloud.cloudformation.parameters import parameter_values, stored_value
from localcloud.cloudformation.stacks import Stack, Version
from localcloud.cloudformation.template import parse_template, validation_error
from localcloud.context import Cloud
from localcloud.errors import AwsError


class Versions:
    """Reads requests; templates by URL, and SSM parameters with the stack's role, are read from this cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def read(self, request: requests.StackRequest, previous: Version | None, role: str | None = None) -> Version:
        """`role`: what the stack has acted as until now."""
        read_ssm = partial(stored_value, self._cloud.client("ssm", request.get("RoleARN", role)))
        body = self.body(request, previous)
        template = parse_template(body)
        texts, values = parameter_values(
            template, request.get("Parameters", []), previous.parameter_texts if previous else {}, read_ssm
        )
        if "Tags" in request or previous is None:
            tags = {item["Key"]: item["Value"] for item in request.get("Tags", [])}
        else:
            tags = previous.tags
        version = Version(body, template, texts, values, tags, request.get("Capabilities", []))
        self._check_capabilities(version)
        return version

    @staticmethod
    def _check_capabilities(version: Version) -> None:
        makes_iam = any(body["Type"].startswith("AWS::IAM::") for body in version.template["Resources"].values())
        if makes_iam and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(version.capabilities):
            raise AwsError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")

    def body(self, request: requests.TemplateSource, previous: Version | None) -> str:
        if request.get("UsePreviousTemplate") and previous is not None:
            return previous.body
        if "TemplateBody" in request:
            return request["TemplateBody"]
        if "TemplateURL" in request:
            return self._download(request["TemplateURL"])
        raise validation_error("Either Template URL or Template Body must be specified.")

    def _download(self, url: str) -> str:
        parsed = urlparse(url)
        host, path = parsed.hostname or "", unquote(parsed.path.lstrip("/"))
        first = host.split(".", 1)[0]
        if first in ("localhost", "s3") or first.startswith("s3-"):
            bucket, _, key = path.partition("/")
        else:
            bucket, key = first, path
        answer = self._cloud.client("s3").get_object(Bucket=bucket, Key=key)
        content: bytes = answer["Body"].read()
        return content.decode()


def same(stack: Stack, version: Version) -> bool:
    """Whether an update to `version` would change nothing; False after a create or update that failed."""

    def essence(version: Version) -> str:
        template = {key: value for key, value in version.template.items() if key not in ("Metadata", "Description")}
        return json.dumps([template, version.parameter_texts, version.tags], sort_keys=True)

    if stack.version is None or stack.status in ("CREATE_FAILED", "UPDATE_FAILED"):
        return False
    return essence(stack.version) == essence(version)


def apply_settings(stack: Stack, request: requests.StackRequest) -> None:
    """Apply a request's settings of the stack itself: token, role, rollback, termination protection."""
    if request.get("NotificationARNs"):
        raise AwsError("NotImplemented", "localcloud does not emulate notifications about stack events")
    stack.token = request.get("ClientRequestToken", request.get("ClientToken"))
    stack.role_arn = request.get("RoleARN", stack.role_arn)
    stack.disable_rollback = bool(request.get("DisableRollback", stack.disable_rollback))
    stack.termination_protection = bool(request.get("EnableTerminationProtection", stack.termination_protection))
