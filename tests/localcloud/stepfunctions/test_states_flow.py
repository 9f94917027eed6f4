"""How states follow each other: data, errors, branches, time."""

import datetime
import json
import re
import time

import pytest

from localcloud.stepfunctions.asl.history import History

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
FAIL = {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}


def flow(**states):
    return {"StartAt": next(iter(states)), "States": states}


def caught(**catch):
    return [{"ErrorEquals": ["States.ALL"], "Next": "Caught", **catch}]


def test_input_parameters_result_and_output_paths(runner, one):
    state = {"InputPath": "$.in", "Parameters": {"y.$": "$.x"}, "ResultPath": "$.deep.result", "OutputPath": "$.deep"}
    assert runner.output(one(Type="Pass", **state), {"in": {"x": 1}}) == {"result": {"y": 1}}
    assert runner.output(one(Type="Pass", Result=[1], ResultPath=None), {"kept": 1}) == {"kept": 1}
    assert runner.output(one(Type="Pass", InputPath=None)) == {}
    assert runner.output(one(Type="Succeed", OutputPath="$.a[0].b"), {"a": [{"b": 3}]}) == 3


def test_context_object(runner, one):
    wanted = {"Id.$": "$$.Execution.Id", "Name.$": "$$.Execution.Name", "Start.$": "$$.Execution.StartTime",
              "Input.$": "$$.Execution.Input.x", "Entered.$": "$$.State.EnteredTime", "State.$": "$$.State.Name",
              "Retries.$": "$$.State.RetryCount", "Machine.$": "$$.StateMachine.Name"}  # fmt: skip
    execution = runner.start(one(Type="Pass", Parameters=wanted), {"x": 5})
    seen = json.loads(runner.wait(execution)["output"])
    assert seen["Id"] == execution
    assert execution.endswith(f":{seen['Machine']}:{seen['Name']}")
    assert ISO.fullmatch(seen["Start"]) and ISO.fullmatch(seen["Entered"])
    assert (seen["Input"], seen["State"], seen["Retries"]) == (5, "A", 0)


def test_choice_takes_the_first_rule_or_the_default(runner):
    rule = {"And": [{"Variable": "$.n", "NumericGreaterThan": 1}, {"Not": {"Variable": "$.n", "NumericEquals": 3}}]}
    machine = flow(
        Ask={"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        Yes={"Type": "Pass", "Result": "yes", "End": True},
        No={"Type": "Pass", "Result": "no", "End": True},
    )
    assert [runner.output(machine, {"n": n}) for n in (1, 2, 3)] == ["no", "yes", "no"]
    del machine["States"]["Ask"]["Default"], machine["States"]["No"]
    assert runner.run(machine, {"n": 1})["error"] == "States.NoChoiceMatched"


def test_fail_takes_error_and_cause_from_paths(runner, one):
    failed = runner.run(one(Type="Fail", ErrorPath="$.e", CausePath="States.Format('{}!', $.c)"), {"e": "E", "c": "C"})
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "E", "C!")
    assert "output" not in failed


def test_wait_by_seconds_path_and_timestamp(runner, one):
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=0.3)
    begun = time.monotonic()
    runner.output(one(Type="Wait", TimestampPath="$.t"), {"t": soon.isoformat().replace("+00:00", "Z")})
    assert time.monotonic() - begun > 0.2
    runner.output(one(Type="Wait", SecondsPath="$.s"), {"s": 0})
    assert "Expected a timestamp" in runner.run(one(Type="Wait", TimestampPath="$.t"), {"t": "soon"})["cause"]


def test_parallel_gathers_outputs_and_its_branches_see_the_same_input(runner, one):
    branches = [flow(B={"Type": "Pass", "End": True}), flow(C={"Type": "Pass", "Result": 2, "End": True})]
    state = {"Parameters": {"x.$": "$.x"}, "Branches": branches, "ResultSelector": {"first.$": "$[0].x"}}
    assert runner.output(one(Type="Parallel", **state), {"x": 1, "y": 2}) == {"first": 1}


def test_a_failing_branch_ends_the_others_and_can_be_caught(runner):
    slow = flow(Slow={"Type": "Wait", "Seconds": 30, "End": True})
    machine = flow(
        Both={"Type": "Parallel", "Branches": [slow, flow(Bad=FAIL)], "End": True, "Catch": caught(ResultPath="$.e")},
        Caught={"Type": "Pass", "End": True},
    )
    begun = time.monotonic()
    assert runner.output(machine, {"x": 1}) == {"x": 1, "e": {"Error": "Broken", "Cause": "on purpose"}}
    assert time.monotonic() - begun < 25  # the other branch would have waited 30 s


def test_map_selects_items_and_shows_them_inside(runner, one):
    processor = flow(P={"Type": "Pass", "Parameters": {
        "in.$": "$", "index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value"}, "End": True})  # fmt: skip
    selector = {"all.$": "$.factor", "item.$": "$$.Map.Item.Value.n", "at.$": "$$.Map.Item.Index"}
    state = {"ItemsPath": "$.items", "ItemSelector": selector, "ItemProcessor": processor, "ResultPath": "$.done"}
    output = runner.output(one(Type="Map", **state), {"items": [{"n": 7}, {"n": 8}], "factor": 2})
    assert output["done"] == [
        {"in": {"all": 2, "item": 7, "at": 0}, "index": 0, "value": {"n": 7}},
        {"in": {"all": 2, "item": 8, "at": 1}, "index": 1, "value": {"n": 8}},
    ]


