"""The data of states stays far below the service's limit of 256 KB, even in a run of forty models."""

from __future__ import annotations

import json

import config
from imgcls.contract.run_plan import MAX_MODELS
from pipeline import state_machine
from tests.pipeline.harness import Runner, many_models
from tests.pipeline.services import failed_job

LIMIT = 64 * 1024
LONG_EXECUTION = "0f0e0d0c-0b0a-0908-0706-050403020100_0f0e0d0c-0b0a-0908-0706-050403020100"
"""The form in which EventBridge names an execution."""


def test_outputs_stay_small_with_forty_models() -> None:
    settings = config.load("prod")
    runner = Runner(settings, many_models(settings, MAX_MODELS))
    found = runner.run(execution=LONG_EXECUTION)
    assert found.error is None and len(found.outcomes) == MAX_MODELS
    largest = max(found.output_bytes, key=lambda state: found.output_bytes[state])
    assert found.output_bytes[largest] < LIMIT, f"{largest}: {found.output_bytes[largest]} bytes"


def test_outputs_stay_small_when_forty_models_fail() -> None:
    settings = config.load("prod")
    runner = Runner(settings, many_models(settings, MAX_MODELS))
    # The Cause of a failed job is its whole description; its reason has at most 1,024 characters.
    runner.script["TrainModel"] = [failed_job("TrainModel", FailureReason="AlgorithmError: " + "x" * 1000)]
    found = runner.run(execution=LONG_EXECUTION)
    assert len(found.failures) == MAX_MODELS
    assert max(found.output_bytes.values()) < LIMIT
    assert found.error and len(found.error.cause) < 32768, "the service truncates a longer cause"


def test_the_definition_is_far_below_the_limit_of_a_megabyte() -> None:
    assert len(json.dumps(state_machine(config.load("prod")))) < 64 * 1024
