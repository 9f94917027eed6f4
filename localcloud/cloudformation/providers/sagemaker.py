"""SageMaker: models, endpoints, Studio domain and registry."""

from __future__ import annotations

import time
from dataclasses import replace

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Outcome,
    ProviderError,
    Request,
    changed_names,
    refuse_changes,
)
from localcloud.json_types import JsonObject

_POLL_SECONDS = 0.1
_ENDPOINT_TIMEOUT_SECONDS = 1800.0


class Endpoint(ApiResource):
    """AWS::SageMaker::Endpoint: waits until it is InService; every other final status is a failure."""

    def replaces(self, changed: set[str]) -> bool:
        return "EndpointName" in changed

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        own = {key: value for key, value in properties.items() if key not in _UPDATE_ONLY}
        outcome = super().create(request, own)
        self._wait(request, outcome.physical_id, str(properties["EndpointConfigName"]))
        return outcome

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        outcome = super().update(request, physical_id, properties, previous)
        self._wait(request, outcome.physical_id, str(properties["EndpointConfigName"]))
        return outcome

    @staticmethod
    def _wait(request: Request, name: str, config: str) -> None:
        client = request.client("sagemaker")
        deadline = time.monotonic() + _ENDPOINT_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            endpoint = client.describe_endpoint(EndpointName=name)
            status = endpoint["EndpointStatus"]
            if status == "InService" and endpoint["EndpointConfigName"] == config:
                return
            # An update that was rolled back ends InService on the old configuration.
            if status in ("Failed", "UpdateRollbackFailed", "InService"):
                reason = endpoint.get("FailureReason", f"the endpoint is {status} on another configuration")
                raise ProviderError(f"Endpoint {name}: {reason}", name)
            time.sleep(_POLL_SECONDS)
        raise ProviderError(f"Endpoint {name} was not InService after {_ENDPOINT_TIMEOUT_SECONDS:.0f} seconds", name)

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        super().delete(request, physical_id, properties)
        deadline = time.monotonic() + _ENDPOINT_TIMEOUT_SECONDS
        while self.exists(request.client, physical_id, properties):
            if time.monotonic() > deadline:
                raise ProviderError(f"Endpoint {physical_id} was not deleted in time")
            time.sleep(_POLL_SECONDS)


_UPDATE_ONLY = {"RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig"}


class Domain(ApiResource):
    """AWS::SageMaker::Domain: Ref is the id that the service assigns."""

    def replaces(self, changed: set[str]) -> bool:
        return super().replaces(changed - {"DomainSettings"})

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        refuse_changes(request, changed_names(properties, previous) & {"DomainSettings"})
        return super().update(request, physical_id, properties, previous)

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        outcome = super().create(request, properties)
        domain_id = outcome.physical_id.rpartition("/")[2]
        found = request.client("sagemaker").describe_domain(DomainId=domain_id)
        names = ("DomainArn", "DomainId", "Url", "HomeEfsFileSystemId", "SecurityGroupIdForDomainBoundary")
        return Outcome(domain_id, {name: found[name] for name in names if name in found})

    def outcome(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> Outcome:
        if physical_id.startswith("arn:"):
            return Outcome(physical_id)
        return super().outcome(client, physical_id, properties)


def _named(kind: str, name: str, **options: object) -> ApiResource:
    """A type with CreateX, DescribeX, DeleteX and XArn."""
    resource = ApiResource(
        service="sagemaker",
        create_operation=f"Create{kind}",
        read_operation=f"Describe{kind}",
        delete_operation=f"Delete{kind}",
        identifier=name,
        name_property=name,
        attributes={name: name, f"{kind}Arn": f"{kind}Arn"},
        tagging=Tagging("AddTags", "DeleteTags", "ResourceArn", f"{kind}Arn"),
    )
    return replace(resource, **options)  # type: ignore[arg-type]


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::SageMaker::Model": _named("Model", "ModelName", physical_id=None),
    "AWS::SageMaker::EndpointConfig": _named("EndpointConfig", "EndpointConfigName"),
    "AWS::SageMaker::Endpoint": Endpoint(
        service="sagemaker",
        create_operation="CreateEndpoint",
        read_operation="DescribeEndpoint",
        update_operation="UpdateEndpoint",
        delete_operation="DeleteEndpoint",
        identifier="EndpointName",
        name_property="EndpointName",
        attributes={"EndpointName": "EndpointName", "EndpointArn": "EndpointArn"},
        tagging=Tagging("AddTags", "DeleteTags", "ResourceArn", "EndpointArn"),
    ),
    "AWS::SageMaker::Domain": Domain(
        service="sagemaker",
        create_operation="CreateDomain",
        read_operation="DescribeDomain",
        update_operation="UpdateDomain",
        delete_operation="DeleteDomain",
        identifier="DomainId",
        physical_id="DomainArn",
        attributes={"DomainArn": "DomainArn", "DomainId": "DomainId", "Url": "Url"},
        tagging=Tagging("AddTags", "DeleteTags", "ResourceArn", "DomainArn"),
    ),
    "AWS::SageMaker::UserProfile": _named(
        "UserProfile",
        "UserProfileName",
        scope={"DomainId": "DomainId"},
        update_operation="UpdateUserProfile",
        replace_on=frozenset({"DomainId"}),
    ),
    "AWS::SageMaker::ModelPackageGroup": _named("ModelPackageGroup", "ModelPackageGroupName"),
    "AWS::SageMaker::StudioLifecycleConfig": _named(
        "StudioLifecycleConfig", "StudioLifecycleConfigName", replace_on=frozenset({"Tags"})
    ),
}
