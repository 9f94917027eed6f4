"""What executions leave in CloudWatch: metrics and logs."""

import datetime
import json
import time

import pytest

FAIL = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "No"}}}


def test_executions_are_counted_and_timed(runner):
    arn = runner.create({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
    for _ in range(2):
        runner.wait(runner.states.start_execution(stateMachineArn=arn)["executionArn"])
    now = datetime.datetime.now(datetime.UTC)

    def total(name, statistic="Sum"):
        points = runner.cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States",
            MetricName=name,
            Dimensions=[{"Name": "StateMachineArn", "Value": arn}],
            StartTime=now - datetime.timedelta(minutes=5),
            EndTime=now + datetime.timedelta(minutes=1),
            Period=3600,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(point[statistic] for point in points)

    deadline = time.monotonic() + 30
    while total("ExecutionsSucceeded") < 2:  # counted just after the status changes
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert total("ExecutionsStarted") == 2
    assert total("ExecutionsFailed") == 0
    assert total("ExecutionTime", "SampleCount") == 2


@pytest.mark.parametrize(("level", "types"), [
    ("ALL", ["ExecutionStarted", "PassStateEntered", "PassStateExited", "FailStateEntered", "ExecutionFailed"]),
    ("ERROR", ["ExecutionFailed"]),
])  # fmt: skip
def test_histories_are_logged_as_the_machine_configures(runner, level, types):
    logs = runner.cloud.client("logs")
    group = f"/aws/vendedlogs/states/{level}"
    logs.create_log_group(logGroupName=group)
    destination = {
        "cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"}
    }
    logging = {"level": level, "includeExecutionData": False, "destinations": [destination]}
    arn = runner.create(FAIL, loggingConfiguration=logging)
    execution = runner.states.start_execution(stateMachineArn=arn, input='{"secret": 1}')["executionArn"]
    runner.wait(execution)
    deadline = time.monotonic() + 30
    while len(events := logs.filter_log_events(logGroupName=group)["events"]) < len(types):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    lines = [json.loads(event["message"]) for event in events]
    assert [line["type"] for line in lines] == types
    assert {line["execution_arn"] for line in lines} == {execution}
    assert "secret" not in json.dumps(lines)
    assert lines[-1]["details"] == {"error": "No", "cause": ""}
