"""States stay small: the service's limit is 256 KB, and a run of forty models must not come near it."""

from __future__ import annotations

import json

import config
from imgcls.contract.run_plan import MAX_MODELS
from pipeline import state_machine
from tests.pipeline.harness import Runner, many_models
from tests.pipeline.services import failed_job

LIMIT = 64 * 1024
LONG_EXECUTION = "0f0e0d0c-0b0a-0908-0706-050403020100_0f0e0d0c-0b0a-0908-0706-050403020100"
"""As EventBridge names an execution."""


def test_no_output_is_large_with_forty_models():
    settings = config.load("prod")
    runner = Runner(settings, many_models(settings, MAX_MODELS))
    found = runner.run(execution=LONG_EXECUTION)
    assert found.error is None and len(found.outcomes) == MAX_MODELS
    largest = max(found.output_bytes, key=found.output_bytes.get)
    assert found.output_bytes[largest] < LIMIT, f"{largest}: {found.output_bytes[largest]} bytes"


def test_no_output_is_large_when_all_of_them_fail():
    settings = config.load("prod")
    runner = Runner(settings, many_models(settings, MAX_MODELS))
    # The Cause of a failed job is its whole description; its reason has at most 1,024 characters.
    runner.script["TrainModel"] = [failed_job("TrainModel", FailureReason="AlgorithmError: " + "x" * 1000)]
    found = runner.run(execution=LONG_EXECUTION)
    assert len(found.failures) == MAX_MODELS
    assert max(found.output_bytes.values()) < LIMIT
    assert len(found.error.cause) < 32768, "the service cuts a longer cause"


def test_the_definition_is_far_below_a_megabyte():
    assert len(json.dumps(state_machine(config.load("prod")))) < 64 * 1024
