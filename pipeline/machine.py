"""The whole state machine: plan, prepare, train and publish each model, notify, end."""

from __future__ import annotations

from typing import Any

from config.app import AppConfig
from pipeline import allowed_fields, fleet_refresh, functions, model_flow, processing_jobs, recovery, stop_on_timeout
from pipeline.job_fields import PENDING_SECONDS
from pipeline.placeholders import Placeholder
from pipeline.tasks import PROCESSING_JOB, PUBLISH, State, task

MERGE = "MergeManifest"


def preparations(config: AppConfig) -> tuple[str, ...]:
    """The names of the job states that prepare a run's data set."""
    return ("PrepareDataset", MERGE) if config.preparation.instance_count > 1 else ("PrepareDataset",)


def state_machine(config: AppConfig) -> dict[str, Any]:
    """The definition in Amazon States Language (JSONPath), with `${Placeholders}` for deploy-time values.

    Raises ValueError if an optimized task has a field that is not in `allowed_fields`.
    """
    prepare = preparations(config)
    fleet = fleet_refresh.states(config, next_state="SummarizeRun", on_failure="SummarizeFailure")
    tasks = ("PlanRun", *prepare, "TrainModels", *([fleet_refresh.TASK] if fleet else []))
    definition = {
        "Comment": "Check images; tune, train, evaluate and publish classifiers; then notify",
        "QueryLanguage": "JSONPath",
        "TimeoutSeconds": config.pipeline.execution_timeout_seconds,
        "StartAt": "ReadInput",
        "States": {
            **_plan(config),
            **_prepare(config),
            **_train(config, next_state=fleet_refresh.START if fleet else "SummarizeRun"),
            **fleet,
            **_summaries(),
            **_ending(config),
            **recovery.states(
                "Run", tasks, resume=prepare, give_up=fleet_refresh.GIVE_UP if fleet else "SummarizeFailure"
            ),
        },
    }
    allowed_fields.check(definition)
    return definition


def _plan(config: AppConfig) -> dict[str, State]:
    plan = "$.Payload"
    return {
        "ReadInput": {
            "Type": "Pass",
            "Comment": "Whatever the input is, later states find it at one place",
            "Parameters": {"input.$": "$", "recovery": recovery.initial({}, {})},
            "Next": "PlanRun",
        },
        "PlanRun": functions.PLAN_RUN.task(
            comment="Validate the input, fill defaults, name the jobs, check quotas, price the worst case",
            next_state="ChoosePreparation",
            on_error=recovery.failed("PlanRun"),
            selector={
                "plan.$": plan,
                "recovery": recovery.initial(
                    dict.fromkeys(preparations(config), f"{plan}.preparation.instance_type"),
                    dict.fromkeys(preparations(config), f"{plan}.preparation.fallback_instance_types"),
                ),
            },
            result="$",
        ),
        "ChoosePreparation": {
            "Type": "Choice",
            "Comment": "Versions that are staged, or come from another environment, need no data",
            "Choices": [
                {"Variable": "$.plan.publish_staged", "BooleanEquals": True, "Next": "NothingToPrepare"},
                {"Variable": "$.plan.promote", "BooleanEquals": True, "Next": "NothingToPrepare"},
            ],
            "Default": "PrepareDataset",
        },
        "NothingToPrepare": {
            "Type": "Pass",
            "Comment": "Later states find no data set",
            "Result": {"message": {"manifest_id": "", "train_input_mode": ""}},
            "ResultPath": "$.prepared",
            "Next": "TrainModels",
        },
    }


def _prepare(config: AppConfig) -> dict[str, State]:
    """One job, or one job on several instances and one that merges their scans."""
    merging = MERGE in preparations(config)
    first = _preparation(
        config,
        "PrepareDataset",
        processing_jobs.prepare_dataset(config),
        comment="Check every image, set bad ones aside, find duplicates and leaks, split, pack",
        next_state=MERGE if merging else "TrainModels",
        has_exit_message=not merging,
    )
    if not merging:
        return first
    return first | _preparation(
        config,
        MERGE,
        processing_jobs.merge_manifest(config),
        comment="Decide about what the instances saw, split, pack",
        next_state="TrainModels",
        has_exit_message=True,
    )


