"""One model's way from data to the endpoint: the flow inside the TrainModels map.

`$` holds `model` (its plan), `run` (what all models share), `hyperparameters`, `recovery`, and what the states add.
Each ending is an outcome: published, rejected or failed.
"""

from __future__ import annotations

from typing import Any

from config.app import AppConfig
from pipeline import jobs, lambdas, recovery
from pipeline.lambdas import Function
from pipeline.placeholders import Placeholder
from pipeline.tasks import GET_OBJECT, LAMBDA, PROCESSING_JOB, TRAINING_JOB, TUNING_JOB, State, task

JOBS = ("TuneModel", "TrainModel", "EvaluateModel")
DECISIONS = ("QualityGate", "RegisterModel", "StageArtifact", "SmokeTest", "PublishModel", "RefreshFleet")

REFRESH_SECONDS = 10


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
        },
        "recovery": recovery.initial({}, {}),
    }


def flow(config: AppConfig) -> dict[str, Any]:
    return {
        "StartAt": "LoadModelPlan",
        "States": {
            **_load(),
            **_channels(),
            **_tuning(config),
            **_training(config),
            **_decisions(),
            **recovery.states("Model", ("LoadModelPlan", *JOBS, *DECISIONS), resume=JOBS, give_up="ModelFailed"),
            **_outcomes(),
        },
    }


def _load() -> dict[str, State]:
    """The map's input holds a reference, because forty models' plans would not fit into one state."""
    training, evaluation = "$.loaded.plan.training", "$.loaded.plan.evaluation"
    return {
        "LoadModelPlan": task(
            GET_OBJECT,
            {"Bucket": str(Placeholder.ARTIFACTS_BUCKET), "Key.$": "$.model.plan_key"},
            comment="This model's part of the plan",
            timeout=60,
            next_state="BeginModel",
            on_error=recovery.failed("LoadModelPlan"),
            selector={"plan.$": "States.StringToJson($.Body)"},
            result="$.loaded",
        ),
        "BeginModel": {
            "Type": "Pass",
            "Comment": "The model's state at its start",
            "Parameters": {
                "model.$": "$.loaded.plan",
                "hyperparameters": {"values.$": "$.loaded.plan.hyperparameters"},
                "run.$": "$.run",
                "recovery": recovery.initial(
                    {
                        "TuneModel": f"{training}.instance_type",
                        "TrainModel": f"{training}.instance_type",
                        "EvaluateModel": f"{evaluation}.instance_type",
                    },
                    {
                        "TuneModel": f"{training}.fallback_instance_types",
                        "TrainModel": f"{training}.fallback_instance_types",
                        "EvaluateModel": f"{evaluation}.fallback_instance_types",
                    },
                ),
            },
            "Next": "ChooseChannels",
        },
    }


def _channels() -> dict[str, State]:
    return {
        "ChooseChannels": {
            "Type": "Choice",
            "Comment": "Only a pretrained model reads the weights channel",
            "Choices": [{"Variable": "$.model.pretrained", "BooleanEquals": True, "Next": "ChannelsWithWeights"}],
            "Default": "ChannelsWithoutWeights",
        },
        "ChannelsWithWeights": _channel_list(pretrained=True),
        "ChannelsWithoutWeights": _channel_list(pretrained=False),
    }


def _channel_list(*, pretrained: bool) -> State:
    return {
        "Type": "Pass",
        "Comment": "Train, validation and code" + (", and ImageNet weights" if pretrained else ""),
        "Parameters": {"list": jobs.channels(pretrained=pretrained)},
        "ResultPath": "$.channels",
        "Next": "ChooseTuning",
    }


def _tuning(config: AppConfig) -> dict[str, State]:
    return {
        "ChooseTuning": {
            "Type": "Choice",
            "Comment": "Search for hyperparameters when the run or the model says so",
            "Choices": [{"Variable": "$.model.tune", "BooleanEquals": True, "Next": "TuneModel"}],
            "Default": "TrainModel",
        },
        "TuneModel": task(
            TUNING_JOB,
            jobs.tune_model(config),
            comment="Trials over the search space; the objective metric is one of the validation split",
            timeout="$.model.tuning.max_runtime_seconds",
            next_state="CheckTuning",
            on_error=recovery.failed("TuneModel"),
            result="$.tuning",
        ),
        "CheckTuning": {
            "Type": "Choice",
            "Comment": "A search of which no trial succeeded ends Completed, without a best job",
            "Choices": [
                {
                    "Variable": "$.tuning.BestTrainingJob.TunedHyperParameters",
                    "IsPresent": True,
                    "Next": "UseBestHyperparameters",
                }
            ],
            "Default": "NoTrialSucceeded",
        },
        "NoTrialSucceeded": {
            "Type": "Pass",
            "Result": {"Error": "Kennel.NoTrialSucceeded", "Cause": "no trial of the tuning job succeeded"},
            "ResultPath": "$.error",
            "Next": recovery.failed("TuneModel"),
        },
        "UseBestHyperparameters": {
            "Type": "Pass",
            "Comment": "The best trial's values over the static ones",
            "Parameters": {
                "values.$": "States.JsonMerge($.hyperparameters.values, "
                "$.tuning.BestTrainingJob.TunedHyperParameters, false)",
                "best_trial.$": "$.tuning.BestTrainingJob.TrainingJobName",
            },
            "ResultPath": "$.hyperparameters",
            "Next": "ForgetTuning",
        },
        "ForgetTuning": {
            "Type": "Pass",
            "Comment": "States stay small: the search's description is not carried on",
            "Result": {},
            "ResultPath": "$.tuning",
            "Next": "TrainModel",
        },
    }


