"""The findings in a training job become metrics for an alarm."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from imgcls.contract import metrics, rules
from lambdas.emit_findings import handler as function_module
from lambdas.emit_findings.environment import Environment
from lambdas.emit_findings.findings import fired, job_name, metric_data
from lambdas.emit_findings.handler import handler
from tests.lambdas.conftest import Call

DESCRIPTION = {
    "TrainingJobName": "job-1",
    "FinalMetricDataList": [
        {"MetricName": "train:loss", "Value": 0.3},
        {"MetricName": "debug:small-batch", "Value": 1.0},
        {"MetricName": "debug:overfitting", "Value": 1.0},
        {"MetricName": "debug:dead-relu", "Value": 1.0},
    ],
}
CAUSE = json.dumps({"TrainingJobName": "job-1", "TrainingJobStatus": "Failed"})


def test_a_printed_metric_is_a_rule_that_fired() -> None:
    assert [rule.name for rule in fired(DESCRIPTION)] == ["overfitting", "dead-relu", "small-batch"]
    assert fired({"TrainingJobName": "job-1"}) == []


def test_every_rule_is_a_metric_of_the_job_within_the_services_limit() -> None:
    assert {rule.metric for rule in rules.RULES} <= set(metrics.NAMES)
    assert len(metrics.definitions()) <= 40
    assert list(metrics.parse(metrics.line({"debug:dead-relu": 1}))) == [("debug:dead-relu", 1.0)]


def test_the_data_is_valid_for_the_service_and_has_fixed_dimensions() -> None:
    data = metric_data(fired(DESCRIPTION), "prod")
    shape = boto3.client("cloudwatch").meta.service_model.operation_model("PutMetricData").input_shape
    report = ParamValidator().validate({"Namespace": metrics.NAMESPACE, "MetricData": data}, shape)
    assert not report.has_errors(), report.generate_report()
    series = {tuple(d["Value"] for d in item["Dimensions"]): item["Value"] for item in data}
    assert series == {
        ("prod", "overfitting"): 1, ("prod", "dead-relu"): 1, ("prod", "small-batch"): 1,
        ("prod", "learning"): 2, ("prod", "system"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"job": "job-1"}, "job-1"),
        ({"error": {"Error": "States.TaskFailed", "Cause": CAUSE}}, "job-1"),
        ({"error": {"Error": "States.Timeout", "Cause": ""}}, None),
        ({"error": {"Error": "SageMaker.AmazonSageMakerException", "Cause": "[]"}}, None),
        ({"error": {"Error": "X", "Cause": '{"errorMessage": "no job"}'}}, None),
    ],
)
def test_the_job_is_named_or_in_the_cause(event: dict[str, Any], name: str | None) -> None:
    assert job_name(event) == name


class Recorded:
    """SageMaker with one job, and CloudWatch that records requests."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.description = description
        self.sent: list[dict[str, Any]] = []

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        assert TrainingJobName == self.description["TrainingJobName"]
        return self.description

    def put_metric_data(self, **request: Any) -> None:
        self.sent.append(request)


@pytest.mark.parametrize("event", [{"job": "job-1"}, {"error": {"Error": "States.TaskFailed", "Cause": CAUSE}}])
def test_findings_are_sent_after_a_good_and_after_a_failed_training(
    monkeypatch: pytest.MonkeyPatch, function: Call, event: dict[str, Any]
) -> None:
    aws = Recorded(DESCRIPTION)
    monkeypatch.setattr(function_module, "client", lambda service: aws)
    answer = function(handler, Environment("dev"), event)
    assert answer == {"rules": ["overfitting", "dead-relu", "small-batch"]}
    assert [item["Namespace"] for item in aws.sent] == ["Kennel/Training"]


def test_a_training_without_findings_sends_nothing(monkeypatch: pytest.MonkeyPatch, function: Call) -> None:
    aws = Recorded({"TrainingJobName": "job-1"})
    monkeypatch.setattr(function_module, "client", lambda service: aws)
    assert function(handler, Environment("dev"), {"job": "job-1"}) == {"rules": []}
    assert aws.sent == []


def test_a_failure_without_a_job_calls_no_service(monkeypatch: pytest.MonkeyPatch, function: Call) -> None:
    monkeypatch.setattr(function_module, "client", lambda service: pytest.fail(f"{service} was asked"))
    assert function(handler, Environment("dev"), {"error": {"Error": "States.Timeout", "Cause": ""}}) == {"rules": []}
