"""Runs inside a function's process: imports the handler, calls it once, writes the answer. Standard library only.

usage: python -S runtime.py CODE_DIR PACKAGES_DIR HANDLER ANSWER_FILE CONTEXT_JSON   (the event comes on stdin)
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import TypedDict

Handler = Callable[[object, "LambdaContext"], object]


class ContextValues(TypedDict):
    """CONTEXT_JSON: what the caller knows about the invocation."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    timeout_seconds: float


class AnswerDocument(TypedDict):
    """The content of ANSWER_FILE. payload: JSON, the handler's answer or, if it failed, an ErrorPayload."""

    payload: str
    failed: bool


class ErrorPayload(TypedDict):
    """What a caller gets with FunctionError."""

    errorMessage: str
    errorType: str
    requestId: str
    stackTrace: list[str]


class LambdaContext:
    """The second argument of a handler, as AWS's Python runtime passes it."""

    def __init__(self, values: ContextValues) -> None:
        self.function_name = values["function_name"]
        self.function_version = values["function_version"]
        self.invoked_function_arn = values["invoked_function_arn"]
        self.memory_limit_in_mb = values["memory_limit_in_mb"]
        self.aws_request_id = values["aws_request_id"]
        self.log_group_name = values["log_group_name"]
        self.log_stream_name = values["log_stream_name"]
        self.identity = None
        self.client_context = None
        # Created after the import: Lambda's clock, too, starts with the handler.
        self._deadline = time.monotonic() + values["timeout_seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        sys.stdout.write(str(message))


class _JsonFormatter(logging.Formatter):
    """One JSON object per record, for functions whose LoggingConfig asks for it."""

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self._request_id,
        }
        if record.exc_info and record.exc_info[0]:
            document["errorType"] = record.exc_info[0].__name__
            document["errorMessage"] = str(record.exc_info[1])
            document["stackTrace"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(document, default=str)


class _TextFormatter(logging.Formatter):
    """[LEVEL]<tab>time<tab>request id<tab>message, as in a function's log stream."""

    converter = staticmethod(time.gmtime)

    def __init__(self, request_id: str) -> None:
        pattern = f"[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request_id}\t%(message)s"
        super().__init__(pattern, "%Y-%m-%dT%H:%M:%S")


class RuntimeFailure(Exception):
    """A failure that the runtime itself explains. kind: AWS's error type, such as Runtime.ImportModuleError."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def load(handler: str) -> Handler:
    """The handler function at `package/module.function`; RuntimeFailure with AWS's error types."""
    module_name, _, name = handler.replace("/", ".").rpartition(".")
    if not module_name:
        raise RuntimeFailure("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise RuntimeFailure(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", message) from error
    if not hasattr(module, name):
        raise RuntimeFailure("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    function: Handler = getattr(module, name)
    return function


def error_payload(error: Exception, request_id: str) -> ErrorPayload:
    """What the caller gets for an exception."""
    kind, trace = type(error).__name__, []
    if isinstance(error, RuntimeFailure):
        kind = error.kind
    else:  # the frames of this file do not belong to the user's code
        trace = [line for line in traceback.format_tb(error.__traceback__) if __file__ not in line]
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def write_answer(answer_file: str, answer: AnswerDocument) -> None:
    """Write the answer file whole or not at all."""
    sys.stdout.flush()
    partial = f"{answer_file}.{os.getpid()}"
    with open(partial, "w") as file:
        json.dump(answer, file)
    os.replace(partial, answer_file)


def start_timeout(answer_file: str, values: ContextValues) -> threading.Timer:
    """End the process once the handler's time is over; the caller kills a process that survives this timer."""

    def expire() -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        seconds = f"{values['timeout_seconds']:.2f}"
        message = f"{now}.000Z {values['aws_request_id']} Task timed out after {seconds} seconds"
        print(message)
        payload = json.dumps({"errorMessage": message, "errorType": "Sandbox.Timedout"})
        write_answer(answer_file, {"payload": payload, "failed": True})
        os._exit(1)

    timer = threading.Timer(values["timeout_seconds"], expire)
    timer.daemon = True
    timer.start()
    return timer


def start_logging(request_id: str) -> None:
    """Send the root logger's records to the function's log stream in the configured format."""
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter(request_id) if as_json else _TextFormatter(request_id))
    logging.getLogger().addHandler(handler)


def call(handler: str, event: object, values: ContextValues, answer_file: str) -> AnswerDocument:
    """Import the handler and call it within its time limit."""
    timer = None
    try:
        function = load(handler)
        timer = start_timeout(answer_file, values)
        answer = function(event, LambdaContext(values))
        try:
            return {"payload": json.dumps(answer), "failed": False}
        except (TypeError, ValueError) as error:
            raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    except Exception as error:
        payload = error_payload(error, values["aws_request_id"])
        trace = "".join(payload["stackTrace"])
        print(f"[ERROR] {payload['errorType']}: {payload['errorMessage']}\nTraceback (most recent call last):\n{trace}")
        return {"payload": json.dumps(payload), "failed": True}
    finally:
        if timer is not None:
            timer.cancel()


def main() -> None:
    code_dir, packages_dir, handler, answer_file, context_json = sys.argv[1:]
    values: ContextValues = json.loads(context_json)
    # With -S nothing else that is installed can be imported. Packages of the function come before the runtime's.
    sys.path[0] = code_dir
    sys.path.append(packages_dir)
    start_logging(values["aws_request_id"])
    event = json.loads(sys.stdin.read())
    write_answer(answer_file, call(handler, event, values, answer_file))


if __name__ == "__main__":
    main()
