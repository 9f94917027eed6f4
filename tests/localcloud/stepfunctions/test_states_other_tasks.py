"""Messages, nested executions, task tokens and aws-sdk calls."""

import json

import pytest

from localcloud.stepfunctions.integrations.api_call import ErrorNames


def test_messages_may_be_objects(runner, one):
    sns, sqs = runner.cloud.client("sns"), runner.cloud.client("sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    publish = {"TopicArn": topic, "Message": {"n.$": "$.n"}}
    send = {"QueueUrl": queue, "MessageBody": {"m.$": "$.n"}}
    runner.output(one(Type="Task", Resource="arn:aws:states:::sns:publish", Parameters=publish), {"n": 1})
    output = runner.output(one(Type="Task", Resource="arn:aws:states:::sqs:sendMessage", Parameters=send), {"n": 2})
    assert "MessageId" in output
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(each["Body"]) for each in messages] == [{"n": 1}, {"m": 2}]


@pytest.mark.parametrize(("pattern", "expected"), [("sync", '{"x":1}'), ("sync:2", {"x": 1})])
def test_nested_execution(runner, one, pattern, expected):
    inner = runner.create(one(Type="Pass"))
    resource = f"arn:aws:states:::states:startExecution.{pattern}"
    state = one(Type="Task", Resource=resource, Parameters={"StateMachineArn": inner, "Input": {"x": 1}})
    assert runner.output(state)["Output"] == expected


def test_a_nested_execution_that_fails_and_one_that_is_stopped(runner, one):
    failing = runner.create(one(Type="Fail", Error="Inner"))
    resource = "arn:aws:states:::states:startExecution.sync"
    failed = runner.run(one(Type="Task", Resource=resource, Parameters={"StateMachineArn": failing}))
    assert (failed["error"], json.loads(failed["cause"])["Error"]) == ("States.TaskFailed", "Inner")
    waiting = runner.create(one(Type="Wait", Seconds=60))
    outer = runner.start(one(Type="Task", Resource=resource, Parameters={"StateMachineArn": waiting}))
    runner.until(outer, "TaskSubmitted")
    runner.states.stop_execution(executionArn=outer)
    inner = runner.states.list_executions(stateMachineArn=waiting)["executions"]
    assert [each["status"] for each in inner] == ["ABORTED"]


def test_aws_sdk_tasks_use_pascal_case_and_the_sdks_error_names(runner, one):
    prefix = "arn:aws:states:::aws-sdk"
    create = one(Type="Task", Resource=f"{prefix}:cloudwatchlogs:createLogGroup", Parameters={"LogGroupName": "g"})
    assert runner.output(create) == {}
    assert runner.run(create)["error"] == "CloudWatchLogs.ResourceAlreadyExistsException"
    bucket = {"Bucket": "sdk-bucket"}
    runner.output(one(Type="Task", Resource=f"{prefix}:s3:createBucket", Parameters=bucket))
    get = one(Type="Task", Resource=f"{prefix}:s3:getObject", Parameters={**bucket, "Key": "none"})
    failed = runner.run(get)
    assert failed["error"] == "S3.NoSuchKeyException"
    assert "(Service: S3, Status Code: 404, Request ID: " in failed["cause"]
    described = one(Type="Task", Resource=f"{prefix}:sagemaker:describeEndpoint", Parameters={"EndpointName": "none"})
    assert runner.run(described)["error"] == "SageMaker.SageMakerException"
    unknown = runner.run(one(Type="Task", Resource=f"{prefix}:s3:getObject", Parameters={**bucket, "key": "none"}))
    assert 'The field "key" is not supported by Step Functions' in unknown["cause"]


@pytest.mark.parametrize(
    ("service_id", "prefix"),
    [
        ("S3", "S3"),
        ("DynamoDB", "DynamoDb"),
        ("SFN", "Sfn"),
        ("SNS", "Sns"),
        ("CloudWatch Logs", "CloudWatchLogs"),
        ("SageMaker Runtime", "SageMakerRuntime"),
        ("EC2", "Ec2"),
        ("Lambda", "Lambda"),
    ],
)
def test_error_prefixes_of_sdk_services(service_id, prefix):
    assert ErrorNames.of_sdk(service_id).prefix == prefix


def waiting_for_token(one, queue, **state):
    parameters = {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}}
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    return one(Type="Task", Resource=resource, Parameters=parameters, **state)


def received_token(runner, queue):
    message = runner.cloud.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    return json.loads(message["Body"])["token"]


def test_task_token_answers(runner, one):
    queue = runner.cloud.client("sqs").create_queue(QueueName="tokens")["QueueUrl"]
    good, bad = (runner.start(waiting_for_token(one, queue)) for _ in range(2))
    tokens = [received_token(runner, queue) for _ in range(2)]
    runner.states.send_task_heartbeat(taskToken=tokens[0])
    runner.states.send_task_success(taskToken=tokens[0], output='{"approved": true}')
    runner.states.send_task_failure(taskToken=tokens[1], error="Rejected", cause="too small")
    ended = sorted((runner.wait(each) for each in (good, bad)), key=lambda each: each["status"])
    assert [each["status"] for each in ended] == ["FAILED", "SUCCEEDED"]
    assert (ended[0]["error"], ended[0]["cause"]) == ("Rejected", "too small")
    assert json.loads(ended[1]["output"]) == {"approved": True}
    with pytest.raises(runner.states.exceptions.TaskTimedOut):
        runner.states.send_task_success(taskToken=tokens[0], output="{}")
    with pytest.raises(runner.states.exceptions.InvalidToken):
        runner.states.send_task_success(taskToken="nothing", output="{}")


def test_a_task_without_heartbeats_times_out(runner, one):
    queue = runner.cloud.client("sqs").create_queue(QueueName="silent")["QueueUrl"]
    execution = runner.start(waiting_for_token(one, queue, HeartbeatSeconds=1, TimeoutSeconds=30))
    assert runner.wait(execution)["error"] == "States.HeartbeatTimeout"
    assert "TaskTimedOut" in runner.event_types(execution)
