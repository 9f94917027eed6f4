"""What a Catch hands over, read: a job's Describe document, a function's error, or a refused call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_REASON_CHARS = 300
"""Forty models that all fail must fit into one state, and into the 32,768 characters of an execution's cause."""

_JOBS = {
    "TrainingJobName": ("TrainingJobStatus", "/aws/sagemaker/TrainingJobs"),
    "ProcessingJobName": ("ProcessingJobStatus", "/aws/sagemaker/ProcessingJobs"),
    "HyperParameterTuningJobName": ("HyperParameterTuningJobStatus", "/aws/sagemaker/TrainingJobs"),
}
_WITHOUT_WORDS = {"States.Timeout": "it did not end within its time limit"}
_SCRIPT_ERROR = re.compile(r'ErrorMessage "(?P<text>.*?)"\s*(?:Command\b|, exit code|$)', re.DOTALL)
_ALGORITHM_ERROR = "AlgorithmError: "
_EXIT_CODE = re.compile(r", exit code: \d+$")
_CLASS_OF_ERROR = re.compile(r"^(AlgorithmError|ClientError|InternalServerError|CapacityError|ResourceLimitError): ")
_PLAIN_ERROR = re.compile(r"^(RuntimeError|error): ")


@dataclass(frozen=True)
class Cause:
    """`text` is everything that was said; `sentence` the part of it that is for a person."""

    error: str
    text: str
    sentence: str
    job: str = ""
    status: str = ""
    log_group: str = ""


def read(error: Mapping[str, Any]) -> Cause:
    """The `Error` and `Cause` of a Catch. A Cause that is no JSON is the text itself."""
    name, cause = str(error.get("Error", "")), str(error.get("Cause", ""))
    document = _document(cause)
    for key, (status, log_group) in _JOBS.items():
        if key in document:
            return _of_job(name, document, document[key], document.get(status, ""), log_group)
    if "errorMessage" in document:
        text = str(document["errorMessage"])
        return Cause(str(document.get("errorType", name)), text, _short(text))
    return Cause(name, cause, _short(cause or _WITHOUT_WORDS.get(name, name)))


def _of_job(error: str, document: Mapping[str, Any], job: str, status: str, log_group: str) -> Cause:
    said, reason = document.get("ExitMessage", ""), document.get("FailureReason", "")
    text = "\n".join(part for part in (said, reason, document.get("SecondaryStatus", "")) if part)
    sentence = said or _script_error(reason) or _CLASS_OF_ERROR.sub("", reason) or f"the job ended {status}"
    return Cause(error, text, _short(sentence), job, status, log_group)


def _script_error(reason: str) -> str:
    """The last line of the script's own error: a traceback ends with its error."""
    match = _SCRIPT_ERROR.search(reason)
    text = match["text"] if match else _EXIT_CODE.sub("", reason.removeprefix(_ALGORITHM_ERROR))
    if not match and not reason.startswith(_ALGORITHM_ERROR):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _PLAIN_ERROR.sub("", lines[-1]) if lines else ""


def _document(cause: str) -> dict[str, Any]:
    try:
        value = json.loads(cause)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_REASON_CHARS else text[: MAX_REASON_CHARS - 3] + "..."
