"""The fields that an optimized SageMaker task may have, each with the evidence that the integration accepts it.

Step Functions rejects a field that its optimized integration does not know when the state machine is created
(aws/amazon-sagemaker-examples#4492), so one such field fails the deployment. A field is added to this list with its
evidence, or the job is created by `aws-sdk:sagemaker:*` and polled instead (polled_jobs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.tasks import PROCESSING_JOB, TRAINING_JOB, task_states

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
        "EnableInterContainerTrafficEncryption": "in the API since before the integration; no public run is known",
        "EnableManagedSpotTraining": "aws/aws-step-functions-data-science-sdk-python#42: supported since 2021",
        "DebugHookConfig": TRAINING_STEP,
        "DebugRuleConfigurations": TRAINING_STEP,
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


def check(definition: Mapping[str, Any]) -> None:
    """Raises ValueError that names the state and the field without evidence."""
    for name, state in task_states(definition):
        resource, parameters = state["Resource"], state["Parameters"]
        if not resource.startswith("arn:aws:states:::sagemaker:"):
            continue
        _check(name, parameters, EVIDENCE[resource])


def _check(state: str, parameters: Mapping[str, Any], evidence: Mapping[str, str]) -> None:
    for field in parameters:
        if field.removesuffix(".$") not in evidence:
            raise ValueError(
                f"{state} has the field {field}, for which pipeline/allowed_fields.py has no evidence: "
                "add its evidence there, or make the job a polled one"
            )
