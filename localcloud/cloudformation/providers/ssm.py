"""SSM parameters."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource
from localcloud.cloudformation.providers.base import (
    AnyProvider,
)

PROVIDERS: dict[str, AnyProvider] = {
    "AWS::SSM::Parameter": ApiResource(
        service="ssm",
        create_operation="PutParameter",
        read_operation="GetParameters",
        update_operation="PutParameter",
        delete_operation="DeleteParameter",
        identifier="Name",
        read_by="Names",
        found="Parameters",
        name_property="Name",
        name_limit=200,
        name_stem="CFN",
        update_extra={"Overwrite": True},
        attributes={"Value": "Parameters[0].Value", "Type": "Parameters[0].Type"},
    ),
}
