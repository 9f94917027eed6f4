"""KMS keys and aliases."""

from __future__ import annotations

import json
from typing import Any

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    Outcome,
    Properties,
    Provider,
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
}
