"""Runs inside a function's process: imports the handler, calls it once, writes the answer. Standard library only.

usage: python runtime.py CODE_DIR HANDLER ANSWER_FILE CONTEXT_JSON   (the event comes on stdin)
"""

import importlib
import json
import logging
import os
import sys
import threading
import time
import traceback


class Context:
    """What AWS's Python runtime hands to a handler beside the event."""

    def __init__(self, values):
        self.function_name = values["function_name"]
        self.function_version = values["function_version"]
        self.invoked_function_arn = values["invoked_function_arn"]
        self.memory_limit_in_mb = values["memory_limit_in_mb"]
        self.aws_request_id = values["aws_request_id"]
        self.log_group_name = values["log_group_name"]
        self.log_stream_name = values["log_stream_name"]
        self.identity = None
        self.client_context = None
        # Made after the import: the service's clock, too, starts with the handler.
        self._deadline = time.monotonic() + values["timeout_seconds"]

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class _JsonFormatter(logging.Formatter):
    """One JSON object a record, for functions whose LoggingConfig asks for it."""

    def __init__(self, request_id):
        super().__init__()
        self._request_id = request_id

    def format(self, record):
        document = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self._request_id,
        }
        if record.exc_info:
            document["errorType"] = record.exc_info[0].__name__
            document["errorMessage"] = str(record.exc_info[1])
            document["stackTrace"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(document, default=str)


class RuntimeFailure(Exception):
    """The runtime, not the handler, has to say why it failed."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class _LogFormatter(logging.Formatter):
    """[LEVEL]<tab>time<tab>request id<tab>message, as in a function's log stream."""

    converter = staticmethod(time.gmtime)

    def __init__(self, request_id):
        pattern = f"[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request_id}\t%(message)s"
        super().__init__(pattern, "%Y-%m-%dT%H:%M:%S")


def load(handler):
    """The handler function behind `package/module.function`; RuntimeFailure with AWS's error types."""
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
    return getattr(module, name)


def failure(error, request_id):
    """The payload of a FunctionError."""
    if isinstance(error, RuntimeFailure):
        kind, trace = error.kind, []
    else:
        kind = type(error).__name__
        # The frames of this file are not the user's.
        trace = [line for line in traceback.format_tb(error.__traceback__) if __file__ not in line]
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def write_answer(answer_file, payload, failed):
    """Leave the answer whole or not at all."""
    sys.stdout.flush()
    partial = f"{answer_file}.{os.getpid()}"
    with open(partial, "w") as file:
        json.dump({"payload": payload, "failed": failed}, file)
    os.replace(partial, answer_file)


def start_clock(answer_file, values):
    """End the process when the handler's time is over; the caller's own clock is for what ignores this one."""

    def expire():
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        seconds = f"{values['timeout_seconds']:.2f}"
        message = f"{now}.000Z {values['aws_request_id']} Task timed out after {seconds} seconds"
        print(message)
        write_answer(answer_file, json.dumps({"errorMessage": message, "errorType": "Sandbox.Timedout"}), True)
        os._exit(1)

    clock = threading.Timer(values["timeout_seconds"], expire)
    clock.daemon = True
    clock.start()
    return clock


def main():
    code_dir, handler, answer_file, context_json = sys.argv[1:]
    values = json.loads(context_json)
    sys.path[0] = code_dir
    request_id = values["aws_request_id"]
    logs = logging.StreamHandler(sys.stdout)
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    logs.setFormatter(_JsonFormatter(request_id) if as_json else _LogFormatter(request_id))
    logging.getLogger().addHandler(logs)
    event = json.loads(sys.stdin.read())
    clock = None
    try:
        function = load(handler)
        clock = start_clock(answer_file, values)
        answer = function(event, Context(values))
        try:
            payload, failed = json.dumps(answer), False
        except (TypeError, ValueError) as error:
            raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    except Exception as error:
        found = failure(error, request_id)
        shown = "".join(found["stackTrace"])
        print(f"[ERROR] {found['errorType']}: {found['errorMessage']}\nTraceback (most recent call last):\n{shown}")
        payload, failed = json.dumps(found), True
    if clock is not None:
        clock.cancel()
    write_answer(answer_file, payload, failed)


if __name__ == "__main__":
    main()
