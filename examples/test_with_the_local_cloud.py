"""A test of code that uses AWS, against the local cloud: no account, no Docker, nothing mocked.

python -m pytest examples/test_with_the_local_cloud.py
"""

from __future__ import annotations

import json
import time

import boto3

from localcloud.lifecycle import LocalCloud

pytest_plugins = ["localcloud.pytest_plugin"]

MACHINE = {
    "StartAt": "Double",
    "States": {
        "Double": {"Type": "Pass", "Parameters": {"twice.$": "States.MathAdd($.number, $.number)"}, "End": True},
    },
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_a_state_machine_really_runs(local_cloud: LocalCloud) -> None:
    role = boto3.client("iam").create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
        "Arn"
    ]
    steps = boto3.client("stepfunctions")
    machine = steps.create_state_machine(name="double", definition=json.dumps(MACHINE), roleArn=role)
    execution = steps.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"number": 21}')
    while (found := steps.describe_execution(executionArn=execution["executionArn"]))["status"] == "RUNNING":
        time.sleep(0.05)
    assert json.loads(found["output"]) == {"twice": 42}
