"""Every path through the state machine ends as documented and sends one notification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

import config
from lambdas.publish_model.fleet import RolloutFailed
from localcloud.stepfunctions.asl.errors import StatesError
from pipeline.fleet_refresh import POLL_SECONDS
from tests.pipeline.harness import Answer, Outcome, Runner
from tests.pipeline.services import failed_function, failed_job

JOB_STATES = ("TuneModel", "TrainModel", "EvaluateModel")
LAMBDA_STATES = ("FindChampion", "QualityGate", "RegisterModel", "StageArtifact", "SmokeTest", "PublishModel")
FIRST, SECOND = "dog-breed-classifier", "dog-breed-classifier-mobile"

CAPACITY = {"FailureReason": "CapacityError: Unable to provision requested ML compute capacity"}
INTERNAL = {"FailureReason": "InternalServerError: We encountered an internal error. Please try again."}
SCRIPT = {"FailureReason": 'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "ValueError: no"'}


def first_fails(state: str, answer: Callable[[Mapping[str, Any]], StatesError]) -> list[Answer]:
    """The first model's call fails with `answer`; the call of the other model succeeds."""

    def scripted(parameters: Mapping[str, Any]) -> StatesError | None:
        mine = FIRST + "/" in str(parameters) or parameters.get("Payload", {}).get("model") == FIRST
        return answer(parameters) if mine else None

    return [scripted]


def test_a_run_publishes_every_model() -> None:
    found = Runner().run()
    assert found.error is None
    assert {name: item["outcome"] for name, item in found.outcomes.items()} == {FIRST: "published", SECOND: "published"}
    assert found.outcomes[FIRST]["target_model"] == f"{FIRST}/20261120T132415Z-1a2b3c4d/model.tar.gz"
    assert found.output["failed"] is False
    assert len(found.messages) == 1


def test_only_models_with_a_search_are_tuned_and_train_with_the_best_values() -> None:
    found = Runner().run()
    assert len(found.calls["TuneModel"]) == 1
    trained = {call["HyperParameters"]["model-name"]: call["HyperParameters"] for call in found.calls["TrainModel"]}
    assert trained[FIRST]["lr"] == "0.02" and trained[FIRST]["batch-size"] == '"32"'
    assert trained[SECOND]["lr"] == "0.01"
    static = found.calls["TuneModel"][0]["TrainingJobDefinition"]["StaticHyperParameters"]
    assert not {"lr", "batch-size"} & set(static)


def test_without_tuning_a_model_trains_with_the_static_hyperparameters() -> None:
    found = Runner().run({"tune": False, "models": [FIRST], "hyperparameters": {FIRST: {"lr": 0.3}}})
    assert "TuneModel" not in found.calls
    assert found.calls["TrainModel"][0]["HyperParameters"]["lr"] == "0.3"


def test_only_a_pretrained_model_reads_the_weights_channel() -> None:
    assert channels(Runner().run({"models": [FIRST]})) == ["train", "validation", "weights", "code"]
    assert channels(Runner().run({"models": ["cat-dog-classifier"]})) == ["train", "validation", "code"]


def channels(found: Outcome) -> list[str]:
    return [channel["ChannelName"] for channel in found.calls["TrainModel"][0]["InputDataConfig"]]


def test_a_rejected_model_is_an_outcome_and_the_run_succeeds() -> None:
    runner = Runner()
    verdict = {"passed": False, "reason": "accuracy 0.1 is below 0.5", "accuracy": 0.1, "champion_accuracy": 0.9}
    runner.script["QualityGate"] = [{"Payload": verdict}]
    found = runner.run()
    assert found.error is None and found.output["failed"] is False
    assert found.outcomes[FIRST]["outcome"] == "rejected"
    assert found.outcomes[FIRST]["reason"] == "accuracy 0.1 is below 0.5"
    registered = found.calls["RegisterRejected"]
    assert len(registered) == 2, "a rejected model is registered as such"
    assert registered[0]["Payload"]["archive_uri"].startswith("s3://artifacts-bucket/runs/")
    assert not {"StageArtifact", "RegisterModel", "SmokeTest", "PublishModel"} & set(found.calls)


