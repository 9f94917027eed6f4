"""Lambda functions, their permissions, versions and asynchronous settings."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from botocore.client import BaseClient

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Number,
    Outcome,
    Provider,
    ProviderError,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.json_types import JsonObject, as_object

# The file name that CloudFormation gives to inline code.
_INLINE_FILES = {"python": "index.py", "nodejs": "index.js"}


class PermissionProperties(TypedDict):
    """Besides FunctionName, the fields of AddPermission as the API has them."""

    FunctionName: str


class InvokeConfigProperties(TypedDict):
    FunctionName: str
    Qualifier: str
    MaximumRetryAttempts: NotRequired[Number]
    MaximumEventAgeInSeconds: NotRequired[Number]
    DestinationConfig: NotRequired[JsonObject]


class VersionProperties(TypedDict):
    FunctionName: str
    Description: NotRequired[str]


def function_parameters(properties: JsonObject, request: Request) -> Mapping[str, object]:
    """Inline code becomes the zip file that the API takes."""
    return {**properties, "Code": code_parameters(properties)}


def code_parameters(properties: JsonObject) -> dict[str, object]:
    """The Code property as CreateFunction and UpdateFunctionCode take it."""
    code: dict[str, object] = {**as_object(properties["Code"])}
    source = code.get("ZipFile")
    if isinstance(source, str):
        runtime = str(properties.get("Runtime", ""))
        name = next((file for prefix, file in _INLINE_FILES.items() if runtime.startswith(prefix)), None)
        if name is None:
            raise ProviderError(f"inline code needs a Python or Node.js runtime, not {runtime or 'none'}")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(name, source)
        code["ZipFile"] = archive.getvalue()
    return code


class Function(ApiResource):
    """AWS::Lambda::Function."""

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        changed = changed_names(properties, previous)
        client = request.client("lambda")
        outcome = super().update(request, physical_id, properties, previous)
        if outcome.physical_id != physical_id:
            return outcome
        if "Code" in changed:
            client.update_function_code(FunctionName=physical_id, **code_parameters(properties))
        if "ReservedConcurrentExecutions" in changed:
            self._reserve(client, physical_id, properties)
        return outcome

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        own = {key: value for key, value in properties.items() if key != "ReservedConcurrentExecutions"}
        outcome = super().create(request, own)
        if "ReservedConcurrentExecutions" in properties:
            self._reserve(request.client("lambda"), outcome.physical_id, properties)
        return outcome

    @staticmethod
    def _reserve(client: BaseClient, name: str, properties: JsonObject) -> None:
        if "ReservedConcurrentExecutions" in properties:
            number = int(str(properties["ReservedConcurrentExecutions"]))
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=number)
        else:
            client.delete_function_concurrency(FunctionName=name)


class Permission(Provider[PermissionProperties]):
    """AWS::Lambda::Permission: one statement of a function's policy."""

    def replaces(self, changed: set[str]) -> bool:
        return True

    def create(self, request: Request, properties: PermissionProperties) -> Outcome:
        statement = request.generated_name(100)
        request.client("lambda").add_permission(StatementId=statement, **properties)
        return Outcome(statement)

    def delete(self, request: Request, physical_id: str, properties: PermissionProperties) -> None:
        client = request.client("lambda")
        ignore_gone(lambda: client.remove_permission(FunctionName=properties["FunctionName"], StatementId=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: PermissionProperties) -> bool:
        found: list[str] = []
        return answers(
            lambda: found.append(client("lambda").get_policy(FunctionName=properties["FunctionName"])["Policy"])
        ) and any(f'"{physical_id}"' in policy for policy in found)


class EventInvokeConfig(Provider[InvokeConfigProperties]):
    """AWS::Lambda::EventInvokeConfig."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"FunctionName", "Qualifier"})

    def create(self, request: Request, properties: InvokeConfigProperties) -> Outcome:
        self._put(request, properties)
        return Outcome(request.generated_name(100))

    def update(
        self, request: Request, physical_id: str, properties: InvokeConfigProperties, previous: InvokeConfigProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        self._put(request, properties)
        return Outcome(physical_id)

    @staticmethod
    def _put(request: Request, properties: InvokeConfigProperties) -> None:
        values: dict[str, object] = {**properties}
        if "MaximumRetryAttempts" in properties:
            values["MaximumRetryAttempts"] = int(properties["MaximumRetryAttempts"])
        if "MaximumEventAgeInSeconds" in properties:
            values["MaximumEventAgeInSeconds"] = int(properties["MaximumEventAgeInSeconds"])
        request.client("lambda").put_function_event_invoke_config(**values)

    def delete(self, request: Request, physical_id: str, properties: InvokeConfigProperties) -> None:
        client = request.client("lambda")
        ignore_gone(lambda: client.delete_function_event_invoke_config(FunctionName=properties["FunctionName"]))

    def exists(self, client: ClientFactory, physical_id: str, properties: InvokeConfigProperties) -> bool:
        name = properties["FunctionName"]
        return answers(lambda: client("lambda").get_function_event_invoke_config(FunctionName=name))


class Version(Provider[VersionProperties]):
    """AWS::Lambda::Version: an immutable snapshot of the function."""

    def replaces(self, changed: set[str]) -> bool:
        return True

    def create(self, request: Request, properties: VersionProperties) -> Outcome:
        if unknown := sorted(set(properties) - {"FunctionName", "Description"}):
            raise ProviderError(f"localcloud does not emulate property {', '.join(unknown)} of {request.type}")
        client = request.client("lambda")
        made = client.publish_version(
            FunctionName=properties["FunctionName"], Description=properties.get("Description", "")
        )
        arn = made["FunctionArn"]
        if arn.rpartition(":")[2] != made["Version"]:
            arn = f"{arn}:{made['Version']}"
        return Outcome(arn, {"Version": made["Version"], "FunctionArn": arn})

    def delete(self, request: Request, physical_id: str, properties: VersionProperties) -> None:
        name, _, version = physical_id.rpartition(":")
        client = request.client("lambda")
        ignore_gone(lambda: client.delete_function(FunctionName=name, Qualifier=version))

    def exists(self, client: ClientFactory, physical_id: str, properties: VersionProperties) -> bool:
        name, _, version = physical_id.rpartition(":")
        return answers(lambda: client("lambda").get_function(FunctionName=name, Qualifier=version))


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::Lambda::Function": Function(
        service="lambda",
        create_operation="CreateFunction",
        read_operation="GetFunction",
        update_operation="UpdateFunctionConfiguration",
        delete_operation="DeleteFunction",
        identifier="FunctionName",
        name_property="FunctionName",
        name_limit=64,
        transform=function_parameters,
        replace_on=frozenset({"PackageType", "TenancyConfig"}),
        attributes={"Arn": "Configuration.FunctionArn"},
        reset={
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "Environment": {"Variables": {}},
            "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        },
        tagging=Tagging("TagResource", "UntagResource", "Resource", "Configuration.FunctionArn"),
    ),
    "AWS::Lambda::Permission": Permission(),
    "AWS::Lambda::EventInvokeConfig": EventInvokeConfig(),
    "AWS::Lambda::Version": Version(),
}
