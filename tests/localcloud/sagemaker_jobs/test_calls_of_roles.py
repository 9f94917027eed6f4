"""Calls that jobs, functions and state machines make with their roles, compared with the roles' policies."""

import io
import json
import zipfile

import pytest

from localcloud.iam_audit import calls, denied_calls

from .job_helpers import BUCKET, wait, wait_until

SERVICES = [f"{name}.amazonaws.com" for name in ("lambda", "sagemaker", "states")]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def role(client):
    """(name, statements) -> the ARN of a role that has them."""

    def make(name, *statements):
        iam = client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
        return arn

    return make


def allow(*actions, resource="*"):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def test_permissions_that_a_jobs_role_lacks_are_listed(client, sagemaker, shell_request, role):
    arn = role(
        "reads-only",
        allow("logs:*", "cloudwatch:PutMetricData"),
        allow("s3:GetObject", resource=f"arn:aws:s3:::{BUCKET}/*"),
    )
    sagemaker.create_training_job(**shell_request("role-of-job", "true", RoleArn=arn))
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="role-of-job"), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Completed"  # policies are not enforced, only compared
    denied = {(call.action, call.resource) for call in denied_calls(client) if call.role == arn}
    assert denied == {
        ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/out/role-of-job/output/model.tar.gz"),
    }
    [read] = [call for call in calls(client) if call.role == arn and call.action == "s3:GetObject"]
    assert read.resource == f"arn:aws:s3:::{BUCKET}/code/role-of-job/0123abcd.gz"


def test_a_state_machine_and_its_function_act_with_their_own_roles(client, role):
    function_role = role("of-function", allow("logs:*"))
    machine_role = role("of-machine", allow("sns:Publish"))
    source = (
        "import boto3\ndef handler(event, context):\n    return boto3.client('s3').list_buckets()['Buckets'][0]['Name']"
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("main.py", source)
    client("lambda").create_function(
        FunctionName="lists",
        Role=function_role,
        Handler="main.handler",
        Runtime="python3.12",
        Timeout=30,
        Code={"ZipFile": code.getvalue()},
    )
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "lists"}}
    states = client("stepfunctions")
    machine = states.create_state_machine(
        name="invokes",
        roleArn=machine_role,
        definition=json.dumps({"StartAt": "Invoke", "States": {"Invoke": {**task, "End": True}}}),
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    ended = wait_until(
        lambda: states.describe_execution(executionArn=execution), lambda answer: answer["status"] != "RUNNING"
    )
    assert ended["status"] == "SUCCEEDED", ended
    denied = {(call.role, call.action) for call in denied_calls(client)}
    assert (function_role, "s3:ListAllMyBuckets") in denied
    assert (machine_role, "lambda:InvokeFunction") in denied
    assert not any(call.role is None for call in calls(client))