def test_a_candidate_replaces_the_model_that_it_was_compared_with() -> None:
    runner = Runner()
    champion = {"target_model": f"{SECOND}/v1/model.tar.gz", "uri": f"s3://artifacts-bucket/models/{SECOND}/v1/"}
    runner.script["FindChampion"] = [{"Payload": champion}]
    found = runner.run({"models": [SECOND]})
    [evaluation], [published] = found.calls["EvaluateModel"], found.calls["PublishModel"]
    inputs = {item["InputName"]: item["S3Input"]["S3Uri"] for item in evaluation["ProcessingInputs"]}
    assert inputs["champion"] == champion["uri"]
    assert published["Payload"]["compared_with"] == champion["target_model"]


@pytest.mark.parametrize("state", JOB_STATES)
def test_a_failed_script_fails_the_run_after_the_other_models_finished(state: str) -> None:
    runner = Runner()
    runner.script[state] = first_fails(state, failed_job(state, **SCRIPT))
    found = runner.run({"models": [FIRST, SECOND]})
    [failure] = found.failures
    assert (failure["model"], failure["state"], failure["reason"]) == (FIRST, state, f"{state}: ValueError: no")
    assert "log group" in failure["remedy"]
    [message] = found.messages
    assert [item["outcome"] for item in message["outcomes"]] == ["failed", "published"]


@pytest.mark.parametrize("state", LAMBDA_STATES)
def test_a_failed_function_fails_its_model_only(state: str) -> None:
    runner = Runner()
    error = StatesError("SomeError", '{"errorMessage": "it broke", "errorType": "SomeError"}')
    runner.script[state] = [error]
    found = runner.run({"models": [SECOND]})
    assert found.failures[0]["reason"] == f"{state}: it broke"
    assert len(found.calls[state]) == 1, "a function's own error is not retried"
    assert len(found.messages) == 1


@pytest.mark.parametrize("state", JOB_STATES)
@pytest.mark.parametrize("times", [1, 2])
def test_an_internal_error_is_retried(state: str, times: int) -> None:
    runner = Runner()
    runner.script[state] = [failed_job(state, **INTERNAL)] * times + [None]
    found = runner.run({"models": [FIRST]})
    assert found.error is None
    assert len(found.calls[state]) == times + 1
    assert min(found.waits) >= 2, "job names contain the second in which their state was entered"


@pytest.mark.parametrize("state", [*JOB_STATES, "PrepareDataset"])
def test_a_permanent_error_ends_the_run(state: str) -> None:
    runner = Runner()
    runner.script[state] = [failed_job(state, **INTERNAL)]
    found = runner.run({"models": [FIRST]})
    assert found.failures[0]["state"] == state
    assert len(found.calls[state]) == 4, "one attempt and three retries"
    assert len(found.messages) == 1


def test_without_capacity_the_next_instance_type_is_used() -> None:
    runner = Runner()
    runner.script["TrainModel"] = [failed_job("TrainModel", **CAPACITY), None]
    found = runner.run({"models": [SECOND]})
    types = [call["ResourceConfig"]["InstanceType"] for call in found.calls["TrainModel"]]
    assert types == ["ml.g5.xlarge", "ml.g4dn.xlarge"]
    assert found.outcomes[SECOND]["outcome"] == "published"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StatesError("States.Timeout", ""), "time"),
        (StatesError("SageMaker.AmazonSageMakerException", "ValidationException: bad field"), "ValidationException"),
        (StatesError("SageMaker.AmazonSageMakerException", "AccessDeniedException: not authorized"), "AccessDenied"),
    ],
)
def test_an_error_that_a_retry_cannot_fix_is_not_retried(error: StatesError, kind: str) -> None:
    runner = Runner()
    runner.script["TrainModel"] = [error]
    found = runner.run({"models": [SECOND]})
    assert kind in found.failures[0]["reason"] + found.failures[0]["remedy"]
    assert len(found.calls["DiagnoseFailure"]) == 1


