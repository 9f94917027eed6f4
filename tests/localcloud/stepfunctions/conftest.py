"""A running cloud, and helpers that run state machines in it."""

import itertools
import json
import time

import pytest

from localcloud import ImageCommand, LocalCloud

ROLE = "arn:aws:iam::123456789012:role/states"


class Runner:
    """Creates state machines and waits for their executions."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.states = cloud.client("stepfunctions")
        self._numbers = itertools.count()

    def create(self, definition, **options):
        name = f"machine-{next(self._numbers)}"
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return self.states.create_state_machine(name=name, definition=text, roleArn=ROLE, **options)["stateMachineArn"]

    def start(self, definition, value=None):
        arn = self.create(definition)
        return self.states.start_execution(stateMachineArn=arn, input=json.dumps(value or {}))["executionArn"]

    def wait(self, execution, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.states.describe_execution(executionArn=execution)
            if answer["status"] != "RUNNING":
                return answer
            time.sleep(0.01)
        raise AssertionError(f"{execution} still runs after {seconds} s")

    def run(self, definition, value=None):
        """The description of the ended execution."""
        return self.wait(self.start(definition, value))

    def output(self, definition, value=None):
        """The output of an execution, which must succeed."""
        ended = self.run(definition, value)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def events(self, execution):
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def event_types(self, execution):
        return [event["type"] for event in self.events(execution)]

    def until(self, execution, event_type, seconds=30):
        """Wait for an event to appear in the history of a running execution."""
        deadline = time.monotonic() + seconds
        while event_type not in (types := self.event_types(execution)):
            assert time.monotonic() < deadline, types
            time.sleep(0.01)


@pytest.fixture(scope="package")
def runner():
    with LocalCloud(images=[ImageCommand("job:*", "processing")]) as cloud:
        yield Runner(cloud.cloud)


@pytest.fixture
def one():
    """A machine of one state."""

    def machine(**state):
        ends = {} if state["Type"] in ("Fail", "Succeed", "Choice") else {"End": True}
        return {"StartAt": "A", "States": {"A": {**ends, **state}}}

    return machine