def _training(config: AppConfig) -> dict[str, State]:
    training, evaluation = config.training.training, config.training.evaluation
    return {
        "TrainModel": task(
            TRAINING_JOB,
            jobs.train_model(config),
            comment="The final training: weights, metrics, debug and profile records",
            timeout=training.max_runtime_seconds + jobs.PENDING_SECONDS,
            next_state="EvaluateModel",
            on_error=recovery.failed("TrainModel"),
            selector={"job.$": "$.TrainingJobName", "artifact.$": "$.ModelArtifacts.S3ModelArtifacts"},
            result="$.training",
        ),
        "EvaluateModel": task(
            PROCESSING_JOB,
            jobs.evaluate_model(config),
            comment="Score the served graph, and the published model, on the locked test split; write the archive",
            timeout=evaluation.max_runtime_seconds + jobs.PENDING_SECONDS,
            next_state="QualityGate",
            on_error=recovery.failed("EvaluateModel"),
            selector={"message.$": "States.StringToJson($.ExitMessage)"},
            result="$.evaluation",
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


def _decisions() -> dict[str, State]:
    return {
        **_call(
            "QualityGate",
            lambdas.QUALITY_GATE,
            comment="Compare evaluation.json with the thresholds and with the published model",
            next_state="RegisterModel",
            result="$.gate",
        ),
        **_call(
            "RegisterModel",
            lambdas.REGISTER_MODEL,
            comment="A model package with metrics and lineage, approved or rejected",
            next_state="ChoosePublishing",
            result="$.package",
        ),
        "ChoosePublishing": {
            "Type": "Choice",
            "Comment": "What the quality gate said",
            "Choices": [{"Variable": "$.gate.passed", "BooleanEquals": True, "Next": "StageArtifact"}],
            "Default": "ModelRejected",
        },
        **_call(
            "StageArtifact",
            lambdas.STAGE_ARTIFACT,
            comment="Copy to the immutable key and verify the hash",
            next_state="SmokeTest",
            result="$.artifact",
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
            comment="Move the alias, by a conditional write",
            next_state="ChooseRefresh",
            result="$.published",
        ),
        "ChooseRefresh": {
            "Type": "Choice",
            "Comment": "An overwritten stable key may still be served from a cache until the fleet is new",
            "Choices": [{"Variable": "$.published.refresh", "BooleanEquals": True, "Next": "WaitForFleet"}],
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


def _outcomes() -> dict[str, State]:
    return {
        "ModelPublished": _outcome(
            "published", "$.gate.reason", version="$.evaluation.message.version", target_model="$.artifact.target_model"
        ),
        "ModelRejected": _outcome("rejected", "$.gate.reason", version="$.evaluation.message.version"),
        "ModelFailed": _outcome("failed", "$.recovery.reason"),
    }


def _outcome(outcome: str, reason: str, *, version: str | None = None, target_model: str | None = None) -> State:
    """The same fields at each ending; a failure adds the state and the remedy."""
    values: dict[str, Any] = {
        "model.$": "$.model.name",
        "outcome": outcome,
        "reason.$": reason,
        **({"version.$": version} if version else {"version": ""}),
        **({"target_model.$": target_model} if target_model else {"target_model": ""}),
        **({"accuracy.$": "$.gate.accuracy"} if version else {"accuracy": None}),
        "run_uri.$": "$.model.run_uri",
    }
    if outcome == "published":
        values["notes.$"] = "States.Array($.smoke_test.note, $.published.note)"
    if outcome == "failed":
        values |= {"state.$": "$.failed.state", "remedy.$": "$.recovery.remedy"}
    return {"Type": "Pass", "Parameters": values, "End": True}
