"""`embedded_overhead`: a pipeline run in the local cloud beside its scripts, run by hand one after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.by_hand import Script, scripts_of
from benchmarks.harness import Row, make_row
from imgcls.contract import evaluation, keys
from kennel.cloud.session import Session
from kennel.runs import executions
from kennel.workspace.clone import ROOT

MODEL, DATASET = "dog-breed-classifier", "dog-breeds"
CLASSES, PER_CLASS = 5, 60
"""As in `make demo`."""
MAX_ROUNDS, MAX_SECONDS = 3, 480.0


def run(ids: Sequence[str]) -> Iterator[Row]:
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder, _deployed(Path(folder)) as session:
        begin = time.perf_counter()
        for number in range(MAX_ROUNDS):
            # The cloud first: the scripts take their command lines and inputs from its jobs.
            seconds, scripts = _in_the_cloud(session, f"round-{number}", Path(folder) / str(number))
            rounds.append({"pipeline": seconds, "scripts by hand": sum(script.run() for script in scripts)})
            _check_same_answers(session, f"round-{number}", scripts)
            if (time.perf_counter() - begin) * (number + 2) / (number + 1) > MAX_SECONDS:
                break
    yield make_row(
        "embedded_overhead",
        f"a pipeline run of {MODEL} on {CLASSES * PER_CLASS} images, from its start to the published model",
        "s",
        "lower",
        rounds,
        ours="pipeline",
        notes=[f"{len(rounds)} rounds; jobs by hand: {', '.join(script.name for script in scripts)}"],
    )


@contextmanager
def _deployed(folder: Path) -> Iterator[Session]:
    """A local cloud of its own with all stacks and the data set; forgotten afterwards."""
    before, os.environ["KENNEL_HOME"] = os.environ.get("KENNEL_HOME"), str(folder / "home")
    try:
        data = folder / "data"
        _kennel("data", "sample", str(data), "--classes", str(CLASSES), "--per-class", str(PER_CLASS))
        _kennel("local", "up", "--port", "0")
        _kennel("deploy")
        _kennel("data", "upload", str(data), "--dataset", DATASET)
        yield Session("local")
    finally:
        _kennel("local", "down")
        del os.environ["KENNEL_HOME"]
        if before is not None:
            os.environ["KENNEL_HOME"] = before


def _in_the_cloud(session: Session, name: str, folder: Path) -> tuple[float, list[Script]]:
    """The execution's seconds by its own clock, and what its jobs ran. Raises RuntimeError unless it published."""
    _kennel("pipeline", "start", "--name", name, "--model", MODEL, "--no-tune", "--wait")
    done = executions.describe(session, name)
    outcomes = {item["model"]: item["outcome"] for item in done.output["outcomes"]}
    if outcomes != {MODEL: "published"}:
        raise RuntimeError(f"{name} published nothing, so it did less than a whole run: {outcomes}")
    return done.seconds, scripts_of(session, done, folder)


def _check_same_answers(session: Session, name: str, scripts: Sequence[Script]) -> None:
    """The evaluation by hand has the accuracy of the job's, else the two did not do the same."""
    answer = session.client("s3").get_object(Bucket=session.output("ArtifactsBucket"), Key=keys.evaluation(name, MODEL))
    (by_hand,) = (path for script in scripts for path in script.folder.rglob(evaluation.FILE))
    figures: list[Any] = [json.loads(text)["accuracy"] for text in (answer["Body"].read(), by_hand.read_text())]
    if figures[0] != figures[1]:
        raise RuntimeError(f"the job's model has accuracy {figures[0]}, the one by hand {figures[1]}")


def _kennel(*arguments: str) -> None:
    """A command of the product. Raises RuntimeError with what it said."""
    command = [sys.executable, "-m", "kennel", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"kennel {' '.join(arguments)} failed: {(done.stdout + done.stderr)[-2000:]}")
