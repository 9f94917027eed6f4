"""Encrypting a log group that exists with another key: recorded, as the key of a new group is."""

from __future__ import annotations

from typing import TypedDict

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.server import Application


class GroupKey(TypedDict, total=False):
    logGroupName: str
    kmsKeyId: str


def install(cloud: Cloud, app: Application) -> None:
    """Answer AssociateKmsKey and DisassociateKmsKey, which moto does not have."""

    def change(request: GroupKey) -> None:
        from moto.logs.models import logs_backends

        groups = logs_backends[cloud.account_id][cloud.region].groups
        if request.get("logGroupName") not in groups:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        key = request.get("kmsKeyId")
        if key is not None:
            cloud.client("kms").describe_key(KeyId=key)
        groups[request["logGroupName"]].kms_key_id = key

    for name in ("AssociateKmsKey", "DisassociateKmsKey"):
        app.operation("logs", name, change)
