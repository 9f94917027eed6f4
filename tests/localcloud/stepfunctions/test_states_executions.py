"""Executions as records: names, history, lists, stopping."""

import json

import pytest

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
DONE = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}


def test_unnamed_executions_get_unique_names(runner):
    arn = runner.create(DONE)
    started = [runner.states.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2)]
    assert len(set(started)) == 2
    assert all(len(each.rpartition(":")[2]) == 36 for each in started)


def test_a_name_can_be_used_once(runner):
    arn = runner.create(WAIT)
    first = runner.states.start_execution(stateMachineArn=arn, name="run", input='{"a": 1}')
    again = runner.states.start_execution(stateMachineArn=arn, name="run", input='{"a":1}')
    assert again["executionArn"] == first["executionArn"]
    with pytest.raises(runner.states.exceptions.ExecutionAlreadyExists):
        runner.states.start_execution(stateMachineArn=arn, name="run", input='{"a": 2}')
    runner.states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(runner.states.exceptions.ExecutionAlreadyExists):
        runner.states.start_execution(stateMachineArn=arn, name="run", input='{"a": 1}')


def test_refused_starts(runner):
    arn = runner.create(DONE)
    exceptions = runner.states.exceptions
    with pytest.raises(exceptions.InvalidExecutionInput):
        runner.states.start_execution(stateMachineArn=arn, input="{")
    with pytest.raises(exceptions.InvalidName):
        runner.states.start_execution(stateMachineArn=arn, name="no spaces")
    with pytest.raises(exceptions.StateMachineDoesNotExist):
        runner.states.start_execution(stateMachineArn=f"{arn}-other")
    with pytest.raises(exceptions.ExecutionDoesNotExist):
        runner.states.describe_execution(executionArn=f"{arn}:other".replace(":stateMachine:", ":execution:"))


def test_the_history_grows_while_it_runs_and_stop_ends_it(runner):
    execution = runner.start(WAIT)
    runner.until(execution, "WaitStateEntered")
    assert runner.states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    stopped = runner.states.stop_execution(executionArn=execution, error="Enough", cause="by hand")["stopDate"]
    ended = runner.states.describe_execution(executionArn=execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "by hand")
    assert ended["stopDate"] == stopped
    last = runner.events(execution)[-1]
    assert last["type"] == "ExecutionAborted"
    assert last["executionAbortedEventDetails"] == {"error": "Enough", "cause": "by hand"}


def test_history_pages_in_both_directions_and_without_data(runner):
    passes = {f"P{n}": {"Type": "Pass", "Next": f"P{n + 1}"} for n in range(60)}
    execution = runner.start({"StartAt": "P0", "States": {**passes, "P60": {"Type": "Succeed"}}}, {"secret": 1})
    runner.wait(execution)
    first = runner.states.get_execution_history(executionArn=execution)
    assert len(first["events"]) == 100
    events = runner.events(execution)
    assert [event["id"] for event in events] == list(range(1, 125))
    assert all(event["previousEventId"] == event["id"] - 1 for event in events)
    newest = runner.states.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"]
    assert [event["type"] for event in newest] == ["ExecutionSucceeded"]
    bare = runner.states.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
    assert "secret" in json.dumps(events, default=str)
    assert "secret" not in json.dumps(bare, default=str)


def test_lists_are_newest_first_and_filter_by_status(runner):
    arn = runner.create(WAIT)
    started = [runner.states.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(3)]
    runner.states.stop_execution(executionArn=started[0])
    listed = runner.states.list_executions(stateMachineArn=arn)["executions"]
    assert [each["executionArn"] for each in listed] == started[::-1]
    stopped = runner.states.list_executions(stateMachineArn=arn, statusFilter="ABORTED")["executions"]
    assert [(each["executionArn"], "stopDate" in each) for each in stopped] == [(started[0], True)]
    pages = runner.states.get_paginator("list_executions").paginate(
        stateMachineArn=arn, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["executions"]) for page in pages] == [2, 1]
    for each in started[1:]:
        runner.states.stop_execution(executionArn=each)
