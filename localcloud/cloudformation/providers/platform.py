"""KMS, SSM and Step Functions."""

from __future__ import annotations

import json
import re
from typing import Any

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    Outcome,
    Properties,
    Provider,
    ProviderError,
    Request,
    changed_names,
)


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
}
