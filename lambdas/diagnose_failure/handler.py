"""DiagnoseFailure: read the cause; try again, fall back to another instance type, or fail with reason and remedy."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from imgcls.contract.failures import causes
from lambdas.common.log import logged, say
from lambdas.diagnose_failure.decision import decide
from lambdas.diagnose_failure.environment import Environment


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"state", "error": {"Error", "Cause"}, "recovery"}` -> the new `recovery`, with action, reason and remedy."""
    environment = Environment.from_environment(os.environ)
    cause = causes.read_caught(event["error"])
    diagnosis = decide(event["state"], cause, event["recovery"], max_attempts=environment.max_attempts)
    say("diagnosed", state=event["state"], action=diagnosis.action, reason=diagnosis.reason)
    return asdict(diagnosis)
