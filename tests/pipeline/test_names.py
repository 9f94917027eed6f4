"""Job names: unique on retry and redrive, and short enough."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import StructureShape

from imgcls.contract.run_plan import MAX_BASE_CHARS
from localcloud.stepfunctions.asl import intrinsics
from localcloud.stepfunctions.asl.scope import Scope
from pipeline.names import MAX_TUNING_JOB_NAME, job_name
from tests.pipeline.services import CREATE_SEARCH
from tests.pipeline.test_job_parameters import shape_of


def name(entered: str, retry: int = 0, base: str = "dog-breed-c-1a2b3c") -> str:
    context: dict[str, Any] = {"State": {"EnteredTime": entered, "RetryCount": retry}}
    return str(Scope({"base": base}, context).evaluate(job_name("$.base"), "name"))


@pytest.mark.parametrize(
    "entered", ["2026-11-20T13:24:15.123Z", "2026-11-20T13:24:15Z", "2026-11-20T13:24:15.123456+00:00"]
)
def test_the_fraction_of_the_second_is_optional(entered: str) -> None:
    assert name(entered) == "dog-breed-c-1a2b3c-20132415-0"


def test_a_retry_and_a_later_entry_get_new_names() -> None:
    first = name("2026-11-20T13:24:15Z")
    assert len({first, name("2026-11-20T13:24:15Z", retry=1), name("2026-11-20T13:24:17Z")}) == 3


def test_the_longest_name_fits_a_tuning_job() -> None:
    assert len(name("2026-11-20T13:24:15Z", retry=9, base="x" * MAX_BASE_CHARS)) <= MAX_TUNING_JOB_NAME
    request = shape_of(CREATE_SEARCH)
    assert isinstance(request, StructureShape)
    assert request.members["HyperParameterTuningJobName"].metadata["max"] == MAX_TUNING_JOB_NAME


def test_the_intrinsic_function_can_be_parsed() -> None:
    assert intrinsics.parse(job_name("$.base"))
