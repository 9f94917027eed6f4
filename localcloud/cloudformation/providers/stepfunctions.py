"""Step Functions state machines and activities."""

from __future__ import annotations

import json
import re

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ProviderError,
    Request,
)
from localcloud.json_types import JsonObject, as_object


class StateMachine(ApiResource):
    """AWS::StepFunctions::StateMachine, its definition given as text, as an object or in S3, with substitutions."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"StateMachineName", "StateMachineType"})


def state_machine_parameters(properties: JsonObject, request: Request) -> JsonObject:
    """Definition* properties become the one `definition` text that the API takes."""
    values = {key: value for key, value in properties.items() if not key.startswith("Definition")}
    if "DefinitionString" in properties:
        text = str(properties["DefinitionString"])
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    elif "DefinitionS3Location" in properties:
        where = as_object(properties["DefinitionS3Location"])
        version = {"VersionId": where["Version"]} if "Version" in where else {}
        body = request.client("s3").get_object(Bucket=where["Bucket"], Key=where["Key"], **version)["Body"]
        text = body.read().decode()
    else:
        raise ProviderError("a state machine needs DefinitionString, Definition or DefinitionS3Location")
    substitutions = as_object(properties.get("DefinitionSubstitutions", {}))

    def replacement(match: re.Match[str]) -> str:
        if match[1] not in substitutions:
            return match[0]
        value = substitutions[match[1]]
        return str(value).lower() if isinstance(value, bool) else str(value)

    values["Definition"] = re.sub(r"\$\{([A-Za-z0-9_]+)\}", replacement, text)
    return values


PROVIDERS: dict[str, AnyProvider] = {
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
