"""The first half of a model's flow: plan, channels, hyperparameter search, final training, evaluation."""

from __future__ import annotations

from config.app import AppConfig
from pipeline import functions, model_tuning, polled_jobs, processing_jobs, recovery, stop_on_timeout, training_jobs
from pipeline.job_fields import PENDING_SECONDS
from pipeline.placeholders import Placeholder
from pipeline.polled_jobs import Creation, PolledJob
from pipeline.tasks import GET_OBJECT, PROCESSING_JOB, PUT_OBJECT, TRAINING_JOB, State, task

START = "LoadModelPlan"
CHAMPION = "FindChampion"
SAVE = "SaveHyperparameters"
NO_FINDINGS: State = {"rules": []}


JOBS = (model_tuning.SEARCH, "TrainModel", "EvaluateModel")
"""The states that may be entered again after a failure, perhaps with another instance type."""


def states(config: AppConfig) -> dict[str, State]:
    """Ends at QualityGate."""
    return {
        **_load(),
        **_channels(),
        **model_tuning.states(config, next_state=SAVE),
        **_save(),
        **_train(config),
        **_findings(),
        **_find_champion(),
        **_evaluate(config),
    }


def _load() -> dict[str, State]:
    """The map's input is a reference to the plan: the plans of forty models would not fit into one state."""
    plan = "$.loaded.plan"
    sizes = {name: f"{plan}.evaluation" if name == "EvaluateModel" else f"{plan}.training" for name in JOBS}
    return {
        "LoadModelPlan": task(
            GET_OBJECT,
            {"Bucket": str(Placeholder.ARTIFACTS_BUCKET), "Key.$": "$.model.plan_key"},
            comment="This model's part of the plan",
            timeout=60,
            next_state="ChooseBeginning",
            on_error=recovery.failed("LoadModelPlan"),
            selector={"plan.$": "States.StringToJson($.Body)"},
            result="$.loaded",
        ),
        "BeginModel": {
            "Type": "Pass",
            "Comment": "The model's state at its start",
            "Parameters": {
                "model.$": plan,
                "hyperparameters": {"values.$": f"{plan}.hyperparameters", "best_trial": "", "tuning_job": ""},
                "run.$": "$.run",
                "source": {},
                "findings": NO_FINDINGS,
                "recovery": recovery.initial(
                    {name: f"{size}.instance_type" for name, size in sizes.items()},
                    {name: f"{size}.fallback_instance_types" for name, size in sizes.items()},
                ),
            },
            "Next": "ChooseTraining",
        },
        "ChooseTraining": {
            "Type": "Choice",
            "Comment": "A model that was trained elsewhere goes straight to its evaluation",
            "Choices": [{"Variable": "$.model.trained", "IsNull": False, "Next": "UseTrainedModel"}],
            "Default": "ChooseChannels",
        },
        "UseTrainedModel": {
            "Type": "Pass",
            "Comment": "Its artifact in place of a training's",
            "InputPath": "$.model.trained",
            "ResultPath": "$.training",
            "Next": CHAMPION,
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
        "Parameters": {"list": training_jobs.channels(pretrained=pretrained)},
        "ResultPath": "$.channels",
        "Next": "ChooseTuning",
    }


def _save() -> dict[str, State]:
    return {
        SAVE: task(
            PUT_OBJECT,
            {
                "Bucket": str(Placeholder.ARTIFACTS_BUCKET),
                "Key.$": "$.model.hyperparameters_key",
                "Body.$": "$.hyperparameters",
                "ContentType": "application/json",
            },
            comment="What is trained with, for people and for the next run",
            timeout=60,
            next_state="TrainModel",
            on_error=recovery.failed(SAVE),
        )
    }


def _train(config: AppConfig) -> dict[str, State]:
    parameters, comment = training_jobs.train_model(config), "The final training: weights, metrics, findings, profile"
    selector = {
        "job.$": "$.TrainingJobName",
        "artifact.$": "$.ModelArtifacts.S3ModelArtifacts",
        # The second archive of a training job is stored next to the first, under the job's name.
        "records.$": "States.Format('{}{}/output/output.tar.gz', $.OutputDataConfig.S3OutputPath, $.TrainingJobName)",
    }
    limit, next_state, on_error = training_jobs.training_seconds(config), "EmitFindings", "EmitFindingsOfFailure"
    if config.pipeline.sagemaker_debugger == "profiler":
        job = PolledJob("TrainingJob", {"TrainModel": Creation(parameters, comment)}, limit)
        return {
            **polled_jobs.states("TrainModel", job, next_state="TrainModelCompleted", on_error=on_error),
            "TrainModelCompleted": {
                "Type": "Pass",
                "Comment": "What the optimized integration would have given",
                "Parameters": {
                    key: value.replace("$.", f"{polled_jobs.DESCRIBED}.") for key, value in selector.items()
                },
                "ResultPath": "$.training",
                "Next": "TrainModelForget",
            },
            "TrainModelForget": polled_jobs.forget(next_state),
        }
    return {
        "TrainModel": task(
            TRAINING_JOB,
            parameters,
            comment=comment,
            timeout=limit,
            next_state=next_state,
            on_error=on_error,
            on_timeout=stop_on_timeout.entry("TrainModel"),
            selector=selector,
            result="$.training",
        ),
        **stop_on_timeout.states("TrainModel", "TrainingJob", base="$.model.base", on_error=on_error),
    }


def _find_champion() -> dict[str, State]:
    """After the training, because another run may publish while it takes hours."""
    return {
        CHAMPION: functions.FIND_CHAMPION.task(
            comment="The version that is published now: what the candidate is compared with",
            next_state="EvaluateModel",
            on_error=recovery.failed(CHAMPION),
            result="$.champion",
        )
    }


def _evaluate(config: AppConfig) -> dict[str, State]:
    return {
        "EvaluateModel": task(
            PROCESSING_JOB,
            processing_jobs.evaluate_model(config),
            comment="Score the served graph, and the published model, on the locked test split; write the archive",
            timeout=config.evaluation.max_runtime_seconds + PENDING_SECONDS,
            next_state="QualityGate",
            on_error=recovery.failed("EvaluateModel"),
            on_timeout=stop_on_timeout.entry("EvaluateModel"),
            selector={"message.$": "States.StringToJson($.ExitMessage)"},
            result="$.evaluation",
        ),
        **stop_on_timeout.states(
            "EvaluateModel", "ProcessingJob", base="$.model.base", on_error=recovery.failed("EvaluateModel")
        ),
    }


def _findings() -> dict[str, State]:
    """The findings of the rules, whether the training succeeded or not. Findings do not fail a model."""
    return {
        "EmitFindings": functions.EMIT_FINDINGS.task(
            comment="Send what the rules found on as metrics that an alarm watches",
            next_state=CHAMPION,
            on_error="FindingsUnknown",
            result="$.findings",
            error="$.findings_error",
        ),
        "FindingsUnknown": {
            "Type": "Pass",
            "Comment": "They are in the reports all the same",
            "Parameters": {
                "rules.$": "States.Array(States.Format('unknown: EmitFindings ended with {}', $.findings_error.Error))"
            },
            "ResultPath": "$.findings",
            "Next": CHAMPION,
        },
        "EmitFindingsOfFailure": functions.EMIT_FINDINGS_OF_FAILURE.task(
            comment="The same after a training that failed, perhaps by what they name",
            next_state=recovery.failed("TrainModel"),
            on_error=recovery.failed("TrainModel"),
            result="$.findings",
            error="$.findings_error",
        ),
    }
