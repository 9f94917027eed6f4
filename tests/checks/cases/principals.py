"""What a role needs besides the permission that is thought of first; a metric's namespace; a task's fields."""

from __future__ import annotations

import json
from typing import Any

from tests.checks.cases.case import GONE, KEY, KEY_ARN, Case, resource

ALARM = "AWS::CloudWatch::Alarm"
ENCRYPTION = {
    "ServerSideEncryptionConfiguration": [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY_ARN}}
    ]
}
OBJECTS = {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/runs/*"]]}


def policy(*statements: tuple[str, Any]) -> dict[str, Any]:
    items = [{"Effect": "Allow", "Action": action, "Resource": where} for action, where in statements]
    return resource("AWS::IAM::Policy", PolicyDocument={"Statement": items}, Roles=[{"Ref": "X"}])


def trusting(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return resource("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": [statement]})


READER = {
    "Key": KEY,
    "Bucket": resource("AWS::S3::Bucket", BucketEncryption=ENCRYPTION),
    "X": trusting("lambda.amazonaws.com"),
    "Policy": policy(("s3:GetObject", OBJECTS), ("kms:Decrypt", KEY_ARN)),
}
ACTION, KEY_ACTION = "Policy.PolicyDocument.Statement.0.Action", "Policy.PolicyDocument.Statement.1.Action"
MACHINE = {"Ref": "Machine"}
SCHEDULE = {
    "Machine": resource("AWS::StepFunctions::StateMachine"),
    "Role": trusting("events.amazonaws.com"),
    "Policy": resource(
        "AWS::IAM::Policy",
        PolicyDocument={"Statement": [{"Effect": "Allow", "Action": "states:StartExecution", "Resource": MACHINE}]},
        Roles=[{"Ref": "Role"}],
    ),
    "X": resource("AWS::Events::Rule", Targets=[{"Arn": MACHINE, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}]),
}
SERVICE = "Role.AssumeRolePolicyDocument.Statement.0.Principal.Service"


def machine(**fields: Any) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Parameters": fields}
    return resource("AWS::StepFunctions::StateMachine", DefinitionString=json.dumps({"States": {"A": task}}))


CASES = (
    Case(
        "iam.key",
        READER,
        (
            {KEY_ACTION: "kms:GenerateDataKey"},
            {ACTION: "s3:PutObject"},
            {ACTION: ["s3:GetObject", "s3:PutObject"]},
            {"Policy.PolicyDocument.Statement.1.Resource": "arn:aws:kms:eu-west-1:1:key/other"},
        ),
        (
            {ACTION: "s3:ListBucket", KEY_ACTION: "kms:Encrypt"},
            {ACTION: "s3:PutObject", KEY_ACTION: "kms:GenerateDataKey"},
            {"Bucket.BucketEncryption": GONE, KEY_ACTION: "kms:Encrypt"},
            {"Policy.PolicyDocument.Statement.0.Resource": "arn:aws:s3:::other/*", KEY_ACTION: "kms:Encrypt"},
        ),
    ),
    Case(
        "rule.starts",
        SCHEDULE,
        (
            {SERVICE: "scheduler.amazonaws.com"},
            {"Policy.PolicyDocument.Statement.0.Action": "states:StopExecution"},
            {"Policy.PolicyDocument.Statement.0.Resource": "arn:aws:states:eu-west-1:1:stateMachine:other"},
            {"X.Targets.0.RoleArn": GONE},
        ),
        ({"X.Targets.0.Arn": "arn:aws:sns:eu-west-1:1:topic", "X.Targets.0.RoleArn": GONE},),
    ),
    Case(
        "alarm.metric",
        {"X": resource(ALARM, Namespace="AWS/SageMaker", MetricName="ModelLatency")},
        (
            {"X.Namespace": "/aws/sagemaker/Endpoints"},
            {"X.Namespace": "AWS/Sagemaker"},
            {"X.MetricName": "Latency"},
            {"X.Namespace": GONE, "X.MetricName": GONE, "X.Metrics": [{"Expression": "a / b"}]},
            {
                "X.Namespace": GONE,
                "X.MetricName": GONE,
                "X.Metrics": [
                    {"MetricStat": {"Metric": {"Namespace": "AWS/SageMaker", "MetricName": "DiskUtilization"}}}
                ],
            },
        ),
        ({"X.MetricName": "MemoryUtilization", "X.Namespace": "/aws/sagemaker/Endpoints"},),
    ),
    Case(
        "task.fields",
        {"X": machine(TrainingJobName="a", **{"RoleArn.$": "$.role"})},
        ({"X": machine(TrainingJobName="a", RetryStrategy={})}, {"X": machine(**{"Retries.$": "$.retries"})}),
        ({"X": machine(Environment={})},),
    ),
)
