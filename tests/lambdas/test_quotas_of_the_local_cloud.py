"""PlanRun against the local cloud's Service Quotas: the same names, and an answer in time although it is throttled."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lambdas.common.clients import quick_client
from lambdas.plan_run import account_quotas
from lambdas.plan_run.quotas import PER_JOB, TOTALS, TRIALS_AT_ONCE, quota_name
from localcloud import LocalCloud
from localcloud.service_quotas import catalogue

NAME = quota_name("ml.m5.large", "training")


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    quick_client.cache_clear()
    with LocalCloud() as running:
        yield running
    quick_client.cache_clear()


def test_both_call_quotas_the_same() -> None:
    assert catalogue.TOTALS == TOTALS and catalogue.TRIALS_AT_ONCE == TRIALS_AT_ONCE
    assert PER_JOB.items() <= catalogue.PER_JOB.items()
    for kind in TOTALS:
        assert catalogue.usage_name(kind, "ml.m5.large") == quota_name("ml.m5.large", kind)


def test_what_is_needed_is_read_in_time_although_calls_are_limited(cloud: LocalCloud) -> None:
    cloud.cloud.quotas.set(NAME, 3)
    begun = time.monotonic()
    answer = account_quotas.read({NAME, TOTALS["training"], TOTALS["endpoint"], "not listed"})
    assert answer.found[NAME].value == 3 and len(answer.found) == 3 and not answer.note
    assert time.monotonic() - begun < account_quotas.BUDGET_SECONDS
