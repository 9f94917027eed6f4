"""The second half of a model's flow: gate, immutable key, registry, smoke test, alias or a wait for the endpoint."""

from __future__ import annotations

from pipeline import functions, recovery
from pipeline.tasks import State

GATE = "QualityGate"
"""Where a version that was evaluated in another environment begins."""
DECISIONS = (
    GATE,
    "RegisterRejected",
    "StageArtifact",
    "RegisterModel",
    "SmokeTest",
    "RecordStaged",
    "PublishModel",
)
TEST = "SmokeTest"
"""Where a version that is staged already begins."""
GIVE_UP = "ChooseRejection"
VERDICTS = ("SmokeTestFailed", "StaleComparison", "Refused")
"""Errors that are about the version itself. After any other it may be tested and published another time."""


def states() -> dict[str, State]:
    """Starts at QualityGate; ends at ModelPublished, ModelStaged or ModelRejected, after GIVE_UP at ModelFailed."""
    return {**_judging(), **_registering(), **_testing(), **_publishing(), **_rejecting()}


def _judging() -> dict[str, State]:
    return {
        GATE: functions.QUALITY_GATE.task(
            comment="Compare evaluation.json with the thresholds and with the published model",
            next_state="ChoosePublishing",
            on_error=recovery.failed(GATE),
            result="$.gate",
        ),
        "ChoosePublishing": {
            "Type": "Choice",
            "Comment": "What the quality gate said",
            "Choices": [{"Variable": "$.gate.passed", "BooleanEquals": True, "Next": "StageArtifact"}],
            "Default": "RegisterRejected",
        },
        "RegisterRejected": functions.REGISTER_REJECTED.task(
            comment="A model package that is rejected, with its metrics and lineage",
            next_state="ModelRejected",
            on_error=recovery.failed("RegisterRejected"),
            result="$.package",
        ),
    }


def _registering() -> dict[str, State]:
    return {
        "StageArtifact": functions.STAGE_ARTIFACT.task(
            comment="Copy to the immutable key and verify the hash",
            next_state="RegisterModel",
            on_error=recovery.failed("StageArtifact"),
            result="$.artifact",
        ),
        "RegisterModel": functions.REGISTER_MODEL.task(
            comment="A model package that is pending, with its metrics, lineage and immutable key",
            next_state=TEST,
            on_error=recovery.failed("RegisterModel"),
            result="$.package",
        ),
    }


def _testing() -> dict[str, State]:
    return {
        TEST: functions.SMOKE_TEST.task(
            comment="Golden images through the endpoint with that key",
            next_state="ChooseServing",
            on_error=recovery.failed(TEST),
            result="$.smoke_test",
        ),
        "ChooseServing": {
            "Type": "Choice",
            "Comment": "No alias without a smoke test: while the endpoint is off, the version waits for it",
            "Choices": [
                {"Variable": "$.smoke_test.on", "BooleanEquals": True, "Next": "PublishModel"},
                # It waits already, or a newer version does.
                {"Variable": "$.run.publish_staged", "BooleanEquals": True, "Next": "ModelStaged"},
            ],
            "Default": "RecordStaged",
        },
        "RecordStaged": functions.RECORD_STAGED.task(
            comment="Note that the version waits for the endpoint",
            next_state="ChooseReplaced",
            on_error=recovery.failed("RecordStaged"),
            result="$.staged",
        ),
        "ChooseReplaced": {
            "Type": "Choice",
            "Comment": "Whether an older version waited so far",
            "Choices": [{"Variable": "$.staged.replaced", "StringEquals": "", "Next": "ModelStaged"}],
            "Default": "RejectReplaced",
        },
        "RejectReplaced": functions.REJECT_REPLACED.task(
            comment="It will not be tested any more: its model package is rejected",
            next_state="ModelStaged",
            on_error="ModelStaged",
            result="$.replaced",
            error="$.approval_error",
        ),
    }


def _publishing() -> dict[str, State]:
    return {
        "PublishModel": functions.PUBLISH_MODEL.task(
            comment="Move the alias, unless it moved since the comparison",
            next_state="ApproveModel",
            on_error=recovery.failed("PublishModel"),
            result="$.published",
        ),
        "ApproveModel": functions.APPROVE_MODEL.task(
            comment="The version answers: its model package is approved",
            next_state="ModelPublished",
            on_error="ApprovalUnknown",
            result="$.package",
            error="$.approval_error",
        ),
        "ApprovalUnknown": {
            "Type": "Pass",
            "Comment": "It is published all the same",
            "Parameters": {
                "refresh.$": "$.published.refresh",
                "note.$": "States.Format('{}, but its model package is not approved: ApproveModel ended with {}', "
                "$.published.note, $.approval_error.Error)",
            },
            "ResultPath": "$.published",
            "Next": "ModelPublished",
        },
    }


def _rejecting() -> dict[str, State]:
    """A failed model whose version was registered, and is the reason of the failure."""
    verdicts = [{"Variable": "$.error.Error", "StringEquals": name, "Next": "RejectModel"} for name in VERDICTS]
    return {
        GIVE_UP: {
            "Type": "Choice",
            "Comment": "Whether the failure is a verdict about a version that was registered",
            "Choices": [{"Variable": "$.package.package_arn", "IsPresent": False, "Next": "ModelFailed"}, *verdicts],
            "Default": "ModelFailed",
        },
        "RejectModel": functions.REJECT_MODEL.task(
            comment="Its model package is rejected: it is not published any more",
            next_state="ModelFailed",
            on_error="ModelFailed",
            result="$.package",
            error="$.approval_error",
        ),
    }
