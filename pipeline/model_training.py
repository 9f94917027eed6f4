"""The first half of a model's way: its plan, its channels, the search, the final training, the evaluation."""

from __future__ import annotations

from config.app import AppConfig
from pipeline import jobs, lambdas, recovery
from pipeline.lambdas import Function
from pipeline.placeholders import Placeholder
from pipeline.tasks import GET_OBJECT, LAMBDA, PROCESSING_JOB, TRAINING_JOB, TUNING_JOB, State, task

START = "LoadModelPlan"
JOBS = ("TuneModel", "TrainModel", "EvaluateModel")
NO_FINDINGS = {"rules": []}


def states(config: AppConfig) -> dict[str, State]:
    """Ends at QualityGate."""
    return {**_load(), **_channels(), **_tuning(config), **_training(config), **_findings()}


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
                "findings": NO_FINDINGS,
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
            next_state="EmitFindings",
            on_error="EmitFindingsOfFailure",
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


def _findings() -> dict[str, State]:
    """What the rules found in the training, whether it succeeded or not. A model does not fail by its metrics."""
    return {
        **_emit(
            "EmitFindings",
            lambdas.EMIT_FINDINGS,
            comment="Send what the rules found on as metrics that an alarm watches",
            next_state="EvaluateModel",
            on_error="FindingsUnknown",
        ),
        "FindingsUnknown": {
            "Type": "Pass",
            "Comment": "They are in the reports all the same",
            "Parameters": {
                "rules.$": "States.Array(States.Format('unknown: EmitFindings ended with {}', $.findings_error.Error))"
            },
            "ResultPath": "$.findings",
            "Next": "EvaluateModel",
        },
        **_emit(
            "EmitFindingsOfFailure",
            lambdas.EMIT_FINDINGS_OF_FAILURE,
            comment="The same after a training that failed, perhaps by what they name",
            next_state=recovery.failed("TrainModel"),
            on_error=recovery.failed("TrainModel"),
        ),
    }


def _emit(name: str, function: Function, *, comment: str, next_state: str, on_error: str) -> dict[str, State]:
    return {
        name: task(
            LAMBDA,
            function.parameters,
            comment=comment,
            timeout=function.state_timeout_seconds,
            next_state=next_state,
            on_error=on_error,
            selector=function.selector,
            result="$.findings",
            error="$.findings_error",
        )
    }
