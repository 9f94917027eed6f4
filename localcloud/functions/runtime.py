"""Runs inside a function's process: imports the handler, then calls it once per event. Standard library only.

usage: python -S runtime.py CODE_DIR PACKAGES_DIR HANDLER

Requests come on stdin, one JSON object per line. Descriptor 3 takes `ready` once the handler is imported, or `broken`
if it cannot be, then one line per request: `ok JSON` or `failed JSON`.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import TypedDict

Handler = Callable[[object, "LambdaContext"], object]


ANSWERS = 3
"""The descriptor of the answers."""
MAX_ANSWER_BYTES = 6_291_556
"""Lambda's limit for a synchronous response."""


class Request(TypedDict):
    """A line on stdin: the event as JSON text, and what the caller knows about the invocation."""

    event: str
    context: ContextValues


class ContextValues(TypedDict):
    """What a handler's context is made of."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    timeout_seconds: float


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

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self.request_id,
        }
        if record.exc_info and record.exc_info[0]:
            document["errorType"] = record.exc_info[0].__name__
            document["errorMessage"] = str(record.exc_info[1])
            document["stackTrace"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(document, default=str)


class _TextFormatter(logging.Formatter):
    """[LEVEL]<tab>time<tab>request id<tab>message, as in a function's log stream."""

    converter = staticmethod(time.gmtime)
    request_id = ""

    def __init__(self) -> None:
        pattern = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(request_id)s\t%(message)s"
        super().__init__(pattern, "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        record.request_id = self.request_id
        return super().format(record)


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


def start_logging() -> _JsonFormatter | _TextFormatter:
    """Send the root logger's records to the function's log stream in the configured format."""
    formatter = _JsonFormatter() if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON" else _TextFormatter()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    return formatter


def call(function: Handler | Exception, request: Request) -> str:
    """The answer to a request: a line. function: the handler, or the error of its import."""
    values = request["context"]
    try:
        if isinstance(function, Exception):
            raise function
        answer = function(json.loads(request["event"]), LambdaContext(values))
        try:
            payload = json.dumps(answer)
        except (TypeError, ValueError) as error:
            raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
        if len(payload) > MAX_ANSWER_BYTES:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_ANSWER_BYTES} bytes)."
            return "failed " + json.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})
        return f"ok {payload}"
    except Exception as error:
        document = error_payload(error, values["aws_request_id"])
        trace = "".join(document["stackTrace"])
        kind, message = document["errorType"], document["errorMessage"]
        print(f"[ERROR] {kind}: {message}\nTraceback (most recent call last):\n{trace}")
        return "failed " + json.dumps(document)


def main() -> None:
    code_dir, packages_dir, handler = sys.argv[1:]
    # The function neither reads the requests nor hands the two streams on to its children.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.set_inheritable(ANSWERS, False)
    answers = os.fdopen(ANSWERS, "w", encoding="utf-8")
    # With -S nothing else that is installed can be imported. Packages of the function come before the runtime's.
    sys.path[0] = code_dir
    sys.path.append(packages_dir)
    formatter = start_logging()
    function: Handler | Exception
    try:
        function = load(handler)
    except Exception as error:
        function = error
    print("broken" if isinstance(function, Exception) else "ready", file=answers, flush=True)
    for line in requests:
        request: Request = json.loads(line)
        formatter.request_id = request["context"]["aws_request_id"]
        answer = call(function, request)
        sys.stdout.flush()
        print(answer, file=answers, flush=True)


if __name__ == "__main__":
    main()
