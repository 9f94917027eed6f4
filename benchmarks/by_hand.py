"""The scripts of an execution's jobs, to run again by hand: the same inputs and options, no cloud around them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imgcls.contract import keys
from kennel.cloud.session import Session
from kennel.runs.executions import Run
from kennel.workspace.clone import ROOT

_CONTAINER = "/opt/ml"


@dataclass(frozen=True)
class Script:
    """A script of model_code/ with its arguments, whose paths lie below `folder`."""

    name: str
    arguments: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> float:
        """Seconds from starting Python to its end. Raises CalledProcessError."""
        command = [sys.executable, str(ROOT / "model_code" / self.name), *self.arguments]
        begin = time.perf_counter()
        with (self.folder / "log.txt").open("w") as log:
            environment = {**os.environ, **self.environment}
            subprocess.run(command, cwd=self.folder, env=environment, check=True, stdout=log, stderr=log)
        return time.perf_counter() - begin


def scripts_of(session: Session, run: Run, folder: Path) -> list[Script]:
    """What the jobs of an execution ran, in their order, each with its inputs copied below `folder`."""
    jobs = list(dict.fromkeys(visit.job for visit in run.visits if visit.job is not None))
    made = []
    for job in jobs:
        place = folder / job.name
        (place / "output").mkdir(parents=True)
        describe = {"training": _training, "processing": _processing}[job.kind]
        made.append(describe(session, job.name, place))
    return made


def _processing(session: Session, name: str, place: Path) -> Script:
    job = session.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    specification = job["AppSpecification"]
    for item in job["ProcessingInputs"]:
        if item["InputName"] != "code":
            _copy(session, item["S3Input"]["S3Uri"], Path(_local(item["S3Input"]["LocalPath"], place)))
    arguments = [_local(text, place) for text in specification["ContainerArguments"]]
    return Script(specification["ContainerEntrypoint"][-1], arguments, place)


def _training(session: Session, name: str, place: Path) -> Script:
    job = session.client("sagemaker").describe_training_job(TrainingJobName=name)
    options = {key: value for key, value in job["HyperParameters"].items() if not key.startswith("sagemaker_")}
    for channel in job["InputDataConfig"]:
        if channel["ChannelName"] != "code":
            path = place / "input" / channel["ChannelName"]
            _copy(session, channel["DataSource"]["S3DataSource"]["S3Uri"], path)
            options[channel["ChannelName"]] = str(path)
    options |= {"model-dir": str(place / "model"), "output-data-dir": str(place / "output")}
    arguments = [text for key, value in options.items() for text in (f"--{key}", value)]
    # As in a job: the graph is exported by the evaluation and not here.
    return Script(job["HyperParameters"]["sagemaker_program"], arguments, place, {"TRAINING_JOB_NAME": name})


def _local(text: str, place: Path) -> str:
    return text.replace(_CONTAINER, str(place), 1) if text.startswith(_CONTAINER) else text


def _copy(session: Session, uri: str, folder: Path) -> None:
    """Every object of a prefix, or the one object that the URI names."""
    s3, (bucket, prefix) = session.client("s3"), keys.parse_uri(uri)
    items: list[dict[str, Any]] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        items += page.get("Contents", ())
    if not items:
        raise ValueError(f"{uri} contains no object")
    folder.mkdir(parents=True, exist_ok=True)
    for item in items:
        path = folder / (item["Key"].removeprefix(prefix).lstrip("/") or Path(prefix).name)
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, item["Key"], str(path))
