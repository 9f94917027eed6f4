"""Finds a request's operation and its values, by the service's protocol, and checks them."""

from __future__ import annotations

import functools
import gzip
import json
from urllib.parse import parse_qsl

from botocore.model import OperationModel, StructureShape
from moto.core.parse import PROTOCOL_PARSERS, RequestDict, RequestParserError
from moto.core.utils import get_service_model
from werkzeug.datastructures import EnvironHeaders, MultiDict

from localcloud.http_requests import OWN_PATHS, Environ, Operation, read_body
from localcloud.input_checks.constraints import violations
from localcloud.input_checks.corrections import ADDED_PATTERNS, EXEMPT
from localcloud.input_checks.refusals import refusal, unreadable
from localcloud.input_checks.rules import check_rules
from localcloud.json_types import JsonObject
from localcloud.moto_services import ANSWERED
from localcloud.rest_operations import rest_route

# Signing name -> botocore's name of the service, where they differ.
_NAMES = {
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
_FORM = "application/x-www-form-urlencoded"


def check_input(environ: Environ, operation: Operation) -> None:
    """Raise AwsError, worded as the service words it, if a request breaks the constraints of its operation's input."""
    if operation.service not in ANSWERED or environ.get("PATH_INFO", "").startswith(OWN_PATHS):
        return
    service = _NAMES.get(operation.service, operation.service)
    if service == "sagemaker" and operation.name is None:
        service = "sagemaker-runtime"
    name, labels = (operation.name, {}) if operation.name else rest_route(service, environ)
    model = _operation(service, name)
    if model is None or model.input_shape is None:
        return
    protocol = _protocol(model, environ)
    parameters = _parameters(protocol, model, environ, labels)
    found = violations(model.input_shape, parameters)
    broken = [each for each in found if (service, each.shape.name, each.kind) not in EXEMPT]
    if broken:
        raise refusal(service, protocol, broken)
    check_rules(service, model.name, parameters)


@functools.cache
def _operation(service: str, name: str | None) -> OperationModel | None:
    model = get_service_model(service)
    if name not in model.operation_names:
        return None
    operation = model.operation_model(name)
    for (of_service, of_operation, member), pattern in ADDED_PATTERNS.items():
        if (of_service, of_operation) == (service, name):
            operation.input_shape.members[member].metadata["pattern"] = pattern
    return operation


def _protocol(model: OperationModel, environ: Environ) -> str:
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    if model.service_model.service_name != "s3" and environ.get("CONTENT_TYPE", "").startswith(_FORM):
        return "ec2" if model.service_model.service_name == "ec2" else "query"
    return str(model.service_model.metadata["protocol"])


def _parameters(protocol: str, model: OperationModel, environ: Environ, labels: dict[str, str]) -> JsonObject:
    """The values of the input's members; JSON as it was sent, the rest as moto reads it. Times stay text."""
    if protocol == "json":
        return _json_object(_body(environ))
    parser = PROTOCOL_PARSERS[protocol](model, timestamp_parser=_unchanged, blob_parser=_unchanged)
    body = _body(environ) if _has_structured_body(model.input_shape) else b""
    form = body.decode() if protocol in ("query", "ec2") else environ.get("QUERY_STRING", "")
    request: RequestDict = {
        "method": environ["REQUEST_METHOD"],
        "url_path": environ.get("PATH_INFO", "/"),
        "body": body,
        "headers": EnvironHeaders(environ),
        "values": MultiDict(parse_qsl(form, keep_blank_values=True)),
        "url_params": labels,
    }
    try:
        parameters: JsonObject = parser.parse(request)
    except (RequestParserError, ValueError, TypeError, AttributeError) as error:
        raise unreadable(model.service_model.service_name, str(error)) from error
    return parameters


def _body(environ: Environ) -> bytes:
    """The body as it was before the client compressed it, as clients do with many metrics."""
    body = read_body(environ)
    return gzip.decompress(body) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else body


def _unchanged(value: object) -> object:
    return value


def _json_object(body: bytes) -> JsonObject:
    try:
        parameters = json.loads(body) if body else {}
    except (ValueError, RecursionError) as error:
        raise unreadable("json", str(error)) from error
    if not isinstance(parameters, dict):
        raise unreadable("json", "The body is not a JSON object.")
    return parameters


def _has_structured_body(shape: StructureShape) -> bool:
    """Whether members are in the body; one that is a blob, such as an object's content, is left unread."""
    payload = shape.serialization.get("payload")
    if payload is not None:
        return bool(shape.members[payload].type_name != "blob")
    return any("location" not in member.serialization for member in shape.members.values())
