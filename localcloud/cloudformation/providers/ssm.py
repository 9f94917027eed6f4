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
        read_operation="GetParameter",
        update_operation="PutParameter",
        delete_operation="DeleteParameter",
        identifier="Name",
        name_property="Name",
        name_limit=200,
        update_extra={"Overwrite": True},
        attributes={"Value": "Parameter.Value", "Type": "Parameter.Type"},
    ),
}
