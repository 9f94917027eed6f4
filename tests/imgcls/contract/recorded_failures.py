"""Recorded failures as the services report them, and the sentence that is shown for each everywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass

SCRIPT = (
    "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"
    'ErrorMessage "Traceback (most recent call last):\n  File "train.py", line 3\nValueError: bad lr\n"\n'
    'Command "/usr/bin/python3 train.py --lr 9", exit code: 1'
)


@dataclass(frozen=True)
class Failure:
    """`error` and `cause` as in a failed state's event; `sentence` is what is shown."""

    error: str
    cause: str | None
    sentence: str


def training(sentence: str, **description: str) -> Failure:
    return _job("TrainingJob", "States.TaskFailed", sentence, description)


def processing(sentence: str, **description: str) -> Failure:
    return _job("ProcessingJob", "States.TaskFailed", sentence, description)


def tuning(sentence: str, **description: str) -> Failure:
    return _job("HyperParameterTuningJob", "States.TaskFailed", sentence, description)


def _job(noun: str, error: str, sentence: str, description: dict[str, str]) -> Failure:
    document = {f"{noun}Name": "job-1", f"{noun}Status": "Failed", **description}
    return Failure(error, json.dumps(document), sentence)


def function(error: str, sentence: str) -> Failure:
    return Failure(
        error, json.dumps({"errorMessage": sentence, "errorType": error, "stackTrace": ['  File "x.py"']}), sentence
    )


FAILURES = (
    training("ValueError: bad lr", FailureReason=SCRIPT),
    training("bad lr", FailureReason=SCRIPT.replace("ValueError", "RuntimeError")),
    training("KeyError: 'a'", FailureReason="AlgorithmError: ...t(1)\n  File x.py\nKeyError: 'a', exit code: 1"),
    training(", exit code: 137", FailureReason="AlgorithmError: , exit code: 137"),
    training("Data download failed: no object", FailureReason="ClientError: Data download failed: no object"),
    training("Unable to provision capacity", FailureReason="CapacityError: Unable to provision capacity"),
    training("the job ended Stopped", TrainingJobStatus="Stopped", SecondaryStatus="MaxRuntimeExceeded"),
    processing(
        "no good image is left", FailureReason="AlgorithmError: exit code: 1", ExitMessage="no good image is left"
    ),
    processing(
        "24 of 24 files are unusable: 001.jpg is cut short; remove them",
        FailureReason="AlgorithmError: See job logs for more information",
        ExitMessage="24 of 24 files are unusable:\n001.jpg is cut short; remove them\n",
    ),
    tuning("the job ended Failed", HyperParameterTuningJobStatus="Failed"),
    tuning("All training jobs failed", FailureReason="ClientError: All training jobs failed"),
    function("Refused", "models is 1: give a list"),
    function("StaleComparison", "dogs is at v2 now, and this version was compared with v1"),
    Failure("SageMaker.AmazonSageMakerException", "Rate exceeded", "Rate exceeded"),
    Failure("States.Timeout", "", "it did not end within its time limit"),
    Failure("Kennel.NoTrialSucceeded", "no trial succeeded\n", "no trial succeeded"),
    Failure("Weird", "[1, 2]", "[1, 2]"),
    Failure("Weird", '{"Status": "Odd"}', '{"Status": "Odd"}'),
    Failure("Weird", None, "Weird"),
    Failure("Weird", "word " * 200, "word " * 59 + "wo..."),
)
