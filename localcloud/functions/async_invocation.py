"""Asynchronous invocations: retries, destinations, and listeners for events that failed for the last time."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, TypedDict

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.functions.records import FunctionRecord
from localcloud.functions.runner import FunctionRunner, InvocationResult

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0  # Lambda waits one minute, then two

FailureListener = Callable[[dict[str, Any], str], None]  # the event, which may be any JSON object, and the reason


class Destination(TypedDict, total=False):
    """Where the outcome of an event goes: the ARN of a topic, queue or function."""

    Destination: str


class DestinationConfig(TypedDict, total=False):
    OnSuccess: Destination
    OnFailure: Destination


class EventInvokeConfig(TypedDict, total=False):
    """The fields of GetFunctionEventInvokeConfig's answer that are read here."""

    MaximumRetryAttempts: int
    DestinationConfig: DestinationConfig


class AsyncInvocations:
    """Runs events in the background, each on a thread of its own."""

    def __init__(self, cloud: Cloud, runner: FunctionRunner) -> None:
        self._cloud = cloud
        self._runner = runner
        self._listeners: list[FailureListener] = []
        self._stopping = threading.Event()
        cloud.on_stop(self._stopping.set)

    def on_failure(self, listener: FailureListener) -> None:
        """Call `listener(event, message)` when an event has failed for the last time."""
        self._listeners.append(listener)

    def start(self, function: FunctionRecord, event: str) -> None:
        """Run `function` on `event` (JSON) in the background, with its configured retries and destinations."""
        threading.Thread(target=self._run, args=(function, event), name=f"event-{function.name}", daemon=True).start()

    def _run(self, function: FunctionRecord, event: str) -> None:
        config = self._config(function.name)
        try:
            result = self._attempt(function, event, int(config.get("MaximumRetryAttempts", 2)))
        except Exception as error:
            if not self._stopping.is_set():
                log.exception("asynchronous event for %s failed", function.name)
                self._tell_listeners(event, str(error))
            return
        if result is None:
            return
        self._deliver(config, function, event, result)
        if result.failed:
            found = json.loads(result.payload)
            self._tell_listeners(
                event, f"{function.name} failed: {found.get('errorType')}: {found.get('errorMessage')}"
            )

    def _attempt(self, function: FunctionRecord, event: str, retries: int) -> InvocationResult | None:
        """The result of the last attempt; None if the cloud stops before that."""
        for attempt in range(retries + 1):
            if attempt and self._stopping.wait(_RETRY_SECONDS):
                return None
            result = self._runner.invoke(function, event)
            if not result.failed:
                break
        return result

    def _tell_listeners(self, event: str, message: str) -> None:
        for listener in self._listeners:
            listener(json.loads(event), message)

    def _config(self, name: str) -> EventInvokeConfig:
        client = self._cloud.client("lambda")
        try:
            config: EventInvokeConfig = client.get_function_event_invoke_config(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            return {}
        return config

    def _deliver(
        self, config: EventInvokeConfig, function: FunctionRecord, event: str, result: InvocationResult
    ) -> None:
        """Send the outcome to the destination that the function names for it."""
        outcome: Literal["OnFailure", "OnSuccess"] = "OnFailure" if result.failed else "OnSuccess"
        target = config.get("DestinationConfig", {}).get(outcome, {}).get("Destination")
        if target:
            self._send(target, json.dumps(_invocation_record(function, event, result)))

    def _send(self, target: str, text: str) -> None:
        service = target.split(":")[2]
        if service == "sns":
            self._cloud.client("sns").publish(TopicArn=target, Message=text)
        elif service == "sqs":
            sqs = self._cloud.client("sqs")
            sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=target.split(":")[-1])["QueueUrl"], MessageBody=text)
        elif service == "lambda":
            self._cloud.client("lambda").invoke(FunctionName=target, InvocationType="Event", Payload=text)
        else:
            message = f"the local cloud does not emulate {service} as a destination of Lambda events"
            raise AwsError("NotImplemented", message)


def _invocation_record(function: FunctionRecord, event: str, result: InvocationResult) -> dict[str, object]:
    """What Lambda sends to a destination."""
    response_context: dict[str, object] = {"statusCode": 200, "executedVersion": function.version}
    if result.failed:
        response_context["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "requestContext": {
            "requestId": result.request_id,
            "functionArn": f"{function.arn}:{function.version}",
            "condition": "RetriesExhausted" if result.failed else "Success",
        },
        "requestPayload": json.loads(event),
        "responseContext": response_context,
        "responsePayload": json.loads(result.payload),
    }