def test_throttling_is_retried_under_new_names() -> None:
    runner = Runner()
    throttled = StatesError("SageMaker.AmazonSageMakerException", "ThrottlingException: Rate exceeded")
    runner.script["TrainModel"] = [throttled, throttled, None]
    found = runner.run({"models": [SECOND]})
    assert found.error is None
    names = [call["TrainingJobName"] for call in found.calls["TrainModel"]]
    assert len(set(names)) == 3
    assert "DiagnoseFailure" not in found.calls


def test_a_stopped_job_is_a_failure() -> None:
    runner = Runner()
    stopped = failed_job("TrainModel", TrainingJobStatus="Stopped", SecondaryStatus="Stopped")
    runner.script["TrainModel"] = [stopped]
    found = runner.run({"models": [SECOND]})
    assert "somebody stopped the job" in found.failures[0]["remedy"]


def test_a_search_in_which_every_trial_failed_is_a_failure() -> None:
    runner = Runner()
    ended = {"HyperParameterTuningJobName": "x", "HyperParameterTuningJobStatus": "Completed"}
    runner.script["TuneModelDescribe"] = [ended]
    found = runner.run({"models": [FIRST]})
    assert found.failures[0]["reason"] == "TuneModel: no trial of the tuning job succeeded"


@pytest.mark.parametrize(
    ("value", "words"),
    [({"modles": ["x"]}, "unknown field 'modles'"), ({"models": 1}, "models is 1"), ([], "a list"), ("x", "a string")],
)
def test_an_invalid_input_fails_at_once_and_names_the_field(value: Any, words: str) -> None:
    found = Runner().run(value)
    [failure] = found.failures
    assert failure["state"] == "PlanRun" and words in failure["reason"]
    assert [message["failed"] for message in found.messages] == [True]
    assert "PrepareDataset" not in found.calls


def test_a_data_set_that_cannot_be_prepared_reports_the_reason() -> None:
    runner = Runner()
    runner.script["PrepareDataset"] = [
        failed_job("PrepareDataset", FailureReason="AlgorithmError: exit code: 1", ExitMessage="no good image is left")
    ]
    found = runner.run()
    assert found.failures[0]["reason"] == "PrepareDataset: no good image is left"
    assert "TrainModel" not in found.calls and len(found.messages) == 1


def test_a_failed_diagnosis_names_both_errors() -> None:
    runner = Runner()
    runner.script["TrainModel"] = [failed_job("TrainModel", **SCRIPT)]
    runner.script["DiagnoseFailure"] = [StatesError("Lambda.Unknown", "out of memory")]
    found = runner.run({"models": [SECOND]})
    assert found.failures[0]["reason"] == "TrainModel ended with States.TaskFailed"
    assert "Lambda.Unknown" in found.failures[0]["remedy"]


@pytest.mark.parametrize("failing", [False, True])
def test_a_failed_notification_does_not_change_the_outcome(failing: bool) -> None:
    runner = Runner()
    runner.script["Notify"] = [StatesError("SNS.NotFoundException", "no topic")]
    if failing:
        runner.script["TrainModel"] = [failed_job("TrainModel", **SCRIPT)]
    found = runner.run({"models": [SECOND]})
    assert (found.error is not None) is failing


OVERWROTE = {"Payload": {"refresh": True, "note": "published"}}
ROLLING = {"refresh": True, "rollout": {"config": "c", "replaces": "b", "polls": 1}, "note": "on its way"}


def test_many_overwritten_stable_keys_are_one_rollout_after_the_last_model() -> None:
    runner = Runner()
    runner.script["PublishModel"] = [OVERWROTE]
    runner.script["RefreshFleet"] = [{"Payload": ROLLING}, {"Payload": {**ROLLING, "refresh": False, "note": "new"}}]
    found = runner.run({"models": [FIRST, SECOND]})
    assert found.error is None and len(found.calls["PublishModel"]) == 2
    assert [call["Payload"]["rollout"] for call in found.calls["RefreshFleet"]] == [{}, ROLLING["rollout"]]
    assert found.waits[-1] == POLL_SECONDS["aws"]
    assert {item["outcome"] for item in found.outcomes.values()} == {"published"}


