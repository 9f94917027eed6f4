"""The second half of a model's way: gate, the immutable key, registry, the smoke test, the alias, a new fleet."""

from __future__ import annotations

from pipeline import lambdas, recovery
from pipeline.lambdas import Function
from pipeline.tasks import LAMBDA, State, task

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
    """Begins at QualityGate; ends at ModelRejected or ModelPublished."""
    return {**_judging(), **_publishing(), **_refreshing()}


def _judging() -> dict[str, State]:
    return {
        **_call(
            "QualityGate",
            lambdas.QUALITY_GATE,
            comment="Compare evaluation.json with the thresholds and with the published model",
            next_state="ChoosePublishing",
            result="$.gate",
        ),
        "ChoosePublishing": {
            "Type": "Choice",
            "Comment": "What the quality gate said",
            "Choices": [{"Variable": "$.gate.passed", "BooleanEquals": True, "Next": "StageArtifact"}],
            "Default": "RegisterRejected",
        },
        **_call(
            "RegisterRejected",
            lambdas.REGISTER_REJECTED,
            comment="A model package that is rejected, with its metrics and lineage",
            next_state="ModelRejected",
            result="$.package",
        ),
    }


def _publishing() -> dict[str, State]:
    return {
        **_call(
            "StageArtifact",
            lambdas.STAGE_ARTIFACT,
            comment="Copy to the immutable key and verify the hash",
            next_state="RegisterModel",
            result="$.artifact",
        ),
        **_call(
            "RegisterModel",
            lambdas.REGISTER_MODEL,
            comment="A model package that is approved, with its metrics, lineage and immutable key",
            next_state="SmokeTest",
            result="$.package",
        ),
        **_call(
            "SmokeTest",
            lambdas.SMOKE_TEST,
            comment="Golden images through the endpoint with that key",
            next_state="PublishModel",
            result="$.smoke_test",
        ),
        **_call(
            "PublishModel",
            lambdas.PUBLISH_MODEL,
            comment="Move the alias, unless it moved since the comparison",
            next_state="ChooseRefresh",
            result="$.published",
        ),
    }


def _refreshing() -> dict[str, State]:
    """Only where the stable key was overwritten."""
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
        **_call(
            "RefreshFleet",
            lambdas.REFRESH_FLEET,
            comment="Start the rollout, or look how far it is",
            next_state="ChooseRefresh",
            result="$.published",
        ),
    }


def _call(name: str, function: Function, *, comment: str, next_state: str, result: str | None) -> dict[str, State]:
    return {
        name: task(
            LAMBDA,
            function.parameters,
            comment=comment,
            timeout=function.state_timeout_seconds,
            next_state=next_state,
            on_error=recovery.failed(name),
            selector=function.selector,
            result=result,
        )
    }
