"""The second half of a model's flow: quality gate, immutable key, registry, smoke test, alias."""

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
)


def states() -> dict[str, State]:
    """Starts at QualityGate; ends at ModelRejected or ModelPublished."""
    return {**_judging(), **_publishing()}


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
            next_state="ModelPublished",
            on_error=recovery.failed("PublishModel"),
            result="$.published",
        ),
    }