def test_a_fleet_is_replaced_only_where_a_key_was_overwritten() -> None:
    assert "RefreshFleet" not in Runner().run().calls


def test_where_no_stable_key_is_written_there_is_no_state_for_it() -> None:
    states = Runner(config.load("prod")).definition["States"]
    assert states["TrainModels"]["Next"] == "SummarizeRun"
    assert not {"RefreshFleet", "ChooseSummary"} & set(states)


def test_a_rollout_that_fails_says_what_is_published_and_may_be_stale() -> None:
    runner = Runner()
    runner.script["TrainModel"] = first_fails("TrainModel", failed_job("TrainModel", **SCRIPT))
    runner.script["PublishModel"] = [OVERWROTE]
    runner.script["RefreshFleet"] = [failed_function(RolloutFailed("the rollout was rolled back"))]
    found = runner.run({"models": [FIRST, SECOND]})
    model, fleet = found.failures
    assert (model["model"], model["state"]) == (FIRST, "TrainModel")
    assert (fleet["model"], fleet["state"]) == ("", "RefreshFleet")
    assert fleet["reason"] == (
        "RefreshFleet: the rollout was rolled back (published, but an instance may still answer the stable key "
        f'from its cache: ["{SECOND}"])'
    )
    assert "kennel endpoint refresh" in fleet["remedy"]
    [message] = found.messages
    assert [item["outcome"] for item in message["outcomes"]] == ["failed", "published"]


def test_throttling_of_a_rollout_is_retried() -> None:
    runner = Runner()
    runner.script["PublishModel"] = [OVERWROTE]
    runner.script["RefreshFleet"] = [StatesError("Lambda.TooManyRequestsException", "Rate Exceeded."), None]
    found = runner.run({"models": [SECOND]})
    assert found.error is None and len(found.calls["RefreshFleet"]) == 2


def test_a_plan_that_cannot_be_read_fails_that_model_only() -> None:
    runner = Runner()
    runner.script["LoadModelPlan"] = [StatesError("S3.NoSuchKeyException", "gone")]
    found = runner.run({"models": [SECOND]})
    assert found.failures[0]["state"] == "LoadModelPlan"
    assert found.failures[0]["model"] == SECOND


def test_the_outcomes_of_good_and_failed_trainings_have_findings_and_reports() -> None:
    runner = Runner()
    runner.script["TrainModel"] = first_fails("TrainModel", failed_job("TrainModel", **SCRIPT))
    found = runner.run({"models": [FIRST, SECOND]})
    failed, published = found.messages[0]["outcomes"]
    assert failed["findings"] == ["exploding-gradient"]
    assert published["findings"] == ["overfitting"]
    assert published["reports_uri"].endswith(f"/{SECOND}/reports/")
    (call,) = found.calls["EmitFindingsOfFailure"]
    assert "TrainingJobName" in call["Payload"]["error"]["Cause"]


def test_findings_that_cannot_be_sent_do_not_fail_the_model() -> None:
    runner = Runner()
    runner.script["EmitFindings"] = [StatesError("Lambda.Unknown", "no")]
    found = runner.run({"models": [SECOND]})
    assert found.outcomes[SECOND]["outcome"] == "published"
    assert found.outcomes[SECOND]["findings"] == ["unknown: EmitFindings ended with Lambda.Unknown"]


def test_a_published_version_is_registered_with_the_key_that_does_not_expire() -> None:
    found = Runner().run({"models": [SECOND]})
    (call,) = found.calls["RegisterModel"]
    assert call["Payload"]["archive_uri"] == "s3://artifacts-bucket/models/" + found.outcomes[SECOND]["target_model"]
