"""The steps, each a command as a user types it, and the rows of docs/never-run.md that each proves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config.app import AppConfig
from kennel.preflight.spend.project import DATASET, MODEL, PER_CLASS, SEED

RUN = "smoke"
BUILDS = ("codebuild-starts", "codebuild-build", "build-answers")
PIPELINE = ("python-3.14", "no-way-out", "conditional-copy", "package-approval")
BUILT = "build-manifest"
"""Only a job and an endpoint show that SageMaker takes what was built."""


@dataclass(frozen=True)
class Step:
    """`arguments` of the command; `settles`: the rows that it proves by succeeding. `cloud`: it has an environment."""

    title: str
    arguments: tuple[str, ...]
    settles: tuple[str, ...] = ()
    cloud: bool = True


def steps(config: AppConfig, folder: Path, execution: str) -> tuple[Step, ...]:
    """What is done, in order; the images are drawn into `folder`."""
    sample = ("--layout", "cats-dogs", "--classes", "2", "--per-class", str(PER_CLASS), "--seed", str(SEED))
    images = str(folder / "data")
    built = config.images.source == "codebuild"
    builds = BUILDS if built else ()
    return (
        Step("draw pictures", ("data", "sample", images, *sample), cloud=False),
        Step("deploy", ("deploy",), ("templates-accepted", "first-deploy", *builds)),
        Step("turn the endpoint on", ("endpoint", "on")),
        Step("upload the pictures", ("data", "upload", images, "--dataset", DATASET)),
        Step("start the pipeline", ("pipeline", "start", "--tune", "--name", execution)),
        Step(
            "prepare, tune, train, evaluate, publish",
            ("pipeline", "watch", execution),
            (*PIPELINE, *([BUILT] if built else [])),
        ),
        Step("ask the endpoint", ("predict", f"{images}/cats/cat.0.jpg", "--model", MODEL)),
        Step(
            "classify a folder with a batch transform job",
            ("batch", str(folder / "data" / "cats"), "--model", MODEL, "--output", str(folder / "answers.jsonl")),
            ("batch-transform", "iam-allows"),
        ),
        Step("turn the endpoint off", ("endpoint", "off", "--yes"), ("endpoint-switch",)),
    )


def clean_up(execution: str) -> tuple[Step, ...]:
    """What is done at the end, whatever happened before. The first may fail: there may be nothing to stop."""
    return (
        Step("stop the pipeline", ("pipeline", "stop", execution)),
        Step("destroy", ("destroy", "--yes"), ("clean-destroy",)),
    )
