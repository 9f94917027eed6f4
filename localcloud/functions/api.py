"""Lambda's Invoke API and downloads of function code; moto answers Lambda's other operations."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from werkzeug.wrappers import Response

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.functions.async_invocation import AsyncInvocations, FailureListener
from localcloud.functions.records import FunctionRecord, MotoResult, read_function
from localcloud.functions.runner import FunctionRunner
from localcloud.http_requests import Environ, read_body, read_json

_INVOKE = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations$")
_CONFIGURE = re.compile(r"^/2015-03-31/functions(?:/([^/]+)/configuration)?/?$")
_CODE = "/_localcloud/function-code/"
_LOG_TAIL_BYTES = 4096
_MAX_ENVIRONMENT_BYTES = 4096
_CODE_SECONDS = 600  # as long as the address that Lambda gives


class LambdaApi:
    """Handles invocations over HTTP and those that moto's integrations make."""

    def __init__(self, cloud: Cloud, runner: FunctionRunner) -> None:
        self._cloud = cloud
        self._runner = runner
        self._async = AsyncInvocations(cloud, runner)

    def on_failed_event(self, listener: FailureListener) -> None:
        """Call `listener(event, message)` when an asynchronous event has failed for the last time."""
        self._async.on_failure(listener)

    def handle(self, environ: Environ) -> Response | None:
        """The response to an invocation or a download of code; None for all other requests."""
        path = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] in ("POST", "PUT") and (match := _CONFIGURE.match(path)):
            body = read_json(environ)
            _check_environment(body)
            self._note_logging(match[1], body)
            return None
        if path.startswith(_CODE):
            return self._code(unquote(path.removeprefix(_CODE)))
        match = _INVOKE.match(path)
        if match is None or environ["REQUEST_METHOD"] != "POST":
            return None
        qualifier = parse_qs(environ.get("QUERY_STRING", "")).get("Qualifier", [None])[0]
        function = read_function(self._cloud.account_id, self._cloud.region, unquote(match[1]), qualifier)
        return self._invoke(function, environ)

    def _invoke(self, function: FunctionRecord, environ: Environ) -> Response:
        event = read_body(environ).decode(errors="replace") or "{}"
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "DryRun":
            return Response("", 204)
        if kind == "Event":
            self._async.start(function, event)
            return Response("", 202)
        result = self._runner.invoke(function, event)
        headers = {"X-Amz-Executed-Version": function.version, "x-amzn-RequestId": result.request_id}
        if result.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.logs.encode()[-_LOG_TAIL_BYTES:]).decode()
        return Response(result.payload, 200, headers, content_type="application/json")

    def code_location(self, function: FunctionRecord) -> str:
        """The URL from which a function's zip file can be downloaded."""
        return self._cloud.presigned("GET", f"{_CODE}{quote(function.arn, safe='')}", _CODE_SECONDS)

    def _code(self, arn: str) -> Response:
        function = read_function(self._cloud.account_id, self._cloud.region, arn, None)
        return Response(function.code, content_type="application/zip")

    def invoke_for_moto(self, function: FunctionRecord, event: object) -> MotoResult:
        """Invoke a function for one of moto's integrations; `event` is JSON text or a JSON-like value."""
        result = self._runner.invoke(function, event if isinstance(event, str) else json.dumps(event))
        return result.payload, result.failed, result.logs

    def _note_logging(self, name_in_path: str | None, body: Mapping[str, object]) -> None:
        # moto forgets LoggingConfig.
        name = body.get("FunctionName") or unquote(name_in_path or "")
        config = body.get("LoggingConfig")
        if isinstance(name, str) and name and isinstance(config, dict):
            self._runner.set_logging_config(name.rpartition(":")[2], config)


def _check_environment(body: Mapping[str, Any]) -> None:
    """Lambda measures the variables as JSON."""
    variables = (body.get("Environment") or {}).get("Variables") or {}
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > _MAX_ENVIRONMENT_BYTES:
        message = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {text}"
        )
        raise AwsError("InvalidParameterValueException", message)