def _preparation(
    config: AppConfig, name: str, parameters: State, *, comment: str, next_state: str, has_exit_message: bool
) -> dict[str, State]:
    """`has_exit_message`: the job writes an exit message, which the state keeps."""
    return {
        name: task(
            PROCESSING_JOB,
            parameters,
            comment=comment,
            timeout=config.preparation.max_runtime_seconds + PENDING_SECONDS,
            next_state=next_state,
            on_error=recovery.failed(name),
            on_timeout=stop_on_timeout.entry(name),
            selector={"message.$": "States.StringToJson($.ExitMessage)"} if has_exit_message else None,
            result="$.prepared" if has_exit_message else None,
        ),
        **stop_on_timeout.states(name, "ProcessingJob", base="$.plan.base", on_error=recovery.failed(name)),
    }


def _train(config: AppConfig, *, next_state: str) -> dict[str, State]:
    return {
        "TrainModels": {
            "Type": "Map",
            "Comment": "Every model by itself: a technical failure of one lets the others finish",
            "ItemsPath": "$.plan.models",
            "ItemSelector": model_flow.item(),
            "MaxConcurrencyPath": "$.plan.max_concurrency",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **model_flow.flow(config)},
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": recovery.failed("TrainModels")}],
            "ResultPath": "$.outcomes",
            "Next": next_state,
        }
    }


def _summaries() -> dict[str, State]:
    return {
        "SummarizeRun": {
            "Type": "Pass",
            "Comment": "The execution's output: one outcome a model",
            "Parameters": {
                "execution.$": "$$.Execution.Name",
                "dataset.$": "$.plan.dataset",
                "manifest_id.$": "$.prepared.message.manifest_id",
                "failed.$": "States.ArrayContains($.outcomes[*].outcome, 'failed')",
                "failures.$": "$.outcomes[?(@.outcome == 'failed')]",
                "outcomes.$": "$.outcomes",
                "notes.$": "$.plan.notes",
            },
            "Next": "Notify",
        },
        "SummarizeFailure": {
            "Type": "Pass",
            "Comment": "The run ended before its models did",
            "Parameters": {
                "execution.$": "$$.Execution.Name",
                "dataset": "",
                "manifest_id": "",
                "failed": True,
                "failures": [
                    {
                        "model": "",
                        "outcome": "failed",
                        "state.$": "$.failed.state",
                        "reason.$": "$.recovery.reason",
                        "remedy.$": "$.recovery.remedy",
                    }
                ],
                "outcomes": [],
                "notes": [],
            },
            "Next": "Notify",
        },
    }


def _ending(config: AppConfig) -> dict[str, State]:
    return {
        "Notify": task(
            PUBLISH,
            {
                "TopicArn": config.topic or str(Placeholder.TOPIC_ARN),
                "Subject": f"{config.state_machine_name}: a run ended",
                "Message.$": "States.JsonToString($)",
            },
            comment="One message a run, whatever its end",
            timeout=60,
            next_state="ChooseEnding",
            on_error="ChooseEnding",
            error="$.notification_error",
        ),
        "ChooseEnding": {
            "Type": "Choice",
            "Comment": "A rejected model is an outcome; a technical failure fails the run",
            "Choices": [{"Variable": "$.failed", "BooleanEquals": True, "Next": "PipelineFailed"}],
            "Default": "PipelineSucceeded",
        },
        "PipelineFailed": {
            "Type": "Fail",
            "Error": "PipelineFailed",
            "CausePath": "States.JsonToString($.failures)",
        },
        "PipelineSucceeded": {"Type": "Succeed"},
    }
