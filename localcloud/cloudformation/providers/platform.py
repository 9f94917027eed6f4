"""KMS, SSM, Step Functions, application auto scaling, budgets."""

from __future__ import annotations

import json
import re
from typing import Any

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    ProviderError,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.conversion import convert
from localcloud.query_protocol import service_model


class KmsKey(ApiResource):
    """AWS::KMS::Key; rotation and whether it is enabled are calls of their own."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"KeySpec", "KeyUsage", "MultiRegion", "Origin"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        own = {key: value for key, value in properties.items() if key not in self._separate}
        if "KeyPolicy" in own:
            own["Policy"] = own.pop("KeyPolicy")
        outcome = super().create(request, own)
        self._settle(request.client("kms"), outcome.physical_id, properties)
        return outcome

    _separate = ("EnableKeyRotation", "Enabled", "PendingWindowInDays", "RotationPeriodInDays")

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        kms = request.client("kms")
        policy = properties.get("KeyPolicy")
        if policy != previous.get("KeyPolicy") and policy is not None:
            kms.put_key_policy(KeyId=physical_id, PolicyName="default", Policy=json.dumps(policy))
        if properties.get("Description") != previous.get("Description"):
            kms.update_key_description(KeyId=physical_id, Description=properties.get("Description", ""))
        self._settle(kms, physical_id, properties)
        self._retag(request, physical_id, properties, previous)
        return self.outcome(request.client, physical_id, properties)

    @staticmethod
    def _settle(kms: Any, key: str, properties: Properties) -> None:
        rotate = str(properties.get("EnableKeyRotation", False)).lower() == "true"
        (kms.enable_key_rotation if rotate else kms.disable_key_rotation)(KeyId=key)
        enabled = str(properties.get("Enabled", True)).lower() == "true"
        (kms.enable_key if enabled else kms.disable_key)(KeyId=key)


class StateMachine(ApiResource):
    """AWS::StepFunctions::StateMachine, with its definition from a text, an object or S3 and its substitutions."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"StateMachineName", "StateMachineType"})


def state_machine_parameters(properties: Properties, request: Request) -> Properties:
    """Definition* properties become the one `definition` text that the API takes."""
    values = {key: value for key, value in properties.items() if not key.startswith("Definition")}
    if "DefinitionString" in properties:
        text = properties["DefinitionString"]
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    elif "DefinitionS3Location" in properties:
        where = properties["DefinitionS3Location"]
        version = {"VersionId": where["Version"]} if "Version" in where else {}
        body = request.client("s3").get_object(Bucket=where["Bucket"], Key=where["Key"], **version)["Body"]
        text = body.read().decode()
    else:
        raise ProviderError("a state machine needs DefinitionString, Definition or DefinitionS3Location")
    substitutions = properties.get("DefinitionSubstitutions", {})

    def replacement(match: re.Match[str]) -> str:
        if match[1] not in substitutions:
            return match[0]
        value = substitutions[match[1]]
        return str(value).lower() if isinstance(value, bool) else str(value)

    values["Definition"] = re.sub(r"\$\{([A-Za-z0-9_]+)\}", replacement, text)
    return values


class Budget(Provider):
    """AWS::Budgets::Budget; the API wants the account with every call."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        shape = service_model("budgets").operation_model("CreateBudget").input_shape
        budget = {"BudgetName": request.generated_name(100), **properties["Budget"]}
        values = {**properties, "AccountId": request.account_id, "Budget": budget}
        assert shape is not None
        request.client("budgets").create_budget(**convert(values, shape, request.type))
        return Outcome(budget["BudgetName"])

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        # moto has no UpdateBudget: the same name with the new definition.
        name = properties["Budget"].get("BudgetName", physical_id)
        if name == physical_id:
            self.delete(request, physical_id, previous)
        return self.create(request, {**properties, "Budget": {**properties["Budget"], "BudgetName": name}})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        budgets = request.client("budgets")
        ignore_gone(lambda: budgets.delete_budget(AccountId=request.account_id, BudgetName=physical_id))

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        account = client("sts").get_caller_identity()["Account"]
        return answers(lambda: client("budgets").describe_budget(AccountId=account, BudgetName=physical_id))


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
    "AWS::KMS::Key": KmsKey(
        service="kms",
        create_operation="CreateKey",
        read_operation="DescribeKey",
        delete_operation="ScheduleKeyDeletion",
        identifier="KeyId",
        physical_id="KeyMetadata.KeyId",
        attributes={"Arn": "KeyMetadata.Arn", "KeyId": "KeyMetadata.KeyId"},
        found="KeyMetadata.KeyState != 'PendingDeletion'",
        delete_extra={"PendingWindowInDays": 7},
        tagging=Tagging("TagResource", "UntagResource", "KeyId"),
    ),
    "AWS::KMS::Alias": ApiResource(
        service="kms",
        create_operation="CreateAlias",
        read_operation="ListAliases",
        update_operation="UpdateAlias",
        delete_operation="DeleteAlias",
        identifier="AliasName",
        read_by="",
        name_property="AliasName",
        found="Aliases[?AliasName=='{id}']",
    ),
    "AWS::SSM::Parameter": ApiResource(
        service="ssm",
        create_operation="PutParameter",
        read_operation="GetParameter",
        update_operation="PutParameter",
        delete_operation="DeleteParameter",
        identifier="Name",
        name_property="Name",
        name_limit=200,
        update_extra={"Overwrite": True},
        attributes={"Value": "Parameter.Value", "Type": "Parameter.Type"},
    ),
    "AWS::StepFunctions::StateMachine": StateMachine(
        service="stepfunctions",
        create_operation="CreateStateMachine",
        read_operation="DescribeStateMachine",
        update_operation="UpdateStateMachine",
        delete_operation="DeleteStateMachine",
        identifier="stateMachineArn",
        name_property="StateMachineName",
        name_limit=80,
        physical_id="stateMachineArn",
        rename={"StateMachineName": "name", "StateMachineType": "type"},
        transform=state_machine_parameters,
        reset={"LoggingConfiguration": {"Level": "OFF"}, "TracingConfiguration": {"Enabled": False}},
        attributes={"Arn": "stateMachineArn", "Name": "name"},
        tagging=Tagging("TagResource", "UntagResource", "resourceArn", "stateMachineArn", "tagKeys"),
    ),
    "AWS::StepFunctions::Activity": ApiResource(
        service="stepfunctions",
        create_operation="CreateActivity",
        read_operation="DescribeActivity",
        delete_operation="DeleteActivity",
        identifier="activityArn",
        name_property="Name",
        name_limit=80,
        physical_id="activityArn",
        attributes={"Arn": "activityArn", "Name": "name"},
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": ScalableTarget(),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ScalingPolicy(),
    "AWS::Budgets::Budget": Budget(),
}
