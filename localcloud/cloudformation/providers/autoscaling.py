"""Application Auto Scaling targets and policies: recorded, nothing scales."""

from __future__ import annotations

from typing import Required, TypedDict

from localcloud.cloudformation.providers.api_resource import ApiResource
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Number,
    Outcome,
    Provider,
    ProviderError,
    Request,
    changed_names,
)
from localcloud.cloudformation.requests import Tag
from localcloud.json_types import JSON, JsonObject


class TargetProperties(TypedDict, total=False):
    ServiceNamespace: Required[str]
    ResourceId: Required[str]
    ScalableDimension: Required[str]
    MinCapacity: Required[Number]
    MaxCapacity: Required[Number]
    RoleARN: str
    ScheduledActions: list[JSON]
    SuspendedState: JsonObject
    Tags: list[Tag]


class ScalableTarget(Provider[TargetProperties]):
    """AWS::ApplicationAutoScaling::ScalableTarget."""

    _key = ("ServiceNamespace", "ResourceId", "ScalableDimension")

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & set(self._key))

    def create(self, request: Request, properties: TargetProperties) -> Outcome:
        values = {key: value for key, value in properties.items() if key not in ("MinCapacity", "MaxCapacity")}
        if "ScheduledActions" in properties:
            raise ProviderError("localcloud does not emulate property ScheduledActions of ScalableTarget")
        if "Tags" in properties:  # a list in a template, a map in the API
            values["Tags"] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
        request.client("application-autoscaling").register_scalable_target(
            **values, MinCapacity=int(properties["MinCapacity"]), MaxCapacity=int(properties["MaxCapacity"])
        )
        parts = (properties["ResourceId"], properties["ScalableDimension"], properties["ServiceNamespace"])
        return Outcome("|".join(parts))

    def delete(self, request: Request, physical_id: str, properties: TargetProperties) -> None:
        if self.exists(request.client, physical_id, properties):
            key = {name: value for name, value in properties.items() if name in self._key}
            request.client("application-autoscaling").deregister_scalable_target(**key)

    def exists(self, client: ClientFactory, physical_id: str, properties: TargetProperties) -> bool:
        found = client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace=properties["ServiceNamespace"],
            ResourceIds=[properties["ResourceId"]],
            ScalableDimension=properties["ScalableDimension"],
        )
        return bool(found["ScalableTargets"])


class ScalingPolicy(Provider[JsonObject]):
    """AWS::ApplicationAutoScaling::ScalingPolicy."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"PolicyName", "ScalingTargetId", *ScalableTarget._key})

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        arn = self._api.create(request, self._flat(properties)).physical_id
        return Outcome(arn, {"Arn": arn, "PolicyName": properties["PolicyName"]})

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        outcome = self.create(request, properties)
        if self.replaces(changed_names(properties, previous)):
            return outcome
        # moto gives the same policy a new ARN with every put; the service does not.
        return Outcome(physical_id, {**outcome.attributes, "Arn": physical_id})

    _api = ApiResource(
        service="application-autoscaling",
        create_operation="PutScalingPolicy",
        read_operation="DescribeScalingPolicies",
        delete_operation=None,
        identifier="PolicyNames",
        physical_id="PolicyARN",
    )

    @staticmethod
    def _flat(properties: JsonObject) -> JsonObject:
        """The target's own fields instead of its Ref, which is RESOURCE|DIMENSION|NAMESPACE."""
        values = dict(properties)
        if "ScalingTargetId" in values:
            names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
            values |= dict(zip(names, str(values.pop("ScalingTargetId")).split("|"), strict=True))
        return values

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        if not self.exists(request.client, physical_id, properties):
            return
        values = self._flat(properties)
        names = ("PolicyName", "ResourceId", "ScalableDimension", "ServiceNamespace")
        request.client("application-autoscaling").delete_scaling_policy(**{name: values[name] for name in names})

    def exists(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> bool:
        values = self._flat(properties)
        found = client("application-autoscaling").describe_scaling_policies(
            ServiceNamespace=values["ServiceNamespace"], ResourceId=values["ResourceId"]
        )
        return any(policy["PolicyName"] == values["PolicyName"] for policy in found["ScalingPolicies"])


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTarget(),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicy(),
}
