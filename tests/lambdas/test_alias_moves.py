"""Which version an alias names next, and when the fleet behind it is new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imgcls.contract.alias import Alias
from imgcls.contract.run_plan import MAX_FLEET_LOOKS
from lambdas.common.errors import NotReady, Refused, StaleComparison
from lambdas.publish_model import fleet, moves
from lambdas.publish_model.fleet import Rollout, RolloutFailed, copy_name, copy_prefix

FIRST, SECOND = "m/v1/model.tar.gz", "m/v2/model.tar.gz"
ALIAS = Alias("m", SECOND, (FIRST,), "somebody", "then", "before")
SIGNED = {"who": "me", "when": "now", "why": "better"}


def publish(before: Alias | None, target_model: str, compared_with: str | None = None) -> Alias:
    return moves.published(before, name="m", target_model=target_model, compared_with=compared_with, **SIGNED)


def test_publishing_signs_the_alias() -> None:
    assert publish(None, FIRST, "") == publish(None, FIRST) == Alias("m", FIRST, (), "me", "now", "better")
    third = publish(ALIAS, "m/v3/model.tar.gz", SECOND)
    assert third == Alias("m", "m/v3/model.tar.gz", (SECOND, FIRST), "me", "now", "better")
    assert publish(ALIAS, SECOND) is publish(ALIAS, SECOND, FIRST) is ALIAS


@pytest.mark.parametrize(
    ("before", "compared_with", "words"),
    [(ALIAS, FIRST, "m is at v2 now, .* compared with v1"), (ALIAS, "", "compared with nothing"),
     (None, FIRST, "m is at nothing now")],
)  # fmt: skip
def test_a_comparison_that_is_out_of_date_publishes_nothing(
    before: Alias | None, compared_with: str, words: str
) -> None:
    with pytest.raises(StaleComparison, match=words):
        publish(before, "m/v3/model.tar.gz", compared_with)


def test_a_rollback_has_a_target() -> None:
    assert moves.rollback_target(ALIAS, name="m", to=None) == FIRST
    assert moves.rollback_target(ALIAS, name="m", to="v1") == moves.rollback_target(ALIAS, name="m", to=FIRST) == FIRST


@pytest.mark.parametrize(
    ("before", "to", "words"),
    [
        (None, None, "m was never published"),
        (replace(ALIAS, previous=()), None, f"m .* earlier version than {SECOND}"),
        (ALIAS, "v2", "m is .*at v2.*: choose from v1"),
        (ALIAS, "other/v1/model.tar.gz", "other/v1/model.tar.gz .* m.*: choose from v1"),
        (replace(ALIAS, previous=()), "v2", "choose from none"),
        (replace(ALIAS, previous=(FIRST, "m/v0/model.tar.gz")), "v2", "choose from v1, v0"),
        (ALIAS, "v3", "v3 of m was never published, .*: choose from v1"),
    ],
)
def test_a_rollback_to_nowhere_says_why(before: Alias | None, to: str | None, words: str) -> None:
    with pytest.raises(Refused, match=words):
        moves.rollback_target(before, name="m", to=to)


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_a_busy_endpoint_is_waited_for(status: str) -> None:
    assert fleet.decide(status, "stack", Rollout("copy", "stack", MAX_FLEET_LOOKS - 1)) == "wait"
    with pytest.raises(NotReady, match=f"still {status} after 300 "):
        fleet.decide(status, "stack", Rollout("copy", "stack", MAX_FLEET_LOOKS))


COPY = "kennel-refresh-20261120132415"


@pytest.mark.parametrize("config", ["kennel-refresh-20261120132414", "other-refresh-20261120132415", "stack"])
def test_an_older_copy_or_another_endpoints_is_not_the_new_one(config: str) -> None:
    with pytest.raises(RolloutFailed, match=f"InService on {config}, not on {COPY}"):
        fleet.decide("InService", config, Rollout(COPY))


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed"])
def test_an_endpoint_that_is_down_is_an_error(status: str) -> None:
    with pytest.raises(RolloutFailed, match=f"the endpoint is {status}"):
        fleet.decide(status, COPY, Rollout(COPY))


def test_a_copys_name_sorts_by_its_time() -> None:
    assert (copy_prefix("kennel"), copy_name("kennel", "2026")) == ("kennel-refresh-", "kennel-refresh-2026")
    assert copy_prefix("k" * 63) == "k" * 40 + "-refresh-" and copy_prefix("k" * 39 + "-k") == "k" * 39 + "-refresh-"
