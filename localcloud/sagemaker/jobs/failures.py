"""Why a job failed, in the words and within the length of the service."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localcloud.sagemaker.jobs.container import Exit
from localcloud.sagemaker.jobs.opt_ml import OptMl

MAX_REASON = 1024
_MAX_ERROR_LINES = 12
# What the toolkit itself logs around the user's script.
_TOOLKIT_LINE = re.compile(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d+ (sagemaker|botocore|boto3|root)\S* ")


class JobFailedError(Exception):
    """Ends a job as Failed with this reason."""


def algorithm_error(opt_ml: OptMl, ended: Exit) -> str:
    """`AlgorithmError: <what the container said>, exit code: N`, at most 1,024 characters."""
    failure_file = opt_ml.base / "output" / "failure"
    said = failure_file.read_text(errors="replace") if failure_file.exists() else ""
    error = last_error(ended.tail)
    if not said.strip():
        said = error
    elif 'ErrorMessage ""' in said:  # the toolkit leaves a place for the script's error where it did not catch it
        said = said.replace('ErrorMessage ""', f'ErrorMessage "{error}"')
    end = f", exit code: {ended.code}"
    return shortened("AlgorithmError: " + opt_ml.original(said.strip()), MAX_REASON - len(end)) + end


def last_error(tail: Sequence[str]) -> str:
    """The last lines of the script's own output: of its last traceback, where there is one, the end."""
    lines = _script_lines([line for line in tail if line.strip()])
    traceback = max((at for at, line in enumerate(lines) if line.startswith("Traceback")), default=0)
    return shortened_start("\n".join(lines[traceback:][-_MAX_ERROR_LINES:]), 600)


def _script_lines(lines: list[str]) -> list[str]:
    """What the script said, without what the toolkit says before and after it."""
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
    """The end of `text`: an error's last line is the one that names it."""
    return text if len(text) <= length else "..." + text[-(length - 3) :]
