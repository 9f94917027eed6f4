"""Custom resources: the function is called, and the stack waits until the ResponseURL is answered."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Outcome,
    Provider,
    ProviderError,
    Request,
    answers,
)
from localcloud.http_requests import Environ, read_body
from localcloud.json_types import JSON, JsonObject

_PATH = "/_localcloud/custom-resource/"
_DEFAULT_TIMEOUT_SECONDS = 3600.0  # CloudFormation's own
_URL_SECONDS = 7200


class CustomResourceAnswer(TypedDict):
    """What a function sends to the ResponseURL."""

    Status: str
    Reason: NotRequired[str]
    PhysicalResourceId: NotRequired[str]
    Data: NotRequired[JsonObject]


@dataclass
class _Waiting:
    answered: threading.Event = field(default_factory=threading.Event)
    answer: CustomResourceAnswer = field(default_factory=lambda: CustomResourceAnswer(Status=""))


_waiting: dict[str, _Waiting] = {}


def receive(environ: Environ) -> Response | None:
    """HTTP handler of the ResponseURLs."""
    path = environ.get("PATH_INFO", "")
    if not path.startswith(_PATH) or environ["REQUEST_METHOD"] != "PUT":
        return None
    waiting = _waiting.get(path.removeprefix(_PATH))
    if waiting is None:
        return Response("this ResponseURL has expired", 403)
    try:
        waiting.answer = json.loads(read_body(environ))
    except json.JSONDecodeError as error:
        waiting.answer = {"Status": "FAILED", "Reason": f"the answer is not JSON: {error}"}
    waiting.answered.set()
    return Response("")


def function_failed(response_url: str, message: str) -> None:
    """Fail the resource of a function that raised without answering; waiting for the timeout would only hide why."""
    waiting = _waiting.get(urlsplit(response_url).path.rpartition("/")[2])
    if waiting is not None and not waiting.answered.is_set():
        waiting.answer = {"Status": "FAILED", "Reason": message}
        waiting.answered.set()


class CustomResource(Provider[JsonObject]):
    """AWS::CloudFormation::CustomResource and Custom::*, backed by Lambda functions."""

    def replaces(self, changed: set[str]) -> bool:
        return "ServiceToken" in changed

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        return self._send(request, "Create", properties, {})

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        old: JsonObject = {"PhysicalResourceId": physical_id, "OldResourceProperties": _texts(previous)}
        return self._send(request, "Update", properties, old)

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        self._send(request, "Delete", properties, {"PhysicalResourceId": physical_id})

    def exists(self, client: ClientFactory, physical_id: str, properties: JsonObject) -> bool:
        # Only the function knows what it created; whether the function exists is all that can be checked.
        return answers(lambda: client("lambda").get_function(FunctionName=properties["ServiceToken"]))

    def _send(self, request: Request, kind: str, properties: JsonObject, extra: JsonObject) -> Outcome:
        token = str(properties.get("ServiceToken", ""))
        if ":lambda:" not in token:
            raise ProviderError("localcloud emulates custom resources with a Lambda function as ServiceToken only")
        request_id = str(uuid.uuid4())
        waiting = _waiting[request_id] = _Waiting()
        event = {
            "RequestType": kind,
            "ServiceToken": token,
            "ResponseURL": request.presigned("PUT", f"{_PATH}{request_id}", _URL_SECONDS),
            "StackId": request.stack_id,
            "RequestId": request_id,
            "LogicalResourceId": request.logical_id,
            "ResourceType": request.type,
            "ResourceProperties": _texts(properties),
            **extra,
        }
        try:
            request.client("lambda").invoke(FunctionName=token, InvocationType="Event", Payload=json.dumps(event))
            timeout = float(str(properties.get("ServiceTimeout", _DEFAULT_TIMEOUT_SECONDS)))
            if not waiting.answered.wait(timeout):
                raise ProviderError(
                    f"CloudFormation did not receive a response from your Custom Resource within {timeout:.0f} seconds"
                )
        finally:
            del _waiting[request_id]
        return _outcome(waiting.answer, extra.get("PhysicalResourceId"))


def _outcome(answer: CustomResourceAnswer, previous_id: JSON) -> Outcome:
    given_id = answer.get("PhysicalResourceId") or previous_id
    physical_id = str(given_id) if given_id else None
    if answer.get("Status") != "SUCCESS":
        reason = answer.get("Reason", "no reason given")
        raise ProviderError(
            f"Received response status [FAILED] from custom resource. Message returned: {reason}", physical_id
        )
    if not physical_id:
        raise ProviderError("Invalid PhysicalResourceId: the custom resource's answer has none")
    return Outcome(physical_id, answer.get("Data") or {})


def _texts(value: JSON) -> JSON:
    """CloudFormation passes numbers and booleans to custom resources as text."""
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


PROVIDERS: dict[str, AnyProvider] = {"AWS::CloudFormation::CustomResource": CustomResource()}
