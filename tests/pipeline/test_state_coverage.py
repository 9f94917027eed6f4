"""Every state of the machine is entered in at least one of these runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imgcls.contract.run_plan import Trained
from lambdas.plan_run.plan import Published
from localcloud.stepfunctions.asl.errors import StatesError
from pipeline import model_publishing
from tests.pipeline.harness import Answer, Runner
from tests.pipeline.services import failed_job
from tests.pipeline.test_promoted import PROMOTION

REJECTED = {"passed": False, "reason": "too weak", "accuracy": 0.1, "champion_accuracy": None}
OFF = {"on": False, "tested": 0, "note": "the endpoint is switched off"}
REFRESH = {"refresh": True, "note": "published"}
BEGUN = {"refresh": True, "rollout": {"config": "copy", "replaces": "", "polls": 1}, "note": "on its way"}

SCRIPTS: tuple[Mapping[str, list[Answer]], ...] = (
    {},
    {"QualityGate": [{"Payload": REJECTED}]},
    {"QualityGate": [{"Payload": REJECTED}], "RegisterRejected": [StatesError("Broken", "")]},
    {"PublishModel": [{"Payload": REFRESH}], "RefreshFleet": [{"Payload": BEGUN}, None]},
    {"TuneModelDescribe": [{"HyperParameterTuningJobName": "x", "HyperParameterTuningJobStatus": "Completed"}]},
    {"TuneModelDescribe": [{"HyperParameterTuningJobName": "x", "HyperParameterTuningJobStatus": "InProgress"}]},
    {"TuneModelDescribe": [{"HyperParameterTuningJobName": "x", "HyperParameterTuningJobStatus": "Failed"}]},
    *({state: [StatesError("States.Timeout", "")]} for state in ("PrepareDataset", "TrainModel", "EvaluateModel")),
    {"DiagnoseFailure": [StatesError("Broken", "")], "TrainModel": [failed_job("TrainModel")]},
    {"DiagnoseFailure": [StatesError("Broken", "")], "PrepareDataset": [failed_job("PrepareDataset")]},
    {"PlanRun": [StatesError("Refused", "{}")]},
    {"EmitFindings": [StatesError("Broken", "")]},
    *(
        {state: [failed_job(state, FailureReason="InternalServerError"), None]}
        for state in ("PrepareDataset", "TuneModel", "TrainModel", "EvaluateModel")
    ),
    *(
        {state: [StatesError("Broken", "")]}
        for state in ("LoadModelPlan", "SaveHyperparameters", "FindChampion", *model_publishing.DECISIONS)
    ),
    {"PublishModel": [{"Payload": REFRESH}], "RefreshFleet": [StatesError("Broken", "")]},
    {"SmokeTest": [{"Payload": OFF}]},
    {"SmokeTest": [{"Payload": OFF}], "RecordStaged": [StatesError("Broken", "")]},
    {"SmokeTest": [{"Payload": OFF}], "RecordStaged": [{"Payload": {"note": "staged", "replaced": "arn:package/1"}}]},
    {"SmokeTest": [StatesError("SmokeTestFailed", "")]},
    {"ApproveModel": [StatesError("Broken", "")]},
)

ARTIFACT = "s3://artifacts-bucket/runs/first/imported/output/model.tar.gz"
NEVER_LEFT = {"PipelineFailed"}
"""A Fail state ends the execution, so it does not have an output."""
UNREACHABLE_BY_SCRIPTS = {"TrainModelsFailed"}
"""Every state inside the map catches its own errors, so the map fails only at a limit of the service."""


def all_states(flow: Mapping[str, Any]) -> Iterator[str]:
    for name, state in flow["States"].items():
        yield name
        if state["Type"] == "Map":
            yield from all_states(state["ItemProcessor"])


def test_every_state_is_entered() -> None:
    models = ["dog-breed-classifier", "cat-dog-classifier"]
    imported = Runner()
    imported.services.published = Published(trained={models[0]: Trained("imported", ARTIFACT, ARTIFACT)})
    entered = imported.run({"models": models[:1], "trained": {models[0]: ARTIFACT}}).entered
    for script in SCRIPTS:
        runner = Runner()
        runner.script = dict(script)
        entered |= runner.run({"models": models, "dataset": "dog-breeds"}).entered
    staged = Runner()
    staged.script["SmokeTest"] = [{"Payload": OFF}, None]
    entered |= staged.run({"models": models[:1]}).entered | staged.run({"publish_staged": True}).entered
    promoted = Runner()
    promoted.services.promotion = PROMOTION
    entered |= promoted.run({"promote": {"model": PROMOTION.model, "sha256": PROMOTION.sha256}}).entered
    assert set(all_states(Runner().definition)) - entered == NEVER_LEFT | UNREACHABLE_BY_SCRIPTS
