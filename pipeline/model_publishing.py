"""The second half of a model's flow: quality gate, immutable key, registry, smoke test, alias, new fleet."""

from __future__ import annotations

from pipeline import functions, recovery
from pipeline.tasks import State

DECISIONS = (
    "QualityGate",
    "RegisterRejected",
    "StageArtifact",
    "RegisterModel",
    "SmokeTest",
    "PublishModel",
    "RefreshFleet",
)
REFRESH_SECONDS = 5

_TO_REFRESH = {"Variable": "$.published.refresh", "BooleanEquals": True}
_NOT_BEGUN = {"Variable": "$.published.rollout.polls", "NumericEquals": 0}


def states() -> dict[str, State]:
    """Starts at QualityGate; ends at ModelRejected or ModelPublished."""
    return {**_judging(), **_publishing(), **_refreshing()}


def _judging() -> dict[str, State]:
    return {
        "QualityGate": functions.QUALITY_GATE.task(
            comment="Compare evaluation.json with the thresholds and with the published model",
            next_state="ChoosePublishing",
            on_error=recovery.failed("QualityGate"),
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


def _publishing() -> dict[str, State]:
    return {
        "StageArtifact": functions.STAGE_ARTIFACT.task(
            comment="Copy to the immutable key and verify the hash",
            next_state="RegisterModel",
            on_error=recovery.failed("StageArtifact"),
            result="$.artifact",
        ),
        "RegisterModel": functions.REGISTER_MODEL.task(
            comment="A model package that is approved, with its metrics, lineage and immutable key",
            next_state="SmokeTest",
            on_error=recovery.failed("RegisterModel"),
            result="$.package",
        ),
        "SmokeTest": functions.SMOKE_TEST.task(
            comment="Golden images through the endpoint with that key",
            next_state="PublishModel",
            on_error=recovery.failed("SmokeTest"),
            result="$.smoke_test",
        ),
        "PublishModel": functions.PUBLISH_MODEL.task(
            comment="Move the alias, unless it moved since the comparison",
            next_state="ChooseRefresh",
            on_error=recovery.failed("PublishModel"),
            result="$.published",
        ),
    }


def _refreshing() -> dict[str, State]:
    """Used only if the stable key was overwritten."""
    return {
        "ChooseRefresh": {
            "Type": "Choice",
            "Comment": "An overwritten stable key may still be served from a cache until the fleet is new",
            "Choices": [
                {"And": [_TO_REFRESH, _NOT_BEGUN], "Next": "RefreshFleet"},
                {**_TO_REFRESH, "Next": "WaitForFleet"},
            ],
            "Default": "ModelPublished",
        },
        "WaitForFleet": {"Type": "Wait", "Seconds": REFRESH_SECONDS, "Next": "RefreshFleet"},
        "RefreshFleet": functions.REFRESH_FLEET.task(
            comment="Start the rollout, or look how far it is",
            next_state="ChooseRefresh",
            on_error=recovery.failed("RefreshFleet"),
            result="$.published",
        ),
    }
