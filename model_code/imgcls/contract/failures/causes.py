"""The sentence in a failure's cause: a job's description, a function's exception, or a refused call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imgcls.contract.failures import job_kinds
from imgcls.contract.failures.job_kinds import JobKind

MAX_SENTENCE_CHARS = 300
"""Forty models that all fail must fit into one state, and into the 32,768 characters of an execution's cause."""

_DEFAULT_SENTENCES = {"States.Timeout": "it did not end within its time limit"}
_SCRIPT_ERROR = re.compile(r'ErrorMessage "(?P<text>.*?)"\s*(?:Command\b|, exit code|$)', re.DOTALL)
_ALGORITHM_ERROR = "AlgorithmError: "
_EXIT_CODE = re.compile(r", exit code: \d+$")
_ERROR_CLASS = re.compile(r"^(AlgorithmError|ClientError|InternalServerError|CapacityError|ResourceLimitError): ")
_GENERIC_EXCEPTION = re.compile(r"^(RuntimeError|error): ")


@dataclass(frozen=True)
class Cause:
    """A failure as read. `text` is everything the service said; `sentence` is the part of it for a person.

    `job`, its `kind` and its `status` are there only if a job failed.
    """

    error: str
    text: str
    sentence: str
    job: str = ""
    kind: JobKind | None = None
    status: str = ""


def read_caught(caught: Mapping[str, Any]) -> Cause:
    """Read what a Catch hands over: `{"Error", "Cause"}`."""
    return read(caught.get("Error"), caught.get("Cause"))


def read(error: str | None, cause: str | None) -> Cause:
    """Read the `Error` and the `Cause` of a failed state. A cause that is not a JSON object is the text itself."""
    error, cause = error or "", (cause or "").strip()
    document = _parse(cause)
    if isinstance(document, dict):
        if job := job_kinds.find(document):
            return _of_job(error, document, *job)
        if "errorMessage" in document:
            text = str(document["errorMessage"])
            return Cause(str(document.get("errorType", error)), text, _shorten(text))
    return Cause(error, cause, _shorten(cause or _DEFAULT_SENTENCES.get(error, error)))


def explain_execution(error: str | None, cause: str | None) -> str:
    """Why an execution failed. The pipeline's own cause is a list of failures: each model, its reason, its remedy."""
    failures = _parse(cause or "")
    if isinstance(failures, list) and failures and all(isinstance(item, dict) for item in failures):
        return "; ".join(map(_explain_model, failures))
    return read(error, cause).sentence


def _explain_model(failure: Mapping[str, Any]) -> str:
    model = f"{failure['model']}: " if failure.get("model") else ""
    remedy = f" ({failure['remedy']})" if failure.get("remedy") else ""
    return f"{model}{failure.get('reason', '')}{remedy}"


def _of_job(error: str, document: Mapping[str, Any], kind: JobKind, job: str) -> Cause:
    status = str(document.get(kind.status_field, ""))
    message, reason = document.get("ExitMessage", ""), document.get("FailureReason", "")
    text = "\n".join(part for part in (message, reason, document.get("SecondaryStatus", "")) if part)
    # A processing job's own words come first: its FailureReason only counts the exit code.
    sentence = message or _script_error(reason) or _ERROR_CLASS.sub("", reason) or f"the job ended {status}"
    return Cause(error, text, _shorten(sentence), job, kind, status)


def _script_error(reason: str) -> str:
    """The last line of the script's own error: a traceback ends with its exception."""
    match = _SCRIPT_ERROR.search(reason)
    text = match["text"] if match else _EXIT_CODE.sub("", reason.removeprefix(_ALGORITHM_ERROR))
    if not match and not reason.startswith(_ALGORITHM_ERROR):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _GENERIC_EXCEPTION.sub("", lines[-1]) if lines else ""


def _parse(cause: str) -> Any:
    try:
        return json.loads(cause)
    except ValueError:
        return None


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_SENTENCE_CHARS else text[: MAX_SENTENCE_CHARS - 3] + "..."
