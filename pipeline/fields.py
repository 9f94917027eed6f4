"""The fields that an optimized SageMaker task may carry, each with its evidence.

Step Functions refuses a field that its optimized integration does not know, already when the state machine is created
(aws/amazon-sagemaker-examples#4492): one such field fails the deploy. So a field enters this list with a reason, or the
job is made by `aws-sdk:sagemaker:*` and a Describe loop instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.tasks import PROCESSING_JOB, TRAINING_JOB, TUNING_JOB

GUIDE = "AWS Step Functions developer guide, Create and manage SageMaker AI jobs: example states"
CDK = "aws-cdk-lib aws_stepfunctions_tasks.SageMakerCreateTrainingJob renders it"
SDK = "the Step Functions Data Science SDK sends sagemaker.workflow.airflow's configuration, which has it"
TRAINING_STEP = "the Step Functions Data Science SDK's TrainingStep adds it to the task's parameters"

EVIDENCE: dict[str, dict[str, str]] = {
    TRAINING_JOB: {
        "TrainingJobName": GUIDE,
        "RoleArn": GUIDE,
        "AlgorithmSpecification": GUIDE,
        "HyperParameters": GUIDE,
        "InputDataConfig": GUIDE,
        "OutputDataConfig": GUIDE,
        "ResourceConfig": GUIDE,
        "StoppingCondition": GUIDE,
        "VpcConfig": CDK,
        "EnableNetworkIsolation": CDK,
        "Environment": "aws/aws-cdk#18976 added it to the same construct",
        "CheckpointConfig": "aws/aws-step-functions-data-science-sdk-python#86: added to a definition by hand, it ran",
        "EnableInterContainerTrafficEncryption": "in the API since before the integration; no run of it seen in public",
        "EnableManagedSpotTraining": "aws/aws-step-functions-data-science-sdk-python#42: supported since 2021",
        "DebugHookConfig": TRAINING_STEP,
        "DebugRuleConfigurations": TRAINING_STEP,
    },
    TUNING_JOB: {
        "HyperParameterTuningJobName": GUIDE,
        "HyperParameterTuningJobConfig": GUIDE,
        "TrainingJobDefinition": GUIDE,
        "WarmStartConfig": SDK,
    },
    PROCESSING_JOB: {
        "ProcessingJobName": GUIDE,
        "RoleArn": GUIDE,
        "AppSpecification": GUIDE,
        "ProcessingInputs": SDK,
        "ProcessingOutputConfig": SDK,
        "ProcessingResources": GUIDE,
        "StoppingCondition": SDK,
        "NetworkConfig": SDK,
    },
}

TUNING_CONFIG = {
    "Strategy": SDK,
    "HyperParameterTuningJobObjective": SDK,
    "ResourceLimits": SDK,
    "ParameterRanges": SDK,
    "TrainingJobEarlyStoppingType": SDK,
}
TUNING_DEFINITION = {
    "RoleArn": SDK,
    "AlgorithmSpecification": SDK,
    "StaticHyperParameters": SDK,
    "InputDataConfig": SDK,
    "OutputDataConfig": SDK,
    "ResourceConfig": SDK,
    "StoppingCondition": SDK,
    "VpcConfig": SDK,
    "EnableManagedSpotTraining": "same member as of CreateTrainingJob, in the API since before the integration",
    "CheckpointConfig": "the same",
    "EnableNetworkIsolation": "same member as of CreateTrainingJob",
    "EnableInterContainerTrafficEncryption": "same member as of CreateTrainingJob",
}


def check(definition: Mapping[str, Any]) -> None:
    """Raises ValueError naming the state and the field that has no evidence."""
    for name, state in tasks(definition):
        resource, parameters = state["Resource"], state["Parameters"]
        if not resource.startswith("arn:aws:states:::sagemaker:"):
            continue
        _check(name, parameters, EVIDENCE[resource])
        if resource == TUNING_JOB:
            _check(name, parameters["HyperParameterTuningJobConfig"], TUNING_CONFIG)
            _check(name, parameters["TrainingJobDefinition"], TUNING_DEFINITION)


def _check(state: str, parameters: Mapping[str, Any], evidence: Mapping[str, str]) -> None:
    for field in parameters:
        if field.removesuffix(".$") not in evidence:
            raise ValueError(f"{state} carries {field}, which has no evidence in pipeline/fields.py")


def tasks(flow: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every Task state of a flow and of the flows inside its maps."""
    for name, state in flow["States"].items():
        if state["Type"] == "Task":
            yield name, state
        if state["Type"] == "Map":
            yield from tasks(state["ItemProcessor"])
