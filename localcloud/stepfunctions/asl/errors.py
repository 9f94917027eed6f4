"""Why a state, an execution or a definition fails."""

from __future__ import annotations

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TASK_FAILED = "States.TaskFailed"
DATA_LIMIT = "States.DataLimitExceeded"


class StatesError(Exception):
    """A state failed with an error name and a cause, as a Catch sees them."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class ExpressionError(Exception):
    """A path or intrinsic that cannot be parsed; found when a definition is checked."""


class PathNotFound(Exception):
    """A path selects nothing in the data that it is applied to."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the path {path} selects nothing")
        self.path = path


class InvalidDefinition(Exception):
    """A definition that Step Functions would refuse; `problems` are AWS's diagnostics."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


class HistoryFull(StatesError):
    """The execution's history has no room for another event; nothing catches it."""

    def __init__(self, max_events: int) -> None:
        super().__init__(RUNTIME, f"The execution reached the maximum number of history events ({max_events}).")


class Cancelled(Exception):
    """The branch is told to end: its execution was stopped, or another branch failed."""


class Abandoned(Cancelled):
    """The branch is told to end by something on which AWS is not known to stop jobs, such as a time limit."""
