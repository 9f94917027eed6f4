"""The size limit of data that passes between states."""

from __future__ import annotations

from localcloud.json_types import JSON
from localcloud.stepfunctions.asl.errors import DATA_LIMIT, StatesError
from localcloud.stepfunctions.asl.json_text import to_json

MAX_DATA_BYTES = 256 * 1024


def check_size(value: JSON, name: str) -> None:
    """StatesError States.DataLimitExceeded when a value is larger than what may pass between states.

    Held against what Parameters and ItemSelector make, the result of a task, and the output of a state, as in AWS.
    """
    if len(to_json(value).encode()) > MAX_DATA_BYTES:
        raise StatesError(
            DATA_LIMIT,
            f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service "
            "limit.",
        )
