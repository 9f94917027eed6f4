"""What a role needs besides the permission that is thought of first, and what a metric or a task must be called."""

from __future__ import annotations

from typing import Any

from tests.checks.mutations.mutant import Mutant, breaks, walk


def _allows(document: dict[str, Any], action: str) -> bool:
    return any(action in item["Action"] for item in document["Statement"])


@breaks("iam.key")
def principal_without_kms(mutant: Mutant) -> None:
    """It may write objects, and not encrypt them."""
    documents = [policy["Properties"]["PolicyDocument"] for policy in mutant.all("AWS::IAM::Policy")]
    document = next(item for item in documents if _allows(item, "s3:PutObject"))
    document["Statement"] = [item for item in document["Statement"] if "kms:GenerateDataKey" not in item["Action"]]


@breaks("rule.starts")
def schedule_that_cannot_pass_the_role(mutant: Mutant) -> None:
    """Events cannot take on the role that the schedule hands it."""
    for role in mutant.all("AWS::IAM::Role"):
        for item in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            if item["Principal"].get("Service") == "events.amazonaws.com":
                item["Principal"]["Service"] = "scheduler.amazonaws.com"


@breaks("rule.starts")
def schedule_that_may_not_start(mutant: Mutant) -> None:
    for item in mutant.policies():
        if "states:StartExecution" in item["Action"]:
            item["Action"] = "states:StartSyncExecution"


@breaks("rule.starts")
def schedule_without_a_role(mutant: Mutant) -> None:
    rules = (item["Properties"] for item in mutant.all("AWS::Events::Rule"))
    del next(rule for rule in rules if "ScheduleExpression" in rule)["Targets"][0]["RoleArn"]


@breaks("alarm.metric")
def metric_in_the_wrong_namespace(mutant: Mutant) -> None:
    alarm = next(
        item["Properties"]
        for item in mutant.all("AWS::CloudWatch::Alarm")
        if item["Properties"].get("MetricName") == "MemoryUtilization"
    )
    alarm["Namespace"] = "AWS/SageMaker"


@breaks("task.fields")
def wrong_field_in_a_task(mutant: Mutant) -> None:
    def edit(definition: dict[str, Any]) -> None:
        tasks = [state for state in walk(definition) if ":sagemaker:create" in state.get("Resource", "")]
        task = next(state for state in tasks if "aws-sdk" not in state["Resource"])
        task["Parameters"]["RetryStrategy"] = {"MaximumRetryAttempts": 1}

    mutant.edit_machine(edit)
