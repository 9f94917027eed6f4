"""A model's hyperparameter search: which kind of tuning job, and what happens with its best trial.

Every search is a polled job: nobody has shown that the optimized integration takes the time limit of a search, and
without it a search whose state timed out could go on and cost more than its plan says. A warm start and Hyperband need
more fields; their states exist only if a model of the configuration needs them.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.app import AppConfig
from pipeline import polled_jobs, recovery, training_jobs
from pipeline.job_fields import PENDING_SECONDS
from pipeline.polled_jobs import Creation, PolledJob
from pipeline.tasks import State

CHOICE, SEARCH, WARM, HYPERBAND = "ChooseTuning", "TuneModel", "TuneModelWarm", "TuneModelHyperband"
ENTRIES = {SEARCH: CHOICE}
"""A failed search is known as SEARCH, of whatever kind it is, and goes on at CHOICE."""

# The service ends the search at its limit; these states only do where it did not.
_LIMIT = f"States.MathAdd($.model.tuning.max_runtime_seconds, {PENDING_SECONDS})"


def states(config: AppConfig, *, next_state: str) -> dict[str, State]:
    """Starts at CHOICE, ends at `next_state` with the values to train with in `$.hyperparameters`."""
    creations = _creations(config)
    return {
        **_choice(creations, next_state),
        **polled_jobs.states(
            SEARCH,
            PolledJob("HyperParameterTuningJob", creations, _LIMIT),
            next_state="CheckTuning",
            on_error=recovery.failed(SEARCH),
        ),
        **_best(next_state),
    }


def _creations(config: AppConfig) -> dict[str, Creation]:
    """The kinds of search that the models of this configuration can need, by the state that creates them."""
    specs = [model.tuning for model in config.models if model.tuning]
    made = {
        SEARCH: Creation(
            training_jobs.tune_model(config),
            "Trials over the search space; the objective metric is one of the validation split",
        )
    }
    if any(tuning.warm_start for tuning in specs):
        made[WARM] = Creation(
            training_jobs.tune_model_warm(config),
            "The same, going on from the search behind the published version",
        )
    if any(tuning.strategy == "Hyperband" for tuning in specs):
        made[HYPERBAND] = Creation(
            training_jobs.tune_model_hyperband(config),
            "Many short trials, of which the best go on",
        )
    return made


def _choice(creations: Mapping[str, Creation], next_state: str) -> dict[str, State]:
    tuned = {"Variable": "$.model.tune", "BooleanEquals": True}
    conditions = {
        HYPERBAND: {"Variable": "$.model.tuning.strategy", "StringEquals": "Hyperband"},
        WARM: {"Variable": "$.model.tuning.parents[0]", "IsPresent": True},
    }
    special = [
        {"And": [tuned, condition], "Next": state} for state, condition in conditions.items() if state in creations
    ]
    return {
        CHOICE: {
            "Type": "Choice",
            "Comment": "Search for hyperparameters when the run or the model says so",
            "Choices": [*special, {**tuned, "Next": SEARCH}],
            "Default": next_state,
        }
    }


def _best(next_state: str) -> dict[str, State]:
    best = f"{polled_jobs.DESCRIBED}.BestTrainingJob"
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
                "tuning_job.$": f"{polled_jobs.DESCRIBED}.HyperParameterTuningJobName",
            },
            "ResultPath": "$.hyperparameters",
            "Next": "ForgetTuning",
        },
        "ForgetTuning": polled_jobs.forget(next_state),
    }
