"""Application Auto Scaling targets and policies: recorded, nothing scales."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    ProviderError,
    Request,
    changed_names,
)


class ScalableTarget(Provider):
    """AWS::ApplicationAutoScaling::ScalableTarget."""

    _key = ("ServiceNamespace", "ResourceId", "ScalableDimension")

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & set(self._key))

    def create(self, request: Request, properties: Properties) -> Outcome:
        values = {key: value for key, value in properties.items() if key not in ("MinCapacity", "MaxCapacity")}
        if "ScheduledActions" in values:
            raise ProviderError("localcloud does not emulate property ScheduledActions of ScalableTarget")
        if "Tags" in values:  # a list in a template, a map in the API
            values["Tags"] = {tag["Key"]: tag["Value"] for tag in values["Tags"]}
        request.client("application-autoscaling").register_scalable_target(
            **values, MinCapacity=int(properties["MinCapacity"]), MaxCapacity=int(properties["MaxCapacity"])
        )
        return Outcome("|".join(properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace")))

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        if self.exists(request.client, physical_id, properties):
            key = {name: properties[name] for name in self._key}
            request.client("application-autoscaling").deregister_scalable_target(**key)

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        found = client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace=properties["ServiceNamespace"],
            ResourceIds=[properties["ResourceId"]],
            ScalableDimension=properties["ScalableDimension"],
        )
        return bool(found["ScalableTargets"])


class ScalingPolicy(Provider):
    """AWS::ApplicationAutoScaling::ScalingPolicy."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"PolicyName", "ScalingTargetId", "ResourceId"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        arn = self._api.create(request, self._flat(properties)).physical_id
        return Outcome(arn, {"Arn": arn, "PolicyName": properties["PolicyName"]})

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
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
    def _flat(properties: Properties) -> Properties:
        """The target's own fields in place of its Ref, which is RESOURCE|DIMENSION|NAMESPACE."""
        values = dict(properties)
        if "ScalingTargetId" in values:
            names = ("ResourceId", "ScalableDimension", "ServiceNamespace")
            values |= dict(zip(names, values.pop("ScalingTargetId").split("|"), strict=True))
        return values

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        if not self.exists(request.client, physical_id, properties):
            return
        values = self._flat(properties)
        names = ("PolicyName", "ResourceId", "ScalableDimension", "ServiceNamespace")
        request.client("application-autoscaling").delete_scaling_policy(**{name: values[name] for name in names})

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        values = self._flat(properties)
        found = client("application-autoscaling").describe_scaling_policies(
            ServiceNamespace=values["ServiceNamespace"], ResourceId=values["ResourceId"]
        )
        return any(policy["PolicyName"] == values["PolicyName"] for policy in found["ScalingPolicies"])


PROVIDERS: dict[str, Provider] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTarget(),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicy(),
}
