"""From a request to the version of a stack that it describes: template, parameters, tags, capabilities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlparse

from localcloud.cloudformation.parameters import parameter_values
from localcloud.cloudformation.stacks import Stack, Version
from localcloud.cloudformation.template import parse_template, validation_error
from localcloud.context import Cloud
from localcloud.errors import AwsError

Parameters = dict[str, Any]


class Versions:
    """Reads requests; templates by URL and SSM parameters come from the cloud itself."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def read(self, parameters: Parameters, previous: Version | None) -> Version:
        body = self.body(parameters, previous)
        template = parse_template(body)
        texts, values = parameter_values(
            template, parameters.get("Parameters", []), previous.parameter_texts if previous else {}, self._read_ssm
        )
        if "Tags" in parameters or previous is None:
            tags = {item["Key"]: item["Value"] for item in parameters.get("Tags", [])}
        else:
            tags = previous.tags
        version = Version(body, template, texts, values, tags, parameters.get("Capabilities", []))
        self._check_capabilities(version)
        return version

    @staticmethod
    def _check_capabilities(version: Version) -> None:
        makes_iam = any(body["Type"].startswith("AWS::IAM::") for body in version.template["Resources"].values())
        if makes_iam and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(version.capabilities):
            raise AwsError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")

    def body(self, parameters: Parameters, previous: Version | None) -> str:
        if parameters.get("UsePreviousTemplate") and previous is not None:
            return previous.body
        if "TemplateBody" in parameters:
            return parameters["TemplateBody"]
        if "TemplateURL" in parameters:
            return self._download(parameters["TemplateURL"])
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
        return answer["Body"].read().decode()

    def _read_ssm(self, name: str) -> str:
        return self._cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]


def same(stack: Stack, version: Version) -> bool:
    """Whether an update to `version` would change nothing; one that failed half-way always has something to do."""

    def essence(version: Version) -> str:
        template: Mapping[str, Any] = {
            k: v for k, v in version.template.items() if k not in ("Metadata", "Description")
        }
        return json.dumps([template, version.parameter_texts, version.tags], sort_keys=True)

    if stack.version is None or stack.status in ("CREATE_FAILED", "UPDATE_FAILED"):
        return False
    return essence(stack.version) == essence(version)


def apply_settings(stack: Stack, parameters: Parameters) -> None:
    """Take over what a request says about the stack itself."""
    if parameters.get("NotificationARNs"):
        raise AwsError("NotImplemented", "localcloud does not emulate notifications about stack events")
    stack.token = parameters.get("ClientRequestToken", parameters.get("ClientToken"))
    stack.role_arn = parameters.get("RoleARN", stack.role_arn)
    stack.disable_rollback = bool(parameters.get("DisableRollback", stack.disable_rollback))
    stack.termination_protection = bool(parameters.get("EnableTerminationProtection", stack.termination_protection))
