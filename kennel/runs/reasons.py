"""A failure's cause in words: states carry JSON, people want the sentence inside."""

from __future__ import annotations

import json
from typing import Any


def reason(cause: str | None, error: str | None = None) -> str:
    """The sentence in a state's or an execution's cause, its error's name when it has none."""
    if not cause:
        return error or ""
    try:
        value = json.loads(cause)
    except json.JSONDecodeError:
        return cause.strip()
    return _of_failures(value) if isinstance(value, list) else _of_document(value) or cause.strip()


def _of_failures(failures: list[Any]) -> str:
    """The pipeline's own list: one failure a model, with what to do about it."""
    return "; ".join(_of_failure(item) for item in failures if isinstance(item, dict))


def _of_failure(failure: dict[str, Any]) -> str:
    model = f"{failure['model']}: " if failure.get("model") else ""
    remedy = f" ({failure['remedy']})" if failure.get("remedy") else ""
    return f"{model}{failure.get('reason', '')}{remedy}"


def _of_document(document: Any) -> str:
    """What a Lambda function raised, or what a job gave as its reason; a processing job's own words come first."""
    if not isinstance(document, dict):
        return ""
    for name in ("errorMessage", "ExitMessage", "FailureReason"):
        if document.get(name):
            return str(document[name]).strip()
    return ""
