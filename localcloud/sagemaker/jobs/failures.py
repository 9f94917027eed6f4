"""Why a job failed: FailureReason with the service's wording and length limit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localcloud.errors import own_failure
from localcloud.sagemaker.jobs.container import Exit
from localcloud.sagemaker.jobs.opt_ml import OptMl

MAX_REASON = 1024
_MAX_ERROR_LINES = 12
# Lines that the toolkit itself logs around the user's script.
_TOOLKIT_LINE = re.compile(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d+ (sagemaker|botocore|boto3|root)\S* ")


class JobFailedError(Exception):
    """Ends a job as Failed with this reason."""


def algorithm_error(opt_ml: OptMl, ended: Exit) -> str:
    """`AlgorithmError: <the container's error>, exit code: N`, at most 1,024 characters."""
    failure_file = opt_ml.base / "output" / "failure"
    message = failure_file.read_text(errors="replace") if failure_file.exists() else ""
    error = last_error(ended.tail)
    if not message.strip():
        message = error
    elif 'ErrorMessage ""' in message:  # the toolkit leaves this empty if it did not catch the script's error
        message = message.replace('ErrorMessage ""', f'ErrorMessage "{error}"')
    end = f", exit code: {ended.code}"
    return shortened("AlgorithmError: " + opt_ml.original(message.strip()), MAX_REASON - len(end)) + end


def internal_error(error: Exception) -> str:
    """The reason for a job that failed through an error of the local cloud itself."""
    return f"InternalServerError: {own_failure(error)}"


def last_error(tail: Sequence[str]) -> str:
    """The last lines of the script's own output; if it has a traceback, the end of the last one."""
    lines = _script_lines([line for line in tail if line.strip()])
    traceback = max((at for at, line in enumerate(lines) if line.startswith("Traceback")), default=0)
    return shortened_start("\n".join(lines[traceback:][-_MAX_ERROR_LINES:]), 600)


def _script_lines(lines: list[str]) -> list[str]:
    """The script's own lines, without the toolkit's before and after them."""
    for position, line in enumerate(lines):
        if line == "Invoking script with the following command:":
            lines = lines[position + 2 :]
            break
    for position, line in enumerate(lines):
        if "Reporting training FAILURE" in line:
            lines = lines[:position]
            break
    return [line for line in lines if not _TOOLKIT_LINE.match(line)]


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def shortened_start(text: str, length: int) -> str:
    """The end of `text`: the last line of a traceback names the error."""
    return text if len(text) <= length else "..." + text[-(length - 3) :]
