"""Job names: unique on retry and redrive, and short enough."""

from __future__ import annotations

import pytest

from imgcls.contract.run_plan import MAX_BASE_CHARS
from localcloud.stepfunctions.asl import intrinsics
from localcloud.stepfunctions.asl.scope import Scope
from pipeline.names import MAX_TUNING_JOB_NAME, job_name


def name(entered, retry=0, base="dog-breed-c-1a2b3c"):
    context = {"State": {"EnteredTime": entered, "RetryCount": retry}}
    return Scope({"base": base}, context).evaluate(job_name("$.base"), "name")


@pytest.mark.parametrize(
    "entered", ["2026-11-20T13:24:15.123Z", "2026-11-20T13:24:15Z", "2026-11-20T13:24:15.123456+00:00"]
)
def test_the_fraction_of_the_second_may_be_there_or_not(entered):
    assert name(entered) == "dog-breed-c-1a2b3c-1120132415-0"


def test_a_retry_and_a_later_entry_have_other_names():
    first = name("2026-11-20T13:24:15Z")
    assert len({first, name("2026-11-20T13:24:15Z", retry=1), name("2026-11-20T13:24:17Z")}) == 3


def test_the_longest_fits_a_tuning_job():
    assert len(name("2026-11-20T13:24:15Z", retry=9, base="x" * MAX_BASE_CHARS)) <= MAX_TUNING_JOB_NAME


def test_the_intrinsic_is_one_that_the_service_parses():
    assert intrinsics.parse(job_name("$.base"))
