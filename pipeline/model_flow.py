"""One model's flow from data to the endpoint: the states inside the TrainModels map.

`$` holds `model` (its plan), `run` (what all models share), `hyperparameters`, `recovery`, and what the states add.
Each end is an outcome: published, staged, rejected or failed.
"""

from __future__ import annotations

from typing import Any

from config.app import AppConfig
from pipeline import model_publishing, model_training, model_tuning, recovery
from pipeline.tasks import State


def item() -> dict[str, Any]:
    """ItemSelector of the map: a model's reference, and what all models share."""
    return {
        "model.$": "$$.Map.Item.Value",
        "run": {
            "execution.$": "$.plan.execution",
            "dataset.$": "$.plan.dataset",
            "plan_uri.$": "$.plan.plan_uri",
            "prepared_uri.$": "$.plan.prepared_uri",
            "manifest_id.$": "$.prepared.message.manifest_id",
            "train_input_mode.$": "$.prepared.message.train_input_mode",
            "polling.$": "$.plan.polling",
            "publish_staged.$": "$.plan.publish_staged",
        },
        "findings": model_training.NO_FINDINGS,
        "recovery": recovery.initial({}, {}),
    }


def flow(config: AppConfig) -> dict[str, Any]:
    jobs = model_training.JOBS
    tasks = (model_training.START, model_training.SAVE, model_training.CHAMPION, *jobs, *model_publishing.DECISIONS)
    return {
        "StartAt": model_training.START,
        "States": {
            **_beginning(),
            **model_training.states(config),
            **model_publishing.states(),
            **recovery.states(
                "Model", tasks, resume=jobs, give_up=model_publishing.GIVE_UP, entries=model_tuning.ENTRIES
            ),
            **_outcomes(),
        },
    }


def _beginning() -> dict[str, State]:
    """A staged version has everything but its smoke test behind it, one of another environment all but its gate."""
    staged, promoted = "$.loaded.plan.staged", "$.loaded.plan.promoted"
    return {
        "ChooseBeginning": {
            "Type": "Choice",
            "Comment": "A staged version is tested, a promoted one judged; everything else begins with its data",
            "Choices": [
                {"Variable": staged, "IsPresent": True, "Next": "BeginStaged"},
                {"Variable": promoted, "IsPresent": True, "Next": "BeginPromoted"},
            ],
            "Default": "BeginModel",
        },
        "BeginStaged": {
            "Type": "Pass",
            "Comment": "What the run that staged the version left",
            "Parameters": {
                "model": {"name.$": f"{staged}.name", "run_uri.$": f"{staged}.run_uri"},
                "run.$": "$.run",
                "evaluation": {"message": {"version.$": f"{staged}.version"}},
                "gate": {"reason.$": f"{staged}.reason", "accuracy.$": f"{staged}.accuracy"},
                "champion": {"target_model.$": f"{staged}.compared_with"},
                "artifact": {"target_model.$": f"{staged}.target_model"},
                "package": {"package_arn.$": f"{staged}.package_arn"},
                "findings": model_training.NO_FINDINGS,
                "recovery": recovery.initial({}, {}),
            },
            "Next": model_publishing.TEST,
        },
        "BeginPromoted": {
            "Type": "Pass",
            "Comment": "What the environment that trained the version left",
            "Parameters": {
                "model": {name: f"{promoted}.{name[:-2]}" for name in ("name.$", "run_uri.$", "package_group.$")},
                "run": {
                    "execution.$": "$.run.execution",
                    "dataset.$": f"{promoted}.dataset",
                    "manifest_id.$": f"{promoted}.manifest_id",
                    "publish_staged": False,
                },
                "training": {"job.$": f"{promoted}.training_job"},
                "evaluation": {"message": {"version.$": f"{promoted}.version"}},
                "champion": {"target_model.$": f"{promoted}.compared_with"},
                "source.$": f"{promoted}.source",
                "findings": model_training.NO_FINDINGS,
                "recovery": recovery.initial({}, {}),
            },
            "Next": model_publishing.GATE,
        },
    }


def _outcomes() -> dict[str, State]:
    """The common fields of each outcome, and those of the outcome itself."""
    judged = {
        "reason.$": "$.gate.reason",
        "version.$": "$.evaluation.message.version",
        "accuracy.$": "$.gate.accuracy",
        "reports_uri.$": "States.Format('{}reports/', $.model.run_uri)",
    }
    return {
        "ModelPublished": _outcome(
            "published",
            {
                **judged,
                "target_model.$": "$.artifact.target_model",
                "notes.$": "States.Array($.smoke_test.note, $.published.note)",
                "refresh.$": "$.published.refresh",
            },
        ),
        "ModelStaged": _outcome(
            "staged",
            {
                **judged,
                "target_model.$": "$.artifact.target_model",
                "notes.$": "States.Array($.smoke_test.note)",
            },
        ),
        "ModelRejected": _outcome("rejected", {**judged, "target_model": ""}),
        "ModelFailed": _outcome(
            "failed",
            {
                "reason.$": "$.recovery.reason",
                "remedy.$": "$.recovery.remedy",
                "state.$": "$.failed.state",
                "version": "",
                "accuracy": None,
                "target_model": "",
            },
        ),
    }


def _outcome(outcome: str, values: State) -> State:
    common = {
        "model.$": "$.model.name",
        "outcome": outcome,
        "run_uri.$": "$.model.run_uri",
        "findings.$": "$.findings.rules",
    }
    return {"Type": "Pass", "Parameters": {**common, **values}, "End": True}
