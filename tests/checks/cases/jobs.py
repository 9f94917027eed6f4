"""Jobs of a state machine, and the state machine itself."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.checks.cases.case import GONE, KEY, Case, resource
from tests.checks.cases.endpoint import GROUP, SUBNETS

ROLE = {"Role": resource("AWS::IAM::Role")}
RESOURCES = {"Key": KEY, **SUBNETS, **GROUP, **ROLE}
VPC = {"Subnets": ["${Subnet1}", "${Subnet2}"], "SecurityGroupIds": ["${Group}"]}
SUBSTITUTIONS = {
    "Subnet1": {"Ref": "A"},
    "Subnet2": {"Ref": "B"},
    "Group": {"Ref": "Group"},
    "Key": {"Fn::GetAtt": ["Key", "Arn"]},
    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
}
ISOLATION = {"EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True, "VpcConfig": VPC}
TRAINING = {
    "RoleArn": "${Role}",
    "HyperParameters": {"lr": "0.1"},
    "OutputDataConfig": {"KmsKeyId": "${Key}"},
    "ResourceConfig": {"VolumeKmsKeyId": "${Key}"},
    "StoppingCondition": {"MaxRuntimeInSeconds.$": "$.seconds"},
    **ISOLATION,
}
PROCESSING = {
    "RoleArn": "${Role}",
    "ProcessingOutputConfig": {"KmsKeyId": "${Key}"},
    "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": "${Key}"}},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "NetworkConfig": ISOLATION,
}
TUNING = {
    "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxRuntimeInSeconds": 600}},
    "TrainingJobDefinition": {name: value for name, value in TRAINING.items() if name != "HyperParameters"},
}
OPERATIONS = {
    "createTrainingJob": TRAINING, "createHyperParameterTuningJob": TUNING, "createProcessingJob": PROCESSING,
}  # fmt: skip


def machine(states: dict[str, Any], **properties: Any) -> dict[str, Any]:
    text = json.dumps({"TimeoutSeconds": 60, "States": states})
    return resource(
        "AWS::StepFunctions::StateMachine", DefinitionString=text, DefinitionSubstitutions=SUBSTITUTIONS, **properties
    )


def task(parameters: dict[str, Any], operation: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::sagemaker:{operation}.sync",
        "Parameters": parameters,
        "TimeoutSeconds": 60,
        "Catch": [{"ErrorEquals": ["States.ALL"]}],
        **more,
    }


def job(operation: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """A state machine of one job, some of whose parameters are changed by path."""
    parameters = copy.deepcopy(OPERATIONS[operation])
    for path, value in (changes or {}).items():
        holder: Any = parameters.get("TrainingJobDefinition", parameters)
        *parts, last = path.split("/")
        for part in parts:
            holder = holder[part]
        if value is GONE:
            del holder[last]
        else:
            holder[last] = value
    return machine({"Job": task(parameters, operation)})


def case(control: str, operation: str, broken: list[dict[str, Any]], fine: tuple[dict[str, Any], ...] = ()) -> Case:
    """Changes are of the job's own parameters, by paths with slashes."""
    return Case(
        control,
        {**RESOURCES, "X": job(operation)},
        tuple({"X": job(operation, change)} for change in broken),
        tuple({"X": job(operation, change)} for change in fine),
        culprit="Main/X:Job",
    )


def network(path: str) -> list[dict[str, Any]]:
    return [
        {f"{path}VpcConfig": GONE},
        {f"{path}VpcConfig/Subnets": ["${Subnet1}"]},
        {f"{path}VpcConfig/Subnets": ["${Subnet1}", "${Subnet1}"]},
        {f"{path}VpcConfig/Subnets": ["${Subnet1}", "subnet-1"]},
        {f"{path}VpcConfig/Subnets": GONE},
        {f"{path}VpcConfig/SecurityGroupIds": []},
        {f"{path}VpcConfig/SecurityGroupIds": GONE},
        {f"{path}VpcConfig/SecurityGroupIds": ["${Group}", "sg-1"]},
    ]


def of_operation(operation: str) -> tuple[Case, ...]:
    processing = operation == "createProcessingJob"
    volume = "ProcessingResources/ClusterConfig" if processing else "ResourceConfig"
    output = "ProcessingOutputConfig" if processing else "OutputDataConfig"
    path = "NetworkConfig/" if processing else ""
    without_network: list[dict[str, Any]] = [{"NetworkConfig": GONE}] if processing else []
    flags = {"job.isolated": "EnableNetworkIsolation", "job.traffic": "EnableInterContainerTrafficEncryption"}
    return (
        case("job.volume-key", operation, [{f"{volume}/VolumeKmsKeyId": GONE}, {volume: {"VolumeKmsKeyId": "other"}}]),
        case("job.output-key", operation, [{f"{output}/KmsKeyId": GONE}, {output: {"KmsKeyId": "other"}}]),
        case("job.network", operation, [*network(path), *without_network]),
        *(
            case(control, operation, [{f"{path}{flag}": False}, {f"{path}{flag}": GONE}, *without_network])
            for control, flag in flags.items()
        ),
        case(
            "job.stops",
            operation,
            [{"StoppingCondition": {}}, {"StoppingCondition": GONE}],
            ({"StoppingCondition": {"MaxRuntimeInSeconds": 5}}, {"StoppingCondition": {"MaxRuntimeInSeconds.$": "$"}}),
        ),
        case("job.role", operation, [{"RoleArn": GONE}, {"RoleArn": "arn:aws:iam::1:role/other"}]),
    )


