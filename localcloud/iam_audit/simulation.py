"""IAM's SimulateCustomPolicy, by the evaluator of this package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from werkzeug.wrappers import Response

from localcloud.errors import AwsError, not_emulated
from localcloud.http_requests import Environ, identify, read_body
from localcloud.iam_audit.evaluator import Call, Policy, Statement, decision, list_of
from localcloud.iam_policy.conditions import operators
from localcloud.query_protocol import parse_query, query_response, service_model

NAME = "SimulateCustomPolicy"
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")


class ContextEntry(TypedDict):
    """A context key of the simulated request."""

    ContextKeyName: str
    ContextKeyValues: list[str]
    ContextKeyType: NotRequired[str]


class Request(TypedDict):
    """What is read of SimulateCustomPolicy."""

    PolicyInputList: list[str]
    ActionNames: list[str]
    ResourceArns: NotRequired[list[str]]
    ContextEntries: NotRequired[list[ContextEntry]]


def handle(environ: Environ) -> Response | None:
    """Answer SimulateCustomPolicy; every other request is somebody else's."""
    operation = identify(environ)
    if (operation.service, operation.name) != ("iam", NAME):
        return None
    model = service_model("iam").operation_model(NAME)
    request: Request = parse_query(read_body(environ), model)  # type: ignore[assignment]
    unknown = sorted(set(request) - Request.__annotations__.keys())
    if unknown:
        raise not_emulated("iam", f"{NAME} with {', '.join(unknown)}")
    return query_response({"EvaluationResults": _results(request), "IsTruncated": False}, model)


def _results(request: Request) -> list[dict[str, object]]:
    resources = request.get("ResourceArns", ["*"])
    if len(resources) != 1:
        raise not_emulated("iam", f"{NAME} with several resources")
    context = {item["ContextKeyName"]: _single(item) for item in request.get("ContextEntries", ())}
    statements = [statement for text in request["PolicyInputList"] for statement in _statements(text)]
    return [_result(action, resources[0], context, statements) for action in request["ActionNames"]]


def _result(action: str, resource: str, context: Mapping[str, str], statements: list[Statement]) -> dict[str, object]:
    if not _ACTION.fullmatch(action):
        raise AwsError("InvalidInput", f"Invalid Action Name: {action}")
    call = Call("", action, resource, context)
    known = {name.lower() for name in context}
    wanted = {key for statement in statements for _, key, _ in operators(statement)}
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision(call, statements),
        "MatchedStatements": [],
        "MissingContextValues": sorted(key for key in wanted if key.lower() not in known),
    }


def _single(item: ContextEntry) -> str:
    if len(item["ContextKeyValues"]) != 1:
        raise not_emulated("iam", f"{NAME} with several values of a context key")
    return item["ContextKeyValues"][0]


def _statements(text: str) -> list[Statement]:
    try:
        policy: Policy = json.loads(text)
        found = list_of(policy["Statement"])
        complete = all("Effect" in each and ("Action" in each or "NotAction" in each) for each in found)
    except (ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        raise AwsError("InvalidInput", "The policy is not in the correct format.")
    return found
