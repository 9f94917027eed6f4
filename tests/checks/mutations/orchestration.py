"""State machine, functions, logs, topics, queues, alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.checks.mutations.mutant import MUTATIONS, Mutant, breaks, drop, put, walk

MACHINE, FUNCTION = "AWS::StepFunctions::StateMachine", "AWS::Lambda::Function"
put("machine.logged", MACHINE, "ERROR", "LoggingConfiguration", "Level")
put("machine.logged", MACHINE, True, "LoggingConfiguration", "IncludeExecutionData")
put("machine.logged", MACHINE, [], "LoggingConfiguration", "Destinations")
drop("machine.traced", MACHINE, "TracingConfiguration")


@breaks("machine.ends")
def endless_machine(mutant: Mutant) -> None:
    mutant.edit_machine(lambda definition: definition.pop("TimeoutSeconds"))


@breaks("task.caught")
def uncaught_task(mutant: Mutant) -> None:
    def edit(definition: dict[str, Any]) -> None:
        del next(state for state in walk(definition) if state["Type"] == "Task")["Catch"]

    mutant.edit_machine(edit)


@breaks("task.ends")
def endless_task_inside_the_map(mutant: Mutant) -> None:
    def edit(definition: dict[str, Any]) -> None:
        state = [state for state in walk(definition) if state["Type"] == "Task"][-1]
        for name in ("TimeoutSeconds", "TimeoutSecondsPath"):
            state.pop(name, None)

    mutant.edit_machine(edit)


put("function.runtime", FUNCTION, "python3.9", "Runtime")
drop("function.traced", FUNCTION, "TracingConfig")
drop("function.limits", FUNCTION, "MemorySize")
drop("function.limits", FUNCTION, "Timeout")
put("function.no-network", FUNCTION, {"SubnetIds": ["subnet-1"]}, "VpcConfig")
put("function.unreserved", FUNCTION, 1, "ReservedConcurrentExecutions")
drop("function.logs", FUNCTION, "LoggingConfig")
drop("function.failures", "AWS::Lambda::EventInvokeConfig", "DestinationConfig")
drop("function.key", FUNCTION, "KmsKeyArn")

LOGS, TOPIC, QUEUE = "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SQS::Queue"
drop("log.retention", LOGS, "RetentionInDays")
drop("log.key", LOGS, "KmsKeyId")
drop("log.key", "Custom::LogGroup", "KmsKeyId")
drop("log.retention", "Custom::LogGroup", "RetentionInDays")
put("log.endpoint", "Custom::LogGroup", "/aws/sagemaker/Endpoints/other", "LogGroupName")
put("log.own", LOGS, "/aws/sagemaker/TrainingJobs", "LogGroupName")
drop("topic.key", TOPIC, "KmsMasterKeyId")
drop("queue.key", QUEUE, "KmsMasterKeyId")


def _without_tls(kind: str) -> Callable[[Mutant], None]:
    def without_tls(mutant: Mutant) -> None:
        items = mutant.properties(kind)["PolicyDocument"]["Statement"]
        items[:] = [item for item in items if item["Effect"] != "Deny"]

    return without_tls


MUTATIONS.append(("topic.tls", _without_tls("AWS::SNS::TopicPolicy")))
MUTATIONS.append(("queue.tls", _without_tls("AWS::SQS::QueuePolicy")))


@breaks("topic.closed")
def topic_for_any_account(mutant: Mutant) -> None:
    for item in mutant.properties("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]:
        if item["Effect"] == "Allow":
            item.pop("Condition", None)


@breaks("rule.undelivered")
def events_lost(mutant: Mutant) -> None:
    del mutant.properties("AWS::Events::Rule")["Targets"][0]["DeadLetterConfig"]


ALARM = "AWS::CloudWatch::Alarm"
drop("alarm.tells", ALARM, "AlarmActions")
drop("alarm.tells", "AWS::CloudWatch::CompositeAlarm", "AlarmActions")
drop("alarm.silence", ALARM, "TreatMissingData")


@breaks("alarm.unit")
def milliseconds(mutant: Mutant) -> None:
    for alarm in mutant.all(ALARM):
        if alarm["Properties"]["MetricName"] == "ModelLatency":
            alarm["Properties"]["Threshold"] /= 1000


def _unwatched(control: str, metric: str) -> None:
    def unwatched(mutant: Mutant) -> None:
        for alarm in mutant.all(ALARM):
            if alarm["Properties"]["MetricName"] == metric:
                alarm["Properties"]["MetricName"] = "Nothing"

    unwatched.__name__ = f"unwatched-{metric}"
    MUTATIONS.append((control, unwatched))


_unwatched("alarm.endpoint", "Invocation5XXErrors")
_unwatched("alarm.endpoint", "ModelCacheHit")
_unwatched("alarm.pipeline", "ExecutionsFailed")
_unwatched("alarm.findings", "Findings")
put("budget.service", "AWS::Budgets::Budget", {"TagKeyValue": ["user:x$y"]}, "Budget", "CostFilters")
