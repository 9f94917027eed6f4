"""The control over exports, value by value."""

from __future__ import annotations

from typing import Any

import pytest

from checks.controls.exports import lasting

RESOURCES = {
    "Data": {"Type": "AWS::S3::Bucket"},
    "Sometimes": {"Type": "AWS::S3::Bucket", "Condition": "Wanted"},
    "Step": {"Type": "AWS::Lambda::Function"},
    "Build": {"Type": "Custom::ImageBuild"},
    "Machine": {"Type": "AWS::StepFunctions::StateMachine"},
    "Queue": {"Type": "AWS::SQS::Queue"},
}


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Data"},
        {"Fn::GetAtt": ["Data", "Arn"]},
        {"Fn::GetAtt": "Data.Arn"},
        {"Fn::Sub": "${Data}"},
        {"Fn::Sub": "${Queue.QueueName}"},
    ],
    ids=str,
)
def test_an_identity_of_what_lasts_may_be_exported(value: Any) -> None:
    assert lasting(value, {"Resources": RESOURCES})


@pytest.mark.parametrize(
    "value",
    [
        "text",
        {"Ref": "Step"},
        {"Ref": "Sometimes"},
        {"Ref": "Parameter"},
        {"Fn::GetAtt": ["Build", "Serving"]},
        {"Fn::GetAtt": ["Data", "DomainName"]},
        {"Fn::GetAtt": ["Machine", "Arn"]},
        {"Fn::Sub": "${Data}:${Step}"},
        {"Fn::Sub": ["${X}", {"X": {"Ref": "Data"}}]},
        {"Fn::Join": ["", [{"Ref": "Data"}, "tag"]]},
        {"Fn::If": ["Wanted", {"Ref": "Data"}, "none"]},
    ],
    ids=str,
)
def test_what_an_update_may_change_may_not(value: Any) -> None:
    assert not lasting(value, {"Resources": RESOURCES})
