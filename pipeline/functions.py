"""The Lambda functions of the pipeline: what each state sends, and which fields of the answer it keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from imgcls.contract import artifact
from pipeline.placeholders import Placeholder
from pipeline.tasks import LAMBDA, State, task


@dataclass(frozen=True)
class Function:
    """One function of `lambdas/`. `payload`: the event of its handler. `keeps`: the fields of its answer that stay."""

    folder: str
    arn: Placeholder
    timeout_seconds: int
    memory_mb: int
    payload: dict[str, Any]
    keeps: tuple[str, ...]

    def task(
        self,
        *,
        comment: str,
        next_state: str,
        on_error: str,
        result: str,
        error: str = "$.error",
        selector: State | None = None,
    ) -> State:
        """A state that invokes it. Without a `selector`, the fields in `keeps` are written to `result`."""
        return task(
            LAMBDA,
            {"FunctionName": str(self.arn), "Payload": self.payload},
            comment=comment,
            # A little longer than the function's own timeout, so that the function's own error is reported.
            timeout=self.timeout_seconds + 30,
            next_state=next_state,
            on_error=on_error,
            selector=selector or {f"{name}.$": f"$.Payload.{name}" for name in self.keeps},
            result=result,
            error=error,
        )

    @property
    def handler(self) -> str:
        """The handler's name in the Lambda archive, which has `lambdas/` and `imgcls/` at its root."""
        return f"lambdas.{self.folder}.handler.handler"


PLAN_RUN = Function(
    folder="plan_run",
    arn=Placeholder.PLAN_RUN_ARN,
    timeout_seconds=60,
    memory_mb=512,
    payload={"input.$": "$.input", "execution.$": "$$.Execution.Name"},
    keeps=(),
)
DIAGNOSE_FAILURE = Function(
    folder="diagnose_failure",
    arn=Placeholder.DIAGNOSE_FAILURE_ARN,
    timeout_seconds=30,
    memory_mb=256,
    payload={"state.$": "$.failed.state", "error.$": "$.error", "recovery.$": "$.recovery"},
    keeps=("action", "reason", "remedy", "wait_seconds", "attempt", "instances", "fallbacks"),
)
EMIT_FINDINGS = Function(
    folder="emit_findings",
    arn=Placeholder.EMIT_FINDINGS_ARN,
    timeout_seconds=60,
    memory_mb=256,
    payload={"job.$": "$.training.job"},
    keeps=("rules",),
)
EMIT_FINDINGS_OF_FAILURE = replace(EMIT_FINDINGS, payload={"error.$": "$.error"})
"""The same function; a failed job's name is in the cause of the failure."""
QUALITY_GATE = Function(
    folder="quality_gate",
    arn=Placeholder.QUALITY_GATE_ARN,
    timeout_seconds=30,
    memory_mb=256,
    payload={"model.$": "$.model.name", "run_uri.$": "$.model.run_uri"},
    keeps=("passed", "reason", "accuracy", "champion_accuracy"),
)
_JUDGED = {
    "model.$": "$.model.name",
    "package_group.$": "$.model.package_group",
    "execution.$": "$.run.execution",
    "manifest_id.$": "$.run.manifest_id",
    "dataset.$": "$.run.dataset",
    "training_job.$": "$.training.job",
    "version.$": "$.evaluation.message.version",
    "gate.$": "$.gate",
    "source.$": "$.source",
}
REGISTER_MODEL = Function(
    folder="register_model",
    arn=Placeholder.REGISTER_MODEL_ARN,
    timeout_seconds=60,
    memory_mb=256,
    payload={**_JUDGED, "archive_uri.$": "$.artifact.archive_uri", "sha256.$": "$.artifact.sha256"},
    keeps=("package_arn",),
)
REGISTER_REJECTED = replace(
    REGISTER_MODEL,
    payload={
        **_JUDGED,
        "archive_uri.$": f"States.Format('{{}}{artifact.ARCHIVE}', $.model.run_uri)",
        "sha256": "",
    },
)
"""The same function; a rejected model is registered at its place in the run's folder, and expires with that."""
APPROVE_MODEL = replace(
    REGISTER_MODEL,
    payload={"package_arn.$": "$.package.package_arn", "approved": True, "reason.$": "$.smoke_test.note"},
)
REJECT_MODEL = replace(
    REGISTER_MODEL,
    payload={"package_arn.$": "$.package.package_arn", "approved": False, "reason.$": "$.recovery.reason"},
)
REJECT_REPLACED = replace(
    REGISTER_MODEL,
    payload={
        "package_arn.$": "$.staged.replaced",
        "approved": False,
        "if_pending": True,
        "reason.$": "States.Format('not tested: {} was staged in its place', $.artifact.target_model)",
    },
)
"""The same function; it decides about packages that it has registered."""
STAGE_ARTIFACT = Function(
    folder="stage_artifact",
    arn=Placeholder.STAGE_ARTIFACT_ARN,
    timeout_seconds=300,
    memory_mb=512,
    payload={
        "model.$": "$.model.name",
        "run_uri.$": "$.model.run_uri",
        "version.$": "$.evaluation.message.version",
        "source.$": "$.source",
    },
    keeps=("target_model", "archive_uri", "sha256"),
)
SMOKE_TEST = Function(
    folder="smoke_test",
    arn=Placeholder.SMOKE_TEST_ARN,
    timeout_seconds=600,
    memory_mb=256,
    payload={"target_model.$": "$.artifact.target_model"},
    keeps=("on", "tested", "note"),
)
FIND_CHAMPION = Function(
    folder="publish_model",
    arn=Placeholder.PUBLISH_MODEL_ARN,
    timeout_seconds=120,
    memory_mb=256,
    payload={"action": "champion", "name.$": "$.model.name"},
    keeps=("target_model", "uri"),
)
PUBLISH_MODEL = replace(
    FIND_CHAMPION,
    payload={
        "action": "publish",
        "name.$": "$.model.name",
        "target_model.$": "$.artifact.target_model",
        "compared_with.$": "$.champion.target_model",
        "tested.$": "$.smoke_test.tested",
        "who.$": "$$.Execution.Id",
        "why.$": "$.gate.reason",
    },
    keeps=("refresh", "note"),
)
"""The same function, the only one that reads and writes aliases."""
RECORD_STAGED = replace(
    PUBLISH_MODEL,
    payload={
        "action": "stage",
        "staged": {
            "name.$": "$.model.name",
            "target_model.$": "$.artifact.target_model",
            "compared_with.$": "$.champion.target_model",
            "package_arn.$": "$.package.package_arn",
            "execution.$": "$.run.execution",
            "run_uri.$": "$.model.run_uri",
            "reason.$": "$.gate.reason",
            "accuracy.$": "$.gate.accuracy",
        },
    },
    keeps=("note", "replaced"),
)
REFRESH_FLEET = replace(
    PUBLISH_MODEL,
    payload={"action": "refresh", "rollout.$": "$.fleet.step.rollout"},
    keeps=("refresh", "rollout", "note"),
)
"""The same function; one step of a rollout: look at its state and act on it."""

FUNCTIONS = (
    PLAN_RUN,
    DIAGNOSE_FAILURE,
    EMIT_FINDINGS,
    QUALITY_GATE,
    REGISTER_MODEL,
    STAGE_ARTIFACT,
    SMOKE_TEST,
    PUBLISH_MODEL,
)
"""Every function of the pipeline; the Training stack creates one Lambda function for each."""
