"""Errors of AWS services by what they mean to a caller: transient, missing, or lost to another writer.

The functions take botocore's `ClientError.response`: `{"Error": {"Code", "Message"}, ...}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Response = Mapping[str, Any]

THROTTLED = r"Throttl|Rate exceeded|TooManyRequests"
INTERNAL = r"InternalServerError|InternalFailure|InternalError"
_BUSY = r"ServiceUnavailable|ModelNotReadyException"
_TRANSIENT = re.compile("|".join((THROTTLED, INTERNAL, _BUSY)))
_BUSY_CONTAINER = (429, 503)
"""What a container answers while it loads a model or has a full queue."""

_MISSING = ("404", "NotFound", "NoSuchKey", "ResourceNotFound", "ResourceNotFoundException", "ExecutionDoesNotExist")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
_INVALID = ("ValidationException", "ValidationError")
_MISSING_MESSAGE = re.compile("could not find|not found|does not exist", re.IGNORECASE)
_CONFLICT = ("PreconditionFailed", "ConditionalRequestConflict")


def code(response: Response) -> str:
    return str(response["Error"]["Code"])


def message(response: Response) -> str:
    return str(response["Error"].get("Message", ""))


def is_transient(response: Response) -> bool:
    """Whether the same call can succeed a little later: throttling, a service's own fault, a cold or busy model."""
    return bool(_TRANSIENT.search(code(response))) or response.get("OriginalStatusCode") in _BUSY_CONTAINER


def is_denied(response: Response) -> bool:
    """Whether the caller lacks a permission, or has not got it yet."""
    return code(response) in _DENIED


def is_invalid(response: Response) -> bool:
    """Whether the service refused the request itself, among other reasons for the state of what it names."""
    return code(response) in _INVALID


def is_missing(response: Response) -> bool:
    """Whether what the call names does not exist. SageMaker calls that invalid, and its message says the rest."""
    if is_invalid(response):
        return bool(_MISSING_MESSAGE.search(message(response)))
    return code(response) in _MISSING


def is_taken(response: Response) -> bool:
    """Whether what a call would make exists already. SageMaker calls that invalid, and its message says the rest."""
    return is_invalid(response) and "already exist" in message(response).lower()


def is_conflict(response: Response) -> bool:
    """Whether another writer came first: a conditional write to S3 that found its condition broken."""
    return code(response) in _CONFLICT


def explain(response: Response) -> str:
    """The sentence for a person: the container's own where a container answered, else the service's."""
    original = response.get("OriginalMessage")
    return container_sentence(str(original)) if original else message(response)


def container_sentence(answer: str) -> str:
    """The `message` of a container's JSON answer, or the answer itself if it is not one of ours."""
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer
