"""A model's hyperparameter search: which kind of tuning job, and what happens with its best trial.

The optimized integration runs most searches. A warm start needs one more field, and a Hyperband search is a polled
job; their states exist only if a model of the configuration needs them.
"""

from __future__ import annotations

from config.app import AppConfig
from pipeline import polled_jobs, recovery, training_jobs
from pipeline.job_fields import Parameters
from pipeline.polled_jobs import PolledJob
from pipeline.tasks import TUNING_JOB, State, task

SEARCH, WARM, HYPERBAND = "TuneModel", "TuneModelWarm", "TuneModelHyperband"


def searches(config: AppConfig) -> tuple[str, ...]:
    """The names of the job states of this configuration's searches."""
    specs = [model.tuning for model in config.models if model.tuning]
    warm = (WARM,) if any(tuning.warm_start for tuning in specs) else ()
    hyperband = (HYPERBAND,) if any(tuning.strategy == "Hyperband" for tuning in specs) else ()
    return (SEARCH, *warm, *hyperband)


def states(config: AppConfig, *, next_state: str) -> dict[str, State]:
    """Starts at ChooseTuning, ends at `next_state` with the values to train with in `$.hyperparameters`."""
    made = _choice(config, next_state)
    made |= _search(
        SEARCH,
        training_jobs.tune_model(config, SEARCH),
        comment="Trials over the search space; the objective metric is one of the validation split",
    )
    if WARM in searches(config):
        made |= _search(
            WARM,
            training_jobs.tune_model_warm(config, WARM),
            comment="The same, going on from the search behind the published version",
        )
    if HYPERBAND in searches(config):
        made |= _hyperband(config)
    return {**made, **_best(next_state)}


def _choice(config: AppConfig, next_state: str) -> dict[str, State]:
    tuned = {"Variable": "$.model.tune", "BooleanEquals": True}
    conditions = {
        HYPERBAND: {"Variable": "$.model.tuning.strategy", "StringEquals": "Hyperband"},
        WARM: {"Variable": "$.model.tuning.parents[0]", "IsPresent": True},
    }
    special = [
        {"And": [tuned, condition], "Next": state}
        for state, condition in conditions.items()
        if state in searches(config)
    ]
    return {
        "ChooseTuning": {
            "Type": "Choice",
            "Comment": "Search for hyperparameters when the run or the model says so",
            "Choices": [*special, {**tuned, "Next": SEARCH}],
            "Default": next_state,
        }
    }


def _search(state: str, parameters: Parameters, *, comment: str) -> dict[str, State]:
    """A tuning job by the optimized integration."""
    return {
        state: task(
            TUNING_JOB,
            parameters,
            comment=comment,
            timeout="$.model.tuning.max_runtime_seconds",
            next_state="CheckTuning",
            on_error=recovery.failed(state),
            result="$.tuning",
        )
    }


def _hyperband(config: AppConfig) -> dict[str, State]:
    longest = max(model.tuning.max_runtime_seconds for model in config.models if model.tuning)
    job = PolledJob(
        "HyperParameterTuningJob",
        training_jobs.tune_model_hyperband(config, HYPERBAND),
        comment="Many short trials, of which the best go on",
        limit_seconds=longest,
    )
    return polled_jobs.states(
        HYPERBAND,
        job,
        selector=None,
        result="$.tuning",
        next_state="CheckTuning",
        on_error=recovery.failed(HYPERBAND),
    )


def _best(next_state: str) -> dict[str, State]:
    best = "$.tuning.BestTrainingJob"
    return {
        "CheckTuning": {
            "Type": "Choice",
            "Comment": "A search of which no trial succeeded ends Completed, without a best job",
            "Choices": [
                {"Variable": f"{best}.TunedHyperParameters", "IsPresent": True, "Next": "UseBestHyperparameters"}
            ],
            "Default": "NoTrialSucceeded",
        },
        "NoTrialSucceeded": {
            "Type": "Pass",
            "Result": {"Error": "Kennel.NoTrialSucceeded", "Cause": "no trial of the tuning job succeeded"},
            "ResultPath": "$.error",
            "Next": recovery.failed(SEARCH),
        },
        "UseBestHyperparameters": {
            "Type": "Pass",
            "Comment": "The best trial's values over the static ones",
            "Parameters": {
                "values.$": f"States.JsonMerge($.hyperparameters.values, {best}.TunedHyperParameters, false)",
                "best_trial.$": f"{best}.TrainingJobName",
                "tuning_job.$": "$.tuning.HyperParameterTuningJobName",
            },
            "ResultPath": "$.hyperparameters",
            "Next": "ForgetTuning",
        },
        "ForgetTuning": {
            "Type": "Pass",
            "Comment": "States stay small: the search's description is not carried on",
            "Result": {},
            "ResultPath": "$.tuning",
            "Next": next_state,
        },
    }
