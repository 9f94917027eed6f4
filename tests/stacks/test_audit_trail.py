"""The alarms on what CloudTrail records: which records each counts, and that they are there only if asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from checks.__main__ import violations
from checks.assembly import Assembly
from kennel.bootstrap.handlers import HANDLERS
from localcloud.cloudwatch.logs.filter_pattern import compile_pattern
from stacks.constructs.audit_trail import DESCRIPTIONS, patterns
from tests.stacks.assemblies import properties, synthesize

KEY = "arn:aws:kms:eu-central-1:111122223333:key/0000"
PATTERNS = patterns("Kennel-Prod", KEY)


def _role(name: str) -> dict[str, Any]:
    return {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": name}}}


OURS, OTHER = _role("Kennel-Prod-Training-JobsRole12345-AB"), _role("AWSReservedSSO_Admin")
SERVICE = {"type": "AWSService", "invokedBy": "cloudwatch.amazonaws.com"}
ROOT = {"type": "Root", "arn": "arn:aws:iam::111122223333:root"}


def _key(event: str, who: dict[str, Any], key: str = KEY) -> dict[str, Any]:
    return {"eventName": event, "userIdentity": who, "resources": [{"type": "AWS::KMS::Key", "ARN": key}]}


@pytest.mark.parametrize(
    ("record", "counted"),
    [
        ({"errorCode": "AccessDenied", "userIdentity": OURS}, {"DeniedCalls"}),
        ({"errorCode": "AccessDeniedException", "userIdentity": OURS}, {"DeniedCalls"}),
        ({"errorCode": "Client.UnauthorizedOperation", "userIdentity": OURS}, {"DeniedCalls"}),
        ({"errorCode": "AccessDenied", "userIdentity": OTHER}, set()),
        ({"errorCode": "ThrottlingException", "userIdentity": OURS}, set()),
        ({"userIdentity": OURS}, set()),
        ({"userIdentity": ROOT, "eventType": "AwsConsoleSignIn"}, {"RootUse"}),
        ({"userIdentity": {**ROOT, "invokedBy": "s3.amazonaws.com"}, "eventType": "AwsApiCall"}, set()),
        ({"userIdentity": ROOT, "eventType": "AwsServiceEvent"}, set()),
        (_key("Decrypt", OURS), set()),
        (_key("Decrypt", SERVICE), set()),
        (_key("Decrypt", _role("AWSServiceRoleForApplicationAutoScaling_X")), set()),
        (_key("Decrypt", OTHER), {"KeyUse"}),
        (_key("Decrypt", _role("Kennel-Dev-Training-Jobs")), {"KeyUse"}),
        (_key("GenerateDataKeyWithoutPlaintext", {"type": "IAMUser", "userName": "eve"}), {"KeyUse"}),
        (_key("ReEncryptTo", OTHER), {"KeyUse"}),
        (_key("DescribeKey", OTHER), set()),
        (_key("Decrypt", OTHER, key=KEY + "1"), set()),
        (_key("ScheduleKeyDeletion", OTHER), {"KeyDisabled"}),
        (_key("DisableKey", OURS), {"KeyDisabled"}),
        (_key("DisableKey", OURS, key=KEY + "1"), set()),
    ],
)
def test_which_records_are_counted(record: dict[str, Any], counted: set[str]) -> None:
    text = json.dumps({"eventType": "AwsApiCall", **record})
    assert {name for name, pattern in PATTERNS.items() if compile_pattern(pattern)(text)} == counted


def test_no_pattern_is_longer_than_the_service_takes() -> None:
    """1,024 characters, with the longest names of a project and of a key in any partition."""
    longest = patterns("P" * 60, "arn:aws-iso-b:kms:us-isob-east-1:111122223333:key/mrk-" + "0" * 32)
    assert max(map(len, longest.values())) <= 1024
    assert set(longest) == set(DESCRIPTIONS)


def test_each_filter_has_an_alarm_that_tells_the_topic(tmp_path: Path) -> None:
    settings = config.load("dev")
    monitoring = settings.monitoring.model_copy(update={"audit_trail": "trail/all"})
    folder = synthesize(settings.model_copy(update={"monitoring": monitoring}), tmp_path)
    template = json.loads((folder / "Kennel-Dev-Monitoring.template.json").read_text())["Resources"].values()
    filters = [item["Properties"] for item in template if item["Type"] == "AWS::Logs::MetricFilter"]
    assert {item["LogGroupName"] for item in filters} == {"trail/all"}
    assert "AWS::Logs::MetricFilter" in HANDLERS, "the bootstrap policy allows it"
    assert violations(Assembly.load(folder)) == [], "our own controls know the metrics"
    made = {(rule["MetricNamespace"], rule["MetricName"]) for item in filters for rule in item["MetricTransformations"]}
    alarms = [item["Properties"] for item in template if item["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {(alarm.get("Namespace"), alarm.get("MetricName")): alarm for alarm in alarms}
    assert {name for _, name in made} == set(DESCRIPTIONS) and made <= set(watched)
    assert all(watched[metric]["AlarmActions"] and watched[metric]["Threshold"] == 0 for metric in made)


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_without_a_trail_there_is_none(environment: str) -> None:
    assert properties(environment, "AWS::Logs::MetricFilter") == []
