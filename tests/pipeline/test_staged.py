"""No alias without a smoke test: a version that cannot be tested is staged, and published by a run of its own."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.common.errors import NotReady, StaleComparison
from lambdas.smoke_test.comparison import SmokeTestFailed
from localcloud.stepfunctions.asl.errors import StatesError
from tests.pipeline.harness import Outcome, Runner
from tests.pipeline.services import VERSION, failed_function

FIRST, SECOND = "dog-breed-classifier", "dog-breed-classifier-mobile"
OFF = {"Payload": {"on": False, "tested": 0, "note": "the endpoint is switched off: `kennel endpoint on`"}}
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/group/1"


def staged(*models: str) -> tuple[Runner, Outcome]:
    """A run with the endpoint off. Its runner finds the endpoint on from then on."""
    runner = Runner()
    runner.script["SmokeTest"] = [*[OFF] * len(models), None]
    return runner, runner.run({"models": list(models)})


def test_with_the_endpoint_off_a_run_ends_staged_and_writes_no_alias() -> None:
    _, found = staged(FIRST)
    assert found.error is None and found.output["failed"] is False
    outcome = found.outcomes[FIRST]
    assert outcome["outcome"] == "staged" and outcome["notes"] == [OFF["Payload"]["note"]]
    assert outcome["target_model"] == f"{FIRST}/{VERSION}/model.tar.gz"
    assert found.messages[0]["outcomes"] == [outcome]
    assert not {"PublishModel", "ApproveModel", "RejectModel", "RefreshFleet"} & set(found.calls)
    (call,) = found.calls["RecordStaged"]
    assert call["Payload"]["staged"] == {
        "name": FIRST,
        "target_model": f"{FIRST}/{VERSION}/model.tar.gz",
        "compared_with": "",
        "package_arn": PACKAGE,
        "execution": "20261120-first",
        "run_uri": f"s3://artifacts-bucket/runs/20261120-first/{FIRST}/",
        "reason": "good",
        "accuracy": 0.91,
    }


def test_what_is_staged_is_tested_published_and_approved_without_any_job() -> None:
    runner, _ = staged(FIRST, SECOND)
    before = {state: len(calls) for state, calls in runner._calls.items()}
    found = runner.run({"publish_staged": True}, execution="later")
    assert found.error is None
    assert {name: item["outcome"] for name, item in found.outcomes.items()} == {FIRST: "published", SECOND: "published"}
    assert found.outcomes[FIRST]["reports_uri"].endswith(f"/runs/20261120-first/{FIRST}/reports/")
    ran = {state for state, calls in runner._calls.items() if len(calls) > before.get(state, 0)}
    assert ran == {"PlanRun", "LoadModelPlan", "SmokeTest", "PublishModel", "ApproveModel", "Notify"}
    published = {call["Payload"]["name"]: call["Payload"] for call in found.calls["PublishModel"]}
    assert published[FIRST]["target_model"] == f"{FIRST}/{VERSION}/model.tar.gz"
    assert (published[FIRST]["compared_with"], published[FIRST]["tested"]) == ("", 8)
    assert {call["Payload"]["package_arn"] for call in found.calls["ApproveModel"]} == {PACKAGE}


def test_the_version_that_a_newer_one_replaces_is_rejected() -> None:
    runner, first = staged(FIRST)
    assert "RejectReplaced" not in first.calls
    newer = {"Payload": {"package_arn": PACKAGE.replace("/1", "/2")}}
    runner.script["RegisterModel"], runner.script["SmokeTest"] = [newer], [OFF]
    found = runner.run({"models": [FIRST]}, execution="later")
    assert found.outcomes[FIRST]["outcome"] == "staged"
    (rejected,) = found.calls["RejectReplaced"]
    assert rejected["Payload"] == {
        "package_arn": PACKAGE,
        "approved": False,
        "if_pending": True,
        "reason": f"not tested: {FIRST}/{VERSION}/model.tar.gz was staged in its place",
    }


def test_a_replaced_version_that_cannot_be_rejected_stops_nothing() -> None:
    runner, _ = staged(FIRST)
    runner.script["SmokeTest"] = [OFF]
    runner.script["RejectReplaced"] = [StatesError("AccessDeniedException", "no")]
    found = runner.run({"models": [FIRST]}, execution="later")
    assert found.error is None and found.outcomes[FIRST]["outcome"] == "staged"


def test_an_endpoint_that_goes_off_again_leaves_the_version_staged_as_it_was() -> None:
    runner, _ = staged(FIRST)
    runner.script["SmokeTest"] = [OFF]
    found = runner.run({"publish_staged": True})
    assert found.error is None and found.outcomes[FIRST]["outcome"] == "staged"
    assert len(found.calls["RecordStaged"]) == 1, "a newer version may have taken its place"
    assert "PublishModel" not in found.calls


def test_a_staged_version_whose_comparison_is_old_is_rejected_and_the_others_are_published() -> None:
    runner, _ = staged(FIRST, SECOND)
    stale = failed_function(StaleComparison(f"{FIRST} is at v9 now, and this version was compared with nothing"))
    runner.script["PublishModel"] = [lambda call: stale if call["Payload"]["name"] == FIRST else None]
    found = runner.run({"publish_staged": True})
    (failure,) = found.failures
    assert failure["model"] == FIRST and f"{FIRST} is at v9 now" in failure["reason"]
    assert "--trained-by EXECUTION" in failure["remedy"]
    (rejected,) = found.calls["RejectModel"]
    assert (rejected["Payload"]["approved"], rejected["Payload"]["reason"]) == (False, failure["reason"])
    assert [item["outcome"] for item in found.messages[-1]["outcomes"]] == ["failed", "published"]


def test_a_version_that_fails_its_smoke_test_is_rejected_and_never_approved() -> None:
    runner = Runner()
    runner.script["SmokeTest"] = [failed_function(SmokeTestFailed("0.jpg: a probability differs by 0.3"))]
    found = runner.run({"models": [FIRST]})
    assert found.failures[0]["state"] == "SmokeTest"
    (rejected,) = found.calls["RejectModel"]
    assert rejected["Payload"] == {
        "package_arn": PACKAGE, "approved": False, "reason": "SmokeTest: 0.jpg: a probability differs by 0.3",
    }  # fmt: skip
    assert not {"ApproveModel", "PublishModel", "RecordStaged"} & set(found.calls)


@pytest.mark.parametrize("state", ["SmokeTest", "PublishModel", "RecordStaged"])
def test_a_fault_that_is_not_the_versions_own_decides_nothing_about_it(state: str) -> None:
    runner = Runner()
    if state == "RecordStaged":
        runner.script["SmokeTest"] = [OFF]
    runner.script[state] = [failed_function(NotReady("the endpoint is Failed"))]
    found = runner.run({"models": [FIRST]})
    assert found.failures[0]["state"] == state
    assert not {"ApproveModel", "RejectModel"} & set(found.calls)


def test_a_model_that_failed_before_it_was_registered_has_no_package_to_reject() -> None:
    runner = Runner()
    runner.script["StageArtifact"] = [StatesError("Refused", "no")]
    assert "RejectModel" not in runner.run({"models": [FIRST]}).calls


def test_an_approval_that_fails_is_said_and_the_model_is_published() -> None:
    runner = Runner()
    runner.script["ApproveModel"] = [StatesError("AccessDeniedException", "no")]
    found = runner.run({"models": [FIRST]})
    assert found.outcomes[FIRST]["outcome"] == "published"
    assert found.outcomes[FIRST]["notes"][-1] == (
        "published, but its model package is not approved: ApproveModel ended with AccessDeniedException"
    )


def test_nothing_reaches_publish_model_but_a_passed_smoke_test() -> None:
    states: dict[str, Any] = Runner().definition["States"]["TrainModels"]["ItemProcessor"]["States"]
    before = {name for name, state in states.items() if "PublishModel" in successors(state)}
    assert before == {"ChooseServing"}
    assert {name for name, state in states.items() if "ChooseServing" in successors(state)} == {"SmokeTest"}
    (choice,) = [item for item in states["ChooseServing"]["Choices"] if item["Next"] == "PublishModel"]
    assert choice == {"Variable": "$.smoke_test.on", "BooleanEquals": True, "Next": "PublishModel"}
    assert states["ChooseServing"]["Default"] != "PublishModel"


def successors(state: dict[str, Any]) -> set[str]:
    """The states that may follow a state."""
    ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {way["Next"] for way in ways if "Next" in way} | {state.get("Default", "")}
