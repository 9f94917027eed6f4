"""Custom resources: the stack waits for the answer, from wherever it is sent, and follows it."""

import json

import pytest

from .test_storage_and_access import TRUST

# Answers as the event's properties say, and writes down every event.
SOURCE = """
import json, time, urllib.request, boto3

def answer(event, status, **fields):
    body = {"Status": status, "StackId": event["StackId"], "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"], **fields}
    url, data = event["ResponseURL"], json.dumps(body).encode()
    urllib.request.urlopen(urllib.request.Request(url, data, {"content-type": ""}, method="PUT"))

def handler(event, context):
    properties = event["ResourceProperties"]
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/last/" + properties["Name"], Type="String", Value=json.dumps(event), Overwrite=True)
    mode = properties["Mode"]
    if mode == "raise" and event["RequestType"] == "Create":
        raise RuntimeError("could not make it")
    if mode == "silent" and event["RequestType"] == "Create":
        return
    if mode == "fail" and event["RequestType"] == "Create":
        return answer(event, "FAILED", Reason="no room", PhysicalResourceId="half-made")
    answer(event, "SUCCESS", PhysicalResourceId=properties["Id"], Data={"Echo": "got " + properties["Number"]})
"""


def custom(mode, name, number=1, identity="thing", **properties):
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"ZipFile": SOURCE},
                "Handler": "index.handler",
                "Runtime": "python3.12",
                "Timeout": 30,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
        "NoRetry": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0},
        },
        "Thing": {
            "Type": "Custom::Thing",
            "DependsOn": "NoRetry",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                "Mode": mode,
                "Name": name,
                "Number": number,
                "Flag": True,
                "Id": identity,
                **properties,
            },
        },
    }


OUTPUTS = {"Echo": {"Value": {"Fn::GetAtt": ["Thing", "Echo"]}}}


def last_event(client, name):
    return json.loads(client("ssm").get_parameter(Name=f"/last/{name}")["Parameter"]["Value"])


def test_create_update_replace_and_delete(stacks, client):
    described = stacks.create("custom", custom("answer", "custom"), Outputs=OUTPUTS)
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert described["Outputs"][0]["OutputValue"] == "got 1"
    assert stacks.physical("custom", "Thing") == "thing"
    event = last_event(client, "custom")
    assert (event["RequestType"], event["ResourceType"]) == ("Create", "Custom::Thing")
    assert event["ResourceProperties"]["Flag"] == "true"

    stacks.update("custom", custom("answer", "custom", number=2), Outputs=OUTPUTS)
    event = last_event(client, "custom")
    assert (event["RequestType"], event["PhysicalResourceId"]) == ("Update", "thing")
    assert event["OldResourceProperties"]["Number"] == "1"
    assert stacks.describe("custom")["Outputs"][0]["OutputValue"] == "got 2"

    stacks.update("custom", custom("answer", "custom", number=2, identity="other"), Outputs=OUTPUTS)
    assert stacks.physical("custom", "Thing") == "other"
    event = last_event(client, "custom")
    assert (event["RequestType"], event["PhysicalResourceId"]) == ("Delete", "thing")

    assert stacks.delete("custom") == "DELETE_COMPLETE"
    assert last_event(client, "custom")["PhysicalResourceId"] == "other"


def test_a_failed_answer_rolls_back_and_deletes_what_was_partly_created(stacks, client):
    assert stacks.create("failed", custom("fail", "failed"))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("no room" in reason for reason in stacks.reasons("failed", "Thing"))
    event = last_event(client, "failed")
    assert (event["RequestType"], event["PhysicalResourceId"]) == ("Delete", "half-made")


def test_a_function_that_raises_fails_the_stack_with_its_error(stacks):
    assert stacks.create("raised", custom("raise", "raised"))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("RuntimeError: could not make it" in reason for reason in stacks.reasons("raised", "Thing"))


def test_a_missing_answer_fails_the_stack_at_the_timeout(stacks):
    described = stacks.create("silent", custom("silent", "silent", ServiceTimeout=1))
    assert described["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("did not receive a response" in reason for reason in stacks.reasons("silent", "Thing"))


def test_another_process_may_answer_after_the_function_has_returned(stacks, client):
    import threading
    import time
    import urllib.request

    def answer():
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                event = last_event(client, "later")
                break
            except client("ssm").exceptions.ParameterNotFound:
                time.sleep(0.05)
        body = json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "built", "Data": {"Echo": "a digest"}})
        urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body.encode(), method="PUT"))

    build = threading.Thread(target=answer)
    build.start()
    described = stacks.create("later", custom("silent", "later", ServiceTimeout=30), Outputs=OUTPUTS)
    build.join()
    assert described["StackStatus"] == "CREATE_COMPLETE"
    assert described["Outputs"][0]["OutputValue"] == "a digest"


def test_other_service_tokens_are_refused(stacks):
    thing = {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:sns:us-east-1:123456789012:topic"}}
    stacks.create("topic-token", {"Thing": thing})
    assert "Lambda function as ServiceToken only" in stacks.reasons("topic-token", "Thing")[0]


@pytest.mark.parametrize("name", ["Environment", "Timeout"])
def test_function_settings_removed_from_the_template_are_reset(stacks, client, name):
    resources = custom("answer", "settings")
    del resources["Thing"]
    resources["Function"]["Properties"] |= {"Environment": {"Variables": {"NAME": "b"}}, "Timeout": 30}
    stack = f"settings-{name.lower()}"
    stacks.create(stack, resources)
    del resources["Function"]["Properties"][name]
    assert stacks.update(stack, resources)["StackStatus"] == "UPDATE_COMPLETE"
    configuration = client("lambda").get_function_configuration(FunctionName=stacks.physical(stack, "Function"))
    assert configuration["Timeout"] == (3 if name == "Timeout" else 30)
    assert configuration.get("Environment", {}).get("Variables", {}) == ({} if name == "Environment" else {"NAME": "b"})


def test_a_javascript_function_fails_the_stack_and_names_its_runtime(stacks):
    resources = custom("answer", "javascript")
    resources["Function"]["Properties"] |= {"Runtime": "nodejs22.x", "Code": {"ZipFile": "exports.handler = () => 1"}}
    assert stacks.create("javascript", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = " ".join(stacks.reasons("javascript", "Thing"))
    assert "the local cloud does not emulate the Lambda runtime nodejs22.x" in reasons
