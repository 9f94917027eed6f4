"""Causes as the services write them, and the sentence a person reads."""

from __future__ import annotations

import json

import pytest

from kennel.runs.reasons import reason


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (
            json.dumps({"errorMessage": "modles is unknown", "errorType": "InputError", "stackTrace": []}),
            "modles is unknown",
        ),
        (
            json.dumps({"ProcessingJobStatus": "Failed", "ExitMessage": "no images", "FailureReason": "exit 1"}),
            "no images",
        ),
        (json.dumps({"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: nan"}), "AlgorithmError: nan"),
        (json.dumps([{"model": "dogs", "reason": "nan loss", "remedy": "lower lr"}]), "dogs: nan loss (lower lr)"),
        (json.dumps([{"model": "", "reason": "no data"}, {"model": "b", "reason": "x"}]), "no data; b: x"),
        ("plain words\n", "plain words"),
        ('{"Status": "Odd"}', '{"Status": "Odd"}'),
        (None, "States.Timeout"),
    ],
)
def test_the_sentence_in_a_cause(cause, sentence):
    assert reason(cause, "States.Timeout") == sentence