SPOT = {"EnableManagedSpotTraining": True, "CheckpointConfig": {}}
WAITS = {**SPOT, "StoppingCondition": {"MaxWaitTimeInSeconds": 60, "MaxRuntimeInSeconds": 60}}

CASES = (
    *(found for operation in OPERATIONS for found in of_operation(operation)),
    case(
        "job.spot",
        "createTrainingJob",
        [
            SPOT,
            {"EnableManagedSpotTraining": True, "StoppingCondition": WAITS["StoppingCondition"]},
            {**WAITS, "StoppingCondition": {"MaxWaitTimeInSeconds": 59, "MaxRuntimeInSeconds": 60}},
            {"EnableManagedSpotTraining.$": "$.spot"},
        ],
        (
            WAITS,
            {**WAITS, "StoppingCondition": {"MaxWaitTimeInSeconds": 61, "MaxRuntimeInSeconds": 60}},
            {**WAITS, "StoppingCondition": {"MaxWaitTimeInSeconds": 1, "MaxRuntimeInSeconds.$": "$.a"}},
            {**WAITS, "StoppingCondition": {"MaxWaitTimeInSeconds.$": "$.a", "MaxRuntimeInSeconds": 60}},
            {"EnableManagedSpotTraining": False},
        ),
    ),
    case("job.spot", "createHyperParameterTuningJob", [SPOT], (WAITS,)),
    Case(
        "job.stops",
        {"X": job("createHyperParameterTuningJob")},
        ({"X": machine({"Job": task({}, "createHyperParameterTuningJob")})},),
        ({"X.DefinitionSubstitutions": GONE},),
        culprit="Main/X:Job",
    ),
    case(
        "job.secrets",
        "createTrainingJob",
        [
            *(
                {"Environment": {name: "x"}}
                for name in (
                    "PASSWORD",
                    "DB_PASSWD",
                    "secret",
                    "ApiToken",
                    "credentials",
                    "ACCESS_KEY",
                    "accesskey",
                    "API_KEY",
                    "api-keyapikey",
                )
            ),
            {"Environment": {"TOKEN.$": "$.token"}},
            {"Environment": {"A": "AKIA" + "A1" * 8}},
            {"Environment": {"A": "-----BEGIN PRIVATE KEY"}},
            {"Environment": {"A": "x ghp_" + "a1" * 10}},
            {"HyperParameters/password": "x"},
        ],
        (
            {"HyperParameters": GONE},
            {"HyperParameters.$": "$.values", "Environment": {"A": "AKIA1", "B": "ghp_1", "C": "a BEGIN"}},
        ),
    ),
    case("job.secrets", "createHyperParameterTuningJob", [{"StaticHyperParameters": {"password": "x"}}]),
    Case(
        "machine.logged",
        {
            "Key": KEY,
            "Logs": resource("AWS::Logs::LogGroup", KmsKeyId={"Ref": "Key"}),
            "X": machine(
                {},
                LoggingConfiguration={
                    "Level": "ALL",
                    "IncludeExecutionData": False,
                    "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Logs", "Arn"]}}}],
                },
            ),
        },
        (
            {"X.LoggingConfiguration.Level": "ERROR"},
            {"X.LoggingConfiguration.IncludeExecutionData": True},
            {"X.LoggingConfiguration.IncludeExecutionData": GONE},
            {"X.LoggingConfiguration.Destinations": []},
            {"X.LoggingConfiguration.Destinations": GONE},
            {"X.LoggingConfiguration.Destinations.0.CloudWatchLogsLogGroup.LogGroupArn": "arn:other"},
            {"X.LoggingConfiguration": GONE},
            {"Logs.KmsKeyId": GONE},
        ),
    ),
    Case(
        "machine.traced",
        {"X": machine({}, TracingConfiguration={"Enabled": True})},
        ({"X.TracingConfiguration.Enabled": False}, {"X.TracingConfiguration": GONE}),
    ),
    Case("machine.ends", {"X": machine({})}, ({"X.DefinitionString": '{"States": {}}'}, {"X.DefinitionString": GONE})),
    Case(
        "task.caught",
        {"X": machine({"A": task({}, "createTrainingJob"), "B": {"Type": "Pass"}})},
        (
            {"X": machine({"A": task({}, "createTrainingJob", Catch=[])})},
            {"X": machine({"M": {"Type": "Map", "ItemProcessor": {"States": {"A": {"Type": "Task"}}}}})},
            {"X": machine({"M": {"Type": "Map", "Iterator": {"States": {"A": {"Type": "Task"}}}}})},
            {"X": machine({"M": {"Type": "Parallel", "Branches": [{"States": {"A": {"Type": "Task"}}}]}})},
        ),
        culprit="Main/X:A",
    ),
    Case(
        "task.ends",
        {"X": machine({"A": task({}, "createTrainingJob")})},
        ({"X": machine({"A": {"Type": "Task"}})},),
        ({"X": machine({"A": {"Type": "Task", "TimeoutSecondsPath": "$.seconds"}})},),
        culprit="Main/X:A",
    ),
)