def steps_of_iterations(runner, one, seconds, **limit):
    """Whether iterations of a Map, each of which waits, started (S) or ended (E), in order."""
    wait = flow(W={"Type": "Wait", "SecondsPath": "$", "End": True})
    machine = one(Type="Map", ItemsPath="$.items", ItemProcessor=wait, **limit)
    execution = runner.start(machine, {"items": [seconds] * 3, "most": 3})
    runner.wait(execution)
    letters = {"MapIterationStarted": "S", "MapIterationSucceeded": "E"}
    return "".join(letters.get(each, "") for each in runner.event_types(execution))


def test_map_keeps_to_its_concurrency(runner, one):
    assert steps_of_iterations(runner, one, 0.05, MaxConcurrency=1) == "SESESE"
    assert steps_of_iterations(runner, one, 1, MaxConcurrencyPath="$.most") == "SSSEEE"
    assert steps_of_iterations(runner, one, 1) == "SSSEEE"


def test_map_over_an_empty_array_and_over_something_else(runner, one):
    state = {"ItemsPath": "$.items", "ItemProcessor": flow(P={"Type": "Pass", "End": True})}
    assert runner.output(one(Type="Map", **state), {"items": []}) == []
    failed = runner.run(one(Type="Map", **state), {"items": 3})
    assert (failed["error"], "must point to array" in failed["cause"]) == ("States.Runtime", True)


def test_a_failing_iteration_fails_the_map(runner, one):
    execution = runner.start(one(Type="Map", ItemsPath="$.items", ItemProcessor=flow(Bad=FAIL)), {"items": [1]})
    failed = runner.wait(execution)
    assert (failed["error"], failed["cause"]) == ("Broken", "on purpose")
    assert runner.event_types(execution)[3:] == [
        "MapIterationStarted",
        "FailStateEntered",
        "MapIterationFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_retry_counts_attempts_and_shows_them(runner):
    machine = flow(
        Again={
            "Type": "Parallel",
            "Parameters": {"n.$": "$$.State.RetryCount"},
            "Branches": [flow(Bad={"Type": "Fail", "ErrorPath": "States.Format('Try{}', $.n)"})],
            "Retry": [{"ErrorEquals": ["Try0", "Try1"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 5}],
            "Catch": caught(),
            "End": True,
        },
        Caught={"Type": "Pass", "End": True},
    )
    begun = time.monotonic()
    assert runner.output(machine)["Error"] == "Try2"
    assert time.monotonic() - begun >= 2


def test_runtime_errors_are_never_caught_and_name_the_state(runner):
    machine = flow(
        A={
            "Type": "Map",
            "ItemsPath": "$.no",
            "ItemProcessor": flow(P={"Type": "Succeed"}),
            "Catch": caught(),
            "End": True,
        },
        Caught={"Type": "Pass", "End": True},
    )
    failed = runner.run(machine)
    assert failed["error"] == "States.Runtime"
    assert failed["cause"].startswith(
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONPath '$.no' specified "
        "for the field 'ItemsPath' could not be found in the input '{}'"
    )


def test_more_than_256_kilobytes_between_states(runner, one):
    half = "x" * (130 * 1024)
    failed = runner.run(one(Type="Pass", Parameters={"a.$": "$.x", "b.$": "$.x"}), {"x": half})
    assert failed["error"] == "States.DataLimitExceeded"
    with pytest.raises(runner.states.exceptions.ClientError, match="ValidationException"):
        runner.start(one(Type="Succeed"), {"x": half * 2})


def test_what_an_item_selector_makes_may_not_be_larger_either(runner, one):
    half = "x" * (130 * 1024)
    two_halves = {"a.$": "$.x", "b.$": "$.x"}
    end = {"StartAt": "End", "States": {"End": {"Type": "Pass", "Result": 1, "End": True}}}
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": two_halves, "ItemProcessor": end}
    failed = runner.run(one(**state, ResultPath=None), {"x": half, "items": [1]})
    assert failed["error"] == "States.DataLimitExceeded"


LOOP = {"W": {"Type": "Wait", "Seconds": 0, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.no", "IsPresent": True, "Next": "E"}], "Default": "W"},
        "E": {"Type": "Succeed"}}  # fmt: skip


def test_a_history_ends_with_its_25000th_event(runner):
    execution = runner.start({"StartAt": "W", "States": LOOP})
    failed = runner.wait(execution)
    assert failed["error"] == "States.Runtime"
    assert failed["cause"] == "The execution reached the maximum number of history events (25000)."
    types = runner.event_types(execution)
    assert len(types) == 25_000 and types[-1] == "ExecutionFailed"


def test_nothing_catches_a_full_history_and_all_iterations_count(runner, monkeypatch):
    monkeypatch.setattr(History.__init__, "__defaults__", (200,))
    loops = {"StartAt": "W", "States": LOOP}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {
        "M": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": loops, "Catch": catch, "End": True},
        "Caught": {"Type": "Succeed"},
    }
    execution = runner.start({"StartAt": "M", "States": states}, {"items": [1, 2, 3]})
    failed = runner.wait(execution)
    assert (failed["status"], failed["error"]) == ("FAILED", "States.Runtime")
    assert failed["cause"] == "The execution reached the maximum number of history events (200)."
    assert len(runner.event_types(execution)) == 200


def test_the_time_limit_of_an_execution(runner):
    execution = runner.start({**flow(W={"Type": "Wait", "Seconds": 60, "End": True}), "TimeoutSeconds": 1})
    ended = runner.wait(execution)
    assert (ended["status"], ended["error"]) == ("TIMED_OUT", "States.Timeout")
    assert ended["stopDate"] > ended["startDate"]
    assert runner.event_types(execution)[-1] == "ExecutionTimedOut"
