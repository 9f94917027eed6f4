"""Every kind of search: the task that runs it, its parameters, and how a polled job ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.validate import ParamValidator
from pydantic import ValidationError

from lambdas.plan_run.plan import Published
from localcloud.stepfunctions.asl.errors import StatesError
from pipeline import state_machine
from tests.pipeline.harness import Runner
from tests.pipeline.services import CREATE_SEARCH, failed_job
from tests.pipeline.test_job_parameters import constraints, shape_of
from tests.pipeline.variants import HYPERBAND, TUNED, variant


def assert_accepted(call: Mapping[str, Any]) -> None:
    report = ParamValidator().validate(call, shape_of(CREATE_SEARCH))
    assert not report.has_errors(), report.generate_report()
    assert not list(constraints(shape_of(CREATE_SEARCH), call))


@pytest.fixture
def hyperband() -> Runner:
    return Runner(variant(tuning=HYPERBAND))


@pytest.fixture
def warm() -> Runner:
    return Runner(variant(tuning={"warm_start": True}))


def test_only_configured_searches_have_states() -> None:
    states = str(state_machine(variant()))
    assert "TuneModelWarm" not in states and "TuneModelHyperband" not in states


@pytest.mark.parametrize("tuning", [{}, {"warm_start": True}, HYPERBAND], ids=["cold", "warm", "Hyperband"])
def test_every_search_carries_the_time_limit_that_its_price_is_made_of(tuning: dict[str, Any]) -> None:
    runner = Runner(variant(tuning=tuning))
    runner.services.published = Published(searches={TUNED: "earlier-search"})
    found = runner.run({"models": [TUNED]})
    calls = [call for state, calls in found.calls.items() if state.startswith("TuneModel") for call in calls]
    made = [call for call in calls if "HyperParameterTuningJobConfig" in call]
    plan = runner.services.plan
    assert plan is not None and len(made) == 1
    limits = made[0]["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits["MaxRuntimeInSeconds"] == plan.models[0].tuning.max_runtime_seconds
    assert_accepted(made[0])


@pytest.mark.parametrize(
    ("state", "noun"),
    [("PrepareDataset", "ProcessingJob"), ("TrainModel", "TrainingJob"), ("EvaluateModel", "ProcessingJob")],
)
def test_a_job_whose_state_timed_out_is_stopped(state: str, noun: str) -> None:
    runner = Runner(variant())
    runner.script[state] = [StatesError("States.Timeout", "")]
    found = runner.run({"models": [TUNED]})
    [failure] = found.failures
    assert (failure["state"], failure["reason"]) == (state, f"{state}: it did not end within its time limit")
    (listed,) = found.calls[f"List{noun}s"]
    (stopped,) = found.calls["TrainModelStop" if state == "TrainModel" else "StopProcessingJob"]
    assert listed["StatusEquals"] == "InProgress"
    assert stopped[f"{noun}Name"] == f"{listed['NameContains']}-left"
    name = found.calls[state][0][f"{noun}Name"]
    assert name.startswith(listed["NameContains"])


def test_a_job_that_cannot_be_stopped_leaves_the_timeout_as_the_reason() -> None:
    runner = Runner(variant())
    runner.script["TrainModel"] = [StatesError("States.Timeout", "")]
    runner.script["TrainModelStop"] = [StatesError("SageMaker.SageMakerException", "AccessDenied")]
    [failure] = runner.run({"models": [TUNED]}).failures
    assert failure["reason"] == "TrainModel: it did not end within its time limit"
    assert "stop it if it still runs" in failure["remedy"]


def test_hyperband_gets_the_models_epochs_a_seed_and_a_time_limit(hyperband: Runner) -> None:
    found = hyperband.run({"models": [TUNED]})
    assert found.outcomes[TUNED]["outcome"] == "published"
    (call,) = found.calls["TuneModelHyperband"]
    assert_accepted(call)
    search = call["HyperParameterTuningJobConfig"]
    assert search["StrategyConfig"] == {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 10}}
    assert search["RandomSeed"] == 1 and search["ResourceLimits"]["MaxRuntimeInSeconds"] > 0
    assert found.calls["TrainModel"][0]["HyperParameters"]["lr"] == "0.02"


def test_hyperband_uses_the_epochs_of_the_run(hyperband: Runner) -> None:
    found = hyperband.run({"models": [TUNED], "hyperparameters": {TUNED: {"epochs": 4}}})
    search = found.calls["TuneModelHyperband"][0]["HyperParameterTuningJobConfig"]
    assert search["StrategyConfig"]["HyperbandStrategyConfig"]["MaxResource"] == 4


def test_a_warm_search_starts_from_the_one_of_the_published_version(warm: Runner) -> None:
    warm.services.published = Published(searches={TUNED: "earlier-search"})
    found = warm.run({"models": [TUNED]})
    (call,) = found.calls["TuneModelWarm"]
    assert_accepted(call)
    assert call["WarmStartConfig"] == {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "earlier-search"}],
        "WarmStartType": "TransferLearning",
    }
    assert "TuneModel" not in found.calls


def test_a_warm_search_without_a_published_version_starts_cold_with_a_note(warm: Runner) -> None:
    found = warm.run({"models": [TUNED]})
    assert len(found.calls["TuneModel"]) == 1 and "TuneModelWarm" not in found.calls
    assert any("starts cold" in note for note in found.output["notes"])


def test_the_hyperparameters_of_the_training_are_saved() -> None:
    found = Runner(variant()).run({"models": [TUNED, "dog-breed-classifier-mobile"]})
    saved = {call["Key"]: call["Body"] for call in found.calls["SaveHyperparameters"]}
    tuned = saved[f"runs/20261120-first/{TUNED}/hyperparameters.json"]
    assert tuned["best_trial"] == "trial-003" and tuned["values"]["lr"] == "0.02"
    assert tuned["tuning_job"] == found.calls["TuneModel"][0]["HyperParameterTuningJobName"]
    plain = saved["runs/20261120-first/dog-breed-classifier-mobile/hyperparameters.json"]
    assert plain["tuning_job"] == "" and plain["values"]["lr"] == "0.01"


def test_trials_are_spot_jobs_with_their_own_checkpoints() -> None:
    found = Runner(variant()).run({"models": [TUNED]})
    trial = found.calls["TuneModel"][0]["TrainingJobDefinition"]
    (final,) = found.calls["TrainModel"]
    for job in (trial, final):
        assert job["EnableManagedSpotTraining"] is True
        assert job["StoppingCondition"]["MaxWaitTimeInSeconds"] >= job["StoppingCondition"]["MaxRuntimeInSeconds"]
    assert trial["CheckpointConfig"]["S3Uri"] != final["CheckpointConfig"]["S3Uri"]
    assert trial["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints/trials"


def test_the_final_training_uses_all_instances_and_each_trial_one() -> None:
    found = Runner(variant(training={"instance_count": 2})).run({"models": [TUNED], "instances": 3})
    assert found.calls["TuneModel"][0]["TrainingJobDefinition"]["ResourceConfig"]["InstanceCount"] == 1
    (final,) = found.calls["TrainModel"]
    assert final["ResourceConfig"]["InstanceCount"] == 3
    assert final["HyperParameters"]["sagemaker_torch_distributed_enabled"] == "true"
    assert final["EnableInterContainerTrafficEncryption"] is True


@pytest.mark.parametrize(
    ("instance_type", "distributed"), [("ml.g5.xlarge", False), ("ml.g5.12xlarge", True), ("ml.m5.4xlarge", False)]
)
def test_one_instance_with_several_gpus_is_distributed(instance_type: str, distributed: bool) -> None:
    compute = {"instance_type": instance_type, "fallback_instance_types": ()}
    found = Runner(variant(training=compute)).run({"models": ["cat-dog-classifier"]})
    values = found.calls["TrainModel"][0]["HyperParameters"]
    assert ("sagemaker_torch_distributed_enabled" in values) is distributed


class Jobs:
    """The descriptions of a polled job, in order; the last one is repeated."""

    def __init__(self, *statuses: str, **values: Any) -> None:
        self.answers = [
            {"HyperParameterTuningJobName": "job", "HyperParameterTuningJobStatus": status, **values}
            for status in statuses
        ]


def test_a_failed_polled_job_is_diagnosed_like_any_other(hyperband: Runner) -> None:
    hyperband.script["TuneModelDescribe"] = Jobs(
        "InProgress", "Failed", FailureReason="AlgorithmError: ValueError: no, exit code: 1"
    ).answers
    found = hyperband.run({"models": [TUNED]})
    (failure,) = found.failures
    assert failure["reason"] == "TuneModel: ValueError: no"
    assert "job job" in failure["remedy"]


def test_a_polled_job_that_never_ends_is_stopped() -> None:
    hyperband = Runner(variant(tuning={**HYPERBAND, "max_runtime_seconds": 600}))
    hyperband.script["TuneModelDescribe"] = Jobs("InProgress").answers
    found = hyperband.run({"models": [TUNED]})
    assert found.failures[0]["state"] == "TuneModel"
    assert len(found.calls["TuneModelStop"]) == 1
    assert sum(found.waits) >= 600


def test_a_polled_job_without_capacity_falls_back(hyperband: Runner) -> None:
    ended = Jobs("Failed", FailureReason="CapacityError: Unable to provision requested ML compute capacity").answers
    hyperband.script["TuneModelDescribe"] = [*ended, None]
    found = hyperband.run({"models": [TUNED]})
    types = [
        call["TrainingJobDefinition"]["ResourceConfig"]["InstanceType"] for call in found.calls["TuneModelHyperband"]
    ]
    assert types == ["ml.g5.xlarge", "ml.g4dn.xlarge"]


def test_a_failed_warm_search_is_retried_as_a_warm_search(warm: Runner) -> None:
    warm.services.published = Published(searches={TUNED: "earlier-search"})
    warm.script["TuneModelWarm"] = [failed_job("TuneModelWarm", FailureReason="InternalServerError"), None]
    found = warm.run({"models": [TUNED]})
    assert found.error is None and len(found.calls["TuneModelWarm"]) == 2


def test_the_description_of_a_search_is_not_carried_on(hyperband: Runner) -> None:
    found = hyperband.run({"models": [TUNED]})
    assert found.output_bytes["TuneModelForget"] < 16 * 1024
    assert "described" not in json.dumps(found.output)


@pytest.mark.parametrize(
    ("tuning", "sentence"),
    [
        ({**HYPERBAND, "min_epochs": 10}, r"search.min_epochs \(10\) must be below the epochs of dog-breed-classifier"),
        ({**HYPERBAND, "early_stopping": "Auto"}, "set early_stopping to Off"),
        ({**HYPERBAND, "warm_start": True}, "warm_start is not available with strategy Hyperband"),
        ({"strategy": "Hyperband", "search_space": {"epochs": {"kind": "integer", "low": 1, "high": 3}}}, "epochs out"),
    ],
)
def test_a_search_that_cannot_work_is_rejected(tuning: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        variant(tuning=tuning)


def test_a_spot_wait_below_the_run_time_is_rejected() -> None:
    with pytest.raises(ValidationError, match=r"spot.max_wait_seconds \(60\) is below training.max_runtime_seconds"):
        variant(spot={"enabled": True, "max_wait_seconds": 60})
