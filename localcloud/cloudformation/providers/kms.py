"""KMS keys and aliases."""

from __future__ import annotations

import json

from botocore.client import BaseClient

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    Outcome,
    RefusedChangeError,
    Request,
    changed_names,
)
from localcloud.cloudformation.providers.conversion import is_true
from localcloud.json_types import JsonObject


class KmsKey(ApiResource):
    """AWS::KMS::Key; rotation, and whether it is enabled, are set by separate calls."""

    _immutable = frozenset({"KeySpec", "KeyUsage", "MultiRegion", "Origin"})

    def replaces(self, changed: set[str]) -> bool:
        return False

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        own = {key: value for key, value in properties.items() if key not in self._separate}
        if "KeyPolicy" in own:
            own["Policy"] = own.pop("KeyPolicy")
        outcome = super().create(request, own)
        self._settle(request.client("kms"), outcome.physical_id, properties)
        return outcome

    _separate = ("EnableKeyRotation", "Enabled", "PendingWindowInDays", "RotationPeriodInDays")

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        # CloudFormation replaces no key: a mistake would delete what everything is encrypted with.
        if immutable := sorted(changed_names(properties, previous) & self._immutable):
            raise RefusedChangeError(f"You cannot change {', '.join(immutable)} of an existing key.")
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
    def _settle(kms: BaseClient, key: str, properties: JsonObject) -> None:
        rotate = is_true(properties.get("EnableKeyRotation", False))
        (kms.enable_key_rotation if rotate else kms.disable_key_rotation)(KeyId=key)
        enabled = is_true(properties.get("Enabled", True))
        (kms.enable_key if enabled else kms.disable_key)(KeyId=key)


PROVIDERS: dict[str, AnyProvider] = {
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
