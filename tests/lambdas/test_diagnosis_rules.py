"""Every rule of the diagnosis, at the attempt and the figure where it turns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imgcls.contract.failures.causes import read_caught
from lambdas.diagnose_failure.decision import MAX_WAIT_SECONDS, MIN_WAIT_SECONDS, RULES, decide, find_rule

CAPACITY = ("CapacityError", "InsufficientInstanceCapacity", "Unable to provision requested ML compute capacity")
WAITS = {
    **dict.fromkeys(CAPACITY, ("capacity", 300)),
    "ResourceLimitExceeded": ("capacity", 60),
    **dict.fromkeys(("InternalServerError", "InternalFailure", "InternalError"), ("again", 30)),
    **dict.fromkeys(("ThrottlingException", "Rate exceeded", "TooManyRequests"), ("again", 60)),
}
FAILS = (
    "MaxRuntimeExceeded", "MaxWaitTimeExceeded", "AccessDenied", "not authorized to perform", "No S3 objects found",
    "NoSuchKey", "s3://b/k does not exist", "Data download failed", "Kennel.NoTrialSucceeded", "AlgorithmError",
    "OutOfMemory", "ValidationException", "never seen",
)  # fmt: skip


def diagnose(cause: str, attempt: int = 0, fallbacks: tuple[str, ...] = (), error: str = "Error") -> Any:
    recovery = {
        "attempt": attempt,
        "instances": {"T": "ml.a", "O": "ml.o"},
        "fallbacks": {"T": list(fallbacks), "O": []},
    }
    return decide("T", read_caught({"Error": error, "Cause": cause}), recovery, max_attempts=3)


@pytest.mark.parametrize(("cause", "kind", "seconds"), [(cause, *answer) for cause, answer in WAITS.items()])
def test_what_passes_is_waited_for_longer_each_time(cause: str, kind: str, seconds: int) -> None:
    for attempt in range(3):
        found = diagnose(cause, attempt)
        assert (found.action, found.attempt) == ("retry", attempt + 1)
        assert found.wait_seconds == min(seconds * (attempt + 1), 900)
    assert diagnose(cause, attempt=3).action == "fail"
    fallen = diagnose(cause, fallbacks=("ml.b",))
    assert (fallen.action == "fallback") is (kind == "capacity")
    if kind == "capacity":
        # The next type is tried at once: a job's name has the second in it, and two seconds make another one.
        assert (fallen.wait_seconds, fallen.instances, fallen.fallbacks) == (
            2, {"T": "ml.b", "O": "ml.o"}, {"T": [], "O": []},
        )  # fmt: skip


def test_waits_have_limits() -> None:
    assert (MIN_WAIT_SECONDS, MAX_WAIT_SECONDS) == (2, 900)
    assert diagnose("CapacityError", attempt=2).wait_seconds == 900


@pytest.mark.parametrize("cause", FAILS)
def test_what_does_not_pass_ends_the_model(cause: str) -> None:
    found = diagnose(cause, fallbacks=("ml.b",))
    assert (found.action, found.wait_seconds, found.instances["T"]) == ("fail", 2, "ml.a")


def test_the_given_record_is_not_changed() -> None:
    recovery = {"attempt": 0, "instances": {"T": "ml.a"}, "fallbacks": {"T": ["ml.b"]}}
    before = json.loads(json.dumps(recovery))
    decide("T", read_caught({"Error": "E", "Cause": "CapacityError"}), recovery, max_attempts=3)
    assert recovery == before


def test_each_rule_has_its_own_remedy_and_the_first_one_counts() -> None:
    assert len({rule.remedy for rule in RULES}) == len(RULES)
    assert find_rule(read_caught({"Error": "Refused", "Cause": "CapacityError"})) == RULES[1]
    # The name of a class counts at the beginning only.
    for error in ("NotRefused", "Refusedly"):
        assert find_rule(read_caught({"Error": error, "Cause": ""})) not in RULES[:2]
    assert find_rule(read_caught({"Error": "StaleComparison", "Cause": ""})) == RULES[0]
    assert find_rule(read_caught({"Error": "X", "Cause": "States.Timeout"})) not in RULES
