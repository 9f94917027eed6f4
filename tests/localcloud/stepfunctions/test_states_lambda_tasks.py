"""Tasks that invoke functions."""

import io
import json
import zipfile

import pytest

INVOKE = "arn:aws:states:::lambda:invoke"
CODE = """
class TooSmall(Exception):
    pass

def handler(event, context):
    if event.get("n") == 0:
        raise TooSmall("n must be positive")
    return {"twice": event.get("n", 1) * 2}
"""


@pytest.fixture(scope="module")
def function(runner):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("code.py", CODE)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = runner.cloud.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return runner.cloud.client("lambda").create_function(
        FunctionName="double",
        Runtime="python3.11",
        Role=role,
        Handler="code.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]


def test_lambda_invoke_returns_the_payload_inside_the_response(runner, one, function):
    parameters = {"FunctionName": function, "Payload": {"n.$": "$.n"}}
    output = runner.output(one(Type="Task", Resource=INVOKE, Parameters=parameters), {"n": 4})
    assert (output["Payload"], output["StatusCode"]) == ({"twice": 8}, 200)


def test_an_error_of_a_function_has_the_name_of_its_type(runner, one, function):
    parameters = {"FunctionName": "double", "Payload.$": "$"}
    catch = [{"ErrorEquals": ["TooSmall"], "ResultPath": "$.error", "Next": "Caught"}]
    machine = one(Type="Task", Resource=INVOKE, Parameters=parameters, Catch=catch)
    machine["States"]["Caught"] = {"Type": "Pass", "End": True}
    output = runner.output(machine, {"n": 0})
    assert output["error"]["Error"] == "TooSmall"
    cause = json.loads(output["error"]["Cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("TooSmall", "n must be positive")


def test_a_function_as_the_resource(runner, one, function):
    execution = runner.start(one(Type="Task", Resource=function), {"n": 2})
    assert json.loads(runner.wait(execution)["output"]) == {"twice": 4}
    assert runner.event_types(execution)[2:5] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]


def test_a_function_that_does_not_exist(runner, one):
    parameters = {"FunctionName": "nobody", "Payload": {}}
    failed = runner.run(one(Type="Task", Resource=INVOKE, Parameters=parameters))
    assert failed["error"] == "Lambda.ResourceNotFoundException"
