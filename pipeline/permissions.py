"""The IAM permissions that each task resource needs. ASL itself grants nothing: an unmapped resource is an error.

Resources and conditions are templates for `Fn::Sub`: they use `${AWS::Region}` and the like, and the `Placeholder`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgcls.contract import keys
from pipeline.placeholders import Placeholder
from pipeline.tasks import (
    GET_OBJECT,
    LAMBDA,
    PROCESSING_JOB,
    PUBLISH,
    PUT_OBJECT,
    SDK_SAGEMAKER,
    TRAINING_JOB,
    task_states,
)


@dataclass(frozen=True)
class Permission:
    """One Allow statement. `conditions`: operator -> key -> value."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def statements(definition: Mapping[str, Any]) -> list[Permission]:
    """The statements that the state machine's role needs, each once. Raises KeyError for a task that is not mapped."""
    found: list[Permission] = []
    for name, state in task_states(definition):
        for permission in of_task(name, state):
            if permission not in found:
                found.append(permission)
    return found


def of_task(name: str, state: Mapping[str, Any]) -> list[Permission]:
    """The statements that one Task state needs. Raises KeyError that names the state if its resource is not mapped."""
    resource, parameters = state["Resource"], state["Parameters"]
    if resource in _JOBS:
        return _job(*_JOBS[resource], role=_role(parameters))
    if resource == LAMBDA:
        return [Permission(("lambda:InvokeFunction",), (parameters["FunctionName"],))]
    if resource == PUBLISH:
        return _publish(parameters["TopicArn"])
    if resource.startswith(SDK_SAGEMAKER):
        return _sdk_call(resource.removeprefix(SDK_SAGEMAKER), parameters)
    if resource in (GET_OBJECT, PUT_OBJECT):
        return _object_call(resource, parameters["Bucket"])
    raise KeyError(f"{name} uses {resource}, which pipeline/permissions.py does not map to IAM")


ENCRYPT_MESSAGES = ("kms:Decrypt", "kms:GenerateDataKey")
"""What the publisher to an encrypted topic needs of its key."""


def messages_of(topic: str) -> dict[str, dict[str, str]]:
    """The condition under which a key is used for messages of this topic only."""
    return {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic}}


def _publish(topic: str) -> list[Permission]:
    send = Permission(("sns:Publish",), (topic,))
    if topic == str(Placeholder.TOPIC_ARN):
        return [send, Permission(ENCRYPT_MESSAGES, (str(Placeholder.KEY_ARN),))]
    # Somebody else's topic: which key it has, if any, and of which account, is not known.
    keys = "arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*"
    return [send, Permission(ENCRYPT_MESSAGES, (keys,), messages_of(topic))]


_JOBS = {
    TRAINING_JOB: ("TrainingJob", "training-job", "Training"),
    PROCESSING_JOB: ("ProcessingJob", "processing-job", "Processing"),
}
_KINDS = {
    "TrainingJob": "training-job",
    "ProcessingJob": "processing-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
}


def _arn(service: str, rest: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"


def _job(noun: str, kind: str, rule: str, *, role: str) -> list[Permission]:
    jobs = (_arn("sagemaker", f"{kind}/*"),)
    return [
        Permission((f"sagemaker:Create{noun}", f"sagemaker:Describe{noun}", f"sagemaker:Stop{noun}"), jobs),
        Permission(("sagemaker:AddTags", "sagemaker:ListTags"), jobs),
        _pass(role),
        # `.sync` is notified of the job's end by a rule of this name, which Step Functions manages.
        Permission(
            ("events:PutTargets", "events:PutRule", "events:DescribeRule"),
            (_arn("events", f"rule/StepFunctionsGetEventsForSageMaker{rule}JobsRule"),),
        ),
    ]


def _object_call(resource: str, bucket: str) -> list[Permission]:
    """Reading or writing an object of a run in a bucket that is encrypted with the platform's key."""
    objects = (f"arn:${{AWS::Partition}}:s3:::{bucket}/{keys.RUNS}*",)
    if resource == GET_OBJECT:
        return [Permission(("s3:GetObject",), objects), Permission(("kms:Decrypt",), (str(Placeholder.KEY_ARN),))]
    # A large object is uploaded in parts, and S3 decrypts the parts that it has.
    key = Permission(("kms:Decrypt", "kms:GenerateDataKey"), (str(Placeholder.KEY_ARN),))
    return [Permission(("s3:PutObject",), objects), key]


def _sdk_call(operation: str, parameters: Mapping[str, Any]) -> list[Permission]:
    """One call of the SDK integration on a job. Creating a job includes passing its role."""
    action = f"sagemaker:{operation[0].upper()}{operation[1:]}"
    if operation.startswith("list"):
        # IAM knows no resource for it.
        return [Permission((action,), ("*",))]
    noun, kind = next((noun, kind) for noun, kind in _KINDS.items() if operation.endswith(noun))
    call = Permission((action,), (_arn("sagemaker", f"{kind}/*"),))
    if operation != f"create{noun}":
        return [call]
    return [call, _pass(_role(parameters))]


def _pass(role: str) -> Permission:
    return Permission(("iam:PassRole",), (role,), {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})


def _role(parameters: Mapping[str, Any]) -> str:
    definition = parameters if "RoleArn" in parameters else parameters["TrainingJobDefinition"]
    return str(definition["RoleArn"])
