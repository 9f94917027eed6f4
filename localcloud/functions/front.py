"""Lambda's Invoke API, and what becomes of asynchronous events: retries, destinations, listeners."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from werkzeug.wrappers import Response

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.functions.invocation import Answer, Functions
from localcloud.functions.records import FunctionRecord, read_function
from localcloud.http_requests import Environ, read_body, read_json

log = logging.getLogger(__name__)

_INVOKE = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations$")
_CONFIGURE = re.compile(r"^/2015-03-31/functions(?:/([^/]+)/configuration)?/?$")
_CODE = "/_localcloud/function-code/"
_RETRY_SECONDS = 1.0  # Lambda waits one minute, then two
_LOG_TAIL_BYTES = 4096

FailureListener = Callable[[dict[str, Any], str], None]


class LambdaFront:
    """Handler of invocations; everything else of Lambda's API stays with moto."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._listeners: list[FailureListener] = []
        self._stopping = threading.Event()
        cloud.on_stop(self._stopping.set)

    def on_failed_event(self, listener: FailureListener) -> None:
        """Call `listener(event, message)` when an asynchronous event has failed for the last time."""
        self._listeners.append(listener)

    def handle(self, environ: Environ) -> Response | None:
        path = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] in ("POST", "PUT") and _CONFIGURE.match(path):
            self._note_logging(path, read_json(environ))
            return None
        if path.startswith(_CODE):
            return self._code(unquote(path.removeprefix(_CODE)))
        match = _INVOKE.match(path)
        if match is None or environ["REQUEST_METHOD"] != "POST":
            return None
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
        cloud = self._cloud
        function = read_function(cloud.account_id, cloud.region, unquote(match[1]), qualifier)
        event = read_body(environ).decode() or "{}"
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "DryRun":
            return Response("", 204)
        if kind == "Event":
            self._start(function, event)
            return Response("", 202)
        answer = self._functions.invoke(function, event)
        headers = {"X-Amz-Executed-Version": function.version, "x-amzn-RequestId": answer.request_id}
        if answer.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(answer.logs.encode()[-_LOG_TAIL_BYTES:]).decode()
        return Response(answer.payload, 200, headers, content_type="application/json")

    def code_location(self, function: FunctionRecord) -> str:
        """Where a function's zip file can be downloaded."""
        return f"{self._cloud.url}{_CODE}{quote(function.arn, safe='')}"

    def _code(self, arn: str) -> Response:
        function = read_function(self._cloud.account_id, self._cloud.region, arn, None)
        return Response(function.code, content_type="application/zip")

    def invoke_for_moto(self, function: FunctionRecord, event: Any) -> tuple[str, bool, str]:
        """What moto's LambdaFunction expects of an invocation: payload, whether it failed, logs."""
        answer = self._functions.invoke(function, event if isinstance(event, str) else json.dumps(event))
        return answer.payload, answer.failed, answer.logs

    def _note_logging(self, path: str, body: dict[str, Any]) -> None:
        # moto forgets LoggingConfig.
        match = _CONFIGURE.match(path)
        name = body.get("FunctionName") or unquote((match[1] or "") if match else "")
        if name and "LoggingConfig" in body:
            self._functions.set_logging_config(name.rpartition(":")[2], body["LoggingConfig"])

    def _start(self, function: FunctionRecord, event: str) -> None:
        threading.Thread(
            target=self._run_event, args=(function, event), name=f"event-{function.name}", daemon=True
        ).start()

    def _run_event(self, function: FunctionRecord, event: str) -> None:
        settings = self._event_settings(function.name)
        try:
            answer = self._attempt(function, event, int(settings.get("MaximumRetryAttempts", 2)))
        except Exception as error:
            if not self._stopping.is_set():
                log.exception("asynchronous event for %s failed", function.name)
                self._failed(event, str(error))
            return
        if answer is None:
            return
        self._deliver(settings, function, event, answer)
        if answer.failed:
            found = json.loads(answer.payload)
            self._failed(event, f"{function.name} failed: {found['errorType']}: {found['errorMessage']}")

    def _attempt(self, function: FunctionRecord, event: str, retries: int) -> Answer | None:
        for attempt in range(retries + 1):
            if attempt and self._stopping.wait(_RETRY_SECONDS):
                return None
            answer = self._functions.invoke(function, event)
            if not answer.failed:
                break
        return answer

    def _failed(self, event: str, message: str) -> None:
        for listener in self._listeners:
            listener(json.loads(event), message)

    def _event_settings(self, name: str) -> dict[str, Any]:
        client = self._cloud.client("lambda")
        try:
            return client.get_function_event_invoke_config(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            return {}

    def _deliver(self, settings: dict[str, Any], function: FunctionRecord, event: str, answer: Answer) -> None:
        """Send the outcome to the destination that the function names for it."""
        key = "OnFailure" if answer.failed else "OnSuccess"
        target = settings.get("DestinationConfig", {}).get(key, {}).get("Destination")
        if not target:
            return
        record = {
            "version": "1.0",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "requestContext": {
                "requestId": answer.request_id,
                "functionArn": f"{function.arn}:{function.version}",
                "condition": "RetriesExhausted" if answer.failed else "Success",
            },
            "requestPayload": json.loads(event),
            "responseContext": {"statusCode": 200, "executedVersion": function.version},
            "responsePayload": json.loads(answer.payload),
        }
        if answer.failed:
            record["responseContext"]["functionError"] = "Unhandled"  # type: ignore[index]
        self._send(target, json.dumps(record))

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
            raise AwsError("NotImplemented", f"localcloud does not emulate {service} as a destination of Lambda events")
