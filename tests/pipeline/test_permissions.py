"""The state machine's role: every statement, in full. An action that is added or dropped is a line here."""

from __future__ import annotations

from typing import Any

import pytest

from config.app import AppConfig
from pipeline import permissions, state_machine
from pipeline.permissions import Permission, of_task
from pipeline.tasks import task_states
from tests.pipeline.variants import HYPERBAND, variant

Statement = tuple[frozenset[str], tuple[str, ...], str]
KEY, CODE = "${KeyArn}", "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
FUNCTIONS = (
    "PlanRun", "DiagnoseFailure", "EmitFindings", "QualityGate", "RegisterModel", "StageArtifact", "SmokeTest",
    "PublishModel",
)  # fmt: skip
RUNS = "arn:${AWS::Partition}:s3:::${ArtifactsBucket}/runs/*"


def allow(actions: str, resource: str, passed_to: str = "") -> Statement:
    return frozenset(actions.split()), (resource,), passed_to


def job(noun: str, kind: str, rule: str) -> list[Statement]:
    jobs = CODE % ("sagemaker", f"{kind}/*")
    return [
        allow(f"sagemaker:Create{noun} sagemaker:Describe{noun} sagemaker:Stop{noun}", jobs),
        allow("sagemaker:AddTags sagemaker:ListTags", jobs),
        allow(
            "events:PutTargets events:PutRule events:DescribeRule",
            CODE % ("events", f"rule/StepFunctionsGetEventsForSageMaker{rule}JobsRule"),
        ),
    ]


def polled(noun: str, kind: str) -> list[Statement]:
    return [
        allow(f"sagemaker:{verb}{noun}", CODE % ("sagemaker", f"{kind}/*")) for verb in ("Create", "Describe", "Stop")
    ]


def passed(*roles: str) -> list[Statement]:
    return [allow("iam:PassRole", f"${{{role}RoleArn}}", "sagemaker.amazonaws.com") for role in roles]


def left_behind(noun: str, kind: str) -> list[Statement]:
    """What finds and stops the job of a task that timed out."""
    return [allow(f"sagemaker:List{noun}s", "*"), allow(f"sagemaker:Stop{noun}", CODE % ("sagemaker", f"{kind}/*"))]


TRAINING = [*job("TrainingJob", "training-job", "Training"), *left_behind("TrainingJob", "training-job")]
EVERYWHERE = [
    *(allow("lambda:InvokeFunction", f"${{{name}Arn}}") for name in FUNCTIONS),
    *job("ProcessingJob", "processing-job", "Processing"),
    *left_behind("ProcessingJob", "processing-job"),
    *polled("HyperParameterTuningJob", "hyper-parameter-tuning-job"),
    *passed("Preparation", "Training", "Evaluation"),
    allow("s3:GetObject", RUNS),
    allow("s3:PutObject", RUNS),
    allow("kms:Decrypt", KEY),
    allow("kms:Decrypt kms:GenerateDataKey", KEY),
    allow("sns:Publish", "${TopicArn}"),
]


def flat(item: Permission) -> Statement:
    service = ""
    if item.conditions:
        assert list(item.conditions) == ["StringEquals"] and list(item.conditions["StringEquals"]) == [
            "iam:PassedToService"
        ]
        service = item.conditions["StringEquals"]["iam:PassedToService"]
    assert len(set(item.actions)) == len(item.actions)
    return frozenset(item.actions), item.resources, service


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (variant("local"), TRAINING),
        (variant("prod"), TRAINING),
        (variant(tuning={"warm_start": True}), TRAINING),
        (variant(preparation={"instance_count": 3}), TRAINING),
        (variant(tuning=HYPERBAND), TRAINING),
        (variant(pipeline={"sagemaker_debugger": "profiler"}), polled("TrainingJob", "training-job")),
    ],
    ids=["local", "prod", "warm start", "several instances", "Hyperband", "profiler"],
)
def test_the_role_has_these_statements_and_no_other(settings: AppConfig, more: list[Statement]) -> None:
    found = [flat(item) for item in permissions.statements(state_machine(settings))]
    assert len(set(found)) == len(found), "each statement once"
    assert set(found) == {*EVERYWHERE, *more}


@pytest.mark.parametrize(
    ("settings", "state", "noun", "kind"),
    [
        (variant(), "TuneModel", "HyperParameterTuningJob", "hyper-parameter-tuning-job"),
        (variant(tuning=HYPERBAND), "TuneModelHyperband", "HyperParameterTuningJob", "hyper-parameter-tuning-job"),
        (variant(pipeline={"sagemaker_debugger": "profiler"}), "TrainModel", "TrainingJob", "training-job"),
    ],
    ids=["search", "Hyperband", "profiler"],
)
def test_a_polled_job_needs_each_of_its_calls(settings: AppConfig, state: str, noun: str, kind: str) -> None:
    tasks: dict[str, Any] = dict(task_states(state_machine(settings)))
    create, describe, stop = polled(noun, kind)
    shared = state.removesuffix("Hyperband")
    for name, expected in (
        (state, {create, *passed("Training")}),
        (f"{shared}Describe", {describe}),
        (f"{shared}Stop", {stop}),
    ):
        assert {flat(item) for item in of_task(name, tasks[name])} == expected


def test_a_task_needs_what_it_calls_and_what_its_service_does_for_it() -> None:
    tasks: dict[str, Any] = dict(task_states(state_machine(variant("local"))))
    needs = {name: {flat(item) for item in of_task(name, state)} for name, state in tasks.items()}
    assert needs["PlanRun"] == {allow("lambda:InvokeFunction", "${PlanRunArn}")}
    assert needs["PrepareDataset"] == {*job("ProcessingJob", "processing-job", "Processing"), *passed("Preparation")}
    assert needs["EvaluateModel"] == {*job("ProcessingJob", "processing-job", "Processing"), *passed("Evaluation")}
    assert needs["TrainModel"] == {*job("TrainingJob", "training-job", "Training"), *passed("Training")}
    find, stop = left_behind("TrainingJob", "training-job")
    assert needs["TrainModelTimedOut"] == {find} and needs["TrainModelStop"] == {stop}
    assert needs["LoadModelPlan"] == {allow("s3:GetObject", RUNS), allow("kms:Decrypt", KEY)}
    assert needs["SaveHyperparameters"] == {
        allow("s3:PutObject", RUNS), allow("kms:Decrypt kms:GenerateDataKey", KEY),
    }  # fmt: skip
    assert needs["Notify"] == {
        allow("sns:Publish", "${TopicArn}"), allow("kms:Decrypt kms:GenerateDataKey", KEY),
    }  # fmt: skip


def test_a_key_is_used_for_messages_of_the_existing_topic_only() -> None:
    arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    settings = variant("local").model_copy(update={"notify": (arn,)})
    notify = dict(task_states(state_machine(settings)))["Notify"]
    send, encrypt = of_task("Notify", notify)
    assert (send.actions, send.resources) == (("sns:Publish",), (arn,))
    assert encrypt.resources == ("arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*",)
    assert encrypt.conditions == {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": arn}}
