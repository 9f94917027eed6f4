"""What to do about a failure: a table of the services' errors, of which the first match counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from imgcls.contract.failures import service_errors
from imgcls.contract.failures.causes import Cause

Kind = Literal["capacity", "again", "fail"]
MIN_WAIT_SECONDS = 2
"""A job's name contains the second in which its state was entered: a retry needs another one."""
MAX_WAIT_SECONDS = 900


@dataclass(frozen=True)
class Rule:
    """`pattern` is searched in the error's name and text. `remedy` says what a person can do."""

    pattern: str
    kind: Kind
    remedy: str
    wait_seconds: int = MIN_WAIT_SECONDS


RULES = (
    Rule(
        r"^StaleComparison\b",
        "fail",
        "compare again, without training: `kennel pipeline start --model MODEL --trained-by EXECUTION`, or promote it "
        "again",
    ),
    Rule(r"^Refused\b", "fail", "change the input, or the configuration, and start again"),
    Rule(
        r"^RolloutFailed\b",
        "fail",
        "see the rollback alarms, then replace the instances with `kennel endpoint refresh`, or ask by versioned keys",
    ),
    Rule(
        r"CapacityError|InsufficientInstanceCapacity|Unable to provision requested ML compute capacity",
        "capacity",
        "the zone is out of these instances: start again later, or set fallback_instance_types",
        wait_seconds=300,
    ),
    Rule(
        r"ResourceLimitExceeded",
        "capacity",
        "request a higher quota for this instance type under Service Quotas, or set fallback_instance_types",
        wait_seconds=60,
    ),
    Rule(service_errors.INTERNAL, "again", "start again; AWS had an error", 30),
    Rule(service_errors.THROTTLED, "again", "start again later, with fewer models at once", 60),
    Rule(r"MaxRuntimeExceeded", "fail", "raise the job's max_runtime_seconds, or train fewer epochs"),
    Rule(
        r"MaxWaitTimeExceeded",
        "fail",
        "spot capacity was too scarce: start again later, raise spot.max_wait_seconds, or switch spot off",
    ),
    Rule(
        r"^States\.Timeout",
        "fail",
        "it may have waited for an instance: stop it if it still runs, then use another instance type",
    ),
    Rule(
        r"AccessDenied|AccessDeniedException|not authorized to perform",
        "fail",
        "the role lacks a permission: deploy the stacks again, and check who changed the role or the bucket's policy",
    ),
    Rule(
        r"No S3 objects found|NoSuchKey|does not exist|Data download failed",
        "fail",
        "an input is missing: check whether its objects expired or were deleted",
    ),
    Rule(r"Kennel\.NoTrialSucceeded", "fail", "see the logs of the search's trials: all of them failed"),
    Rule(r"AlgorithmError|OutOfMemory", "fail", "the script refused its input or failed: see its log"),
    Rule(r"ValidationException", "fail", "the service refused the job's definition: report this as a bug of Kennel"),
)
UNKNOWN = Rule("", "fail", "this error is unknown: see the log")
STOPPED = Rule("", "fail", "somebody stopped the job: start again when it should run")


@dataclass(frozen=True)
class Diagnosis:
    """The answer to the state machine: its `$.recovery`, and the reason and remedy for people."""

    action: Literal["retry", "fallback", "fail"]
    reason: str
    remedy: str
    wait_seconds: int
    attempt: int
    instances: Mapping[str, str]
    fallbacks: Mapping[str, list[str]]


def decide(state: str, cause: Cause, recovery: Mapping[str, Any], *, max_attempts: int) -> Diagnosis:
    """`recovery` is the state machine's record: `attempt`, and `instances` and `fallbacks` by state."""
    rule = find_rule(cause)
    attempt = recovery["attempt"] + 1
    instances, fallbacks = dict(recovery["instances"]), dict(recovery["fallbacks"])
    action: Literal["retry", "fallback", "fail"] = "fail"
    # A state without an instance type does not run a job; its own retries were all that could be tried.
    if state in instances and rule.kind != "fail" and attempt <= max_attempts:
        action = "retry"
        if rule.kind == "capacity" and fallbacks.get(state):
            action = "fallback"
            instances[state], *fallbacks[state] = fallbacks[state]
    wait = MIN_WAIT_SECONDS if action == "fallback" else min(rule.wait_seconds * attempt, MAX_WAIT_SECONDS)
    return Diagnosis(action, _reason(state, cause), _remedy(rule, cause), wait, attempt, instances, fallbacks)


def find_rule(cause: Cause) -> Rule:
    """The first rule that matches."""
    text = f"{cause.error}\n{cause.text}"
    found = next((rule for rule in RULES if re.search(rule.pattern, text)), None)
    if found:
        return found
    return STOPPED if cause.status == "Stopped" else UNKNOWN


def _reason(state: str, cause: Cause) -> str:
    return f"{state}: {cause.sentence}"


def _remedy(rule: Rule, cause: Cause) -> str:
    if cause.kind is None:
        return rule.remedy
    streams = f"{cause.kind.stream_prefix(cause.job)}*"
    return f"{rule.remedy} (job {cause.job}, log group {cause.kind.log_group}, streams {streams})"
