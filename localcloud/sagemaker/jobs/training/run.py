"""One training job, from its channels to its artifacts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.container import EarlyEnd
from localcloud.sagemaker.jobs.execution import (
    LOG_SECONDS,
    STOP_GRACE_SECONDS,
    JobExecution,
    TimedAction,
    transfer,
)
from localcloud.sagemaker.jobs.failures import JobFailedError, algorithm_error
from localcloud.sagemaker.jobs.hosts import Host
from localcloud.sagemaker.jobs.metrics import MetricScanner
from localcloud.sagemaker.jobs.objects import FolderSync, join_uri
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.side_by_side import Outcome
from localcloud.sagemaker.jobs.training.configuration import write_configuration
from localcloud.sagemaker.jobs.training.record import TrainingJob
from localcloud.sagemaker.jobs.training.spot import SpotCapacity
from localcloud.sagemaker.jobs.training.torchrun import torchrun_variables, wants_torchrun

CHECKPOINT_SECONDS = 3.0
_FINAL_STATUS = {
    "exited": "Completed",
    "stopped": "Stopped",
    "max_runtime": "MaxRuntimeExceeded",
    "max_wait": "MaxWaitTimeExceeded",
}


class TrainingRun(JobExecution[TrainingJob]):
    """Executes a training job with AWS's training toolkit, or with the entrypoint that the job names."""

    kind = "training"
    folder = "training-jobs"
    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(self, cloud: Cloud, runner: JobRunner, job: TrainingJob) -> None:
        super().__init__(cloud, runner, job)
        definitions = job.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._metrics = MetricScanner(definitions, job.name, cloud.client("cloudwatch", self._role))
        self._checkpoints: dict[str, str] = job.request.get("CheckpointConfig", {})
        self._spot: SpotCapacity | None = None
        if job.request.get("EnableManagedSpotTraining"):
            self._spot = SpotCapacity(job, cloud.faults, runner.closing, STOP_GRACE_SECONDS)
        self._trained_seconds = 0.0  # in earlier attempts
        job.metric_values = self._metrics.values

    @property
    def _num_instances(self) -> int:
        return self._request["ResourceConfig"]["InstanceCount"]

    def _execute(self) -> str:
        while True:
            with self._hosts() as hosts:
                status = self._attempt(hosts)
            if status is not None:
                return status
            assert self._spot is not None
            if status := self._spot.come_back():
                return status
            self._job.enter("Starting")

    def _attempt(self, hosts: Sequence[Host]) -> str | None:
        """Train from the channels and the checkpoints there are; the status in which that ends, None if interrupted."""
        self._job.enter("Downloading")
        for host in hosts:
            self._download(host)
            write_configuration(host, self._request)
        if self._job.stop_requested.is_set():
            return "Stopped"
        self._job.enter("Training")
        outcome = self._train(hosts)
        if outcome.ending == "closed":
            return "Stopped"
        if outcome.ending == "interrupted":
            self._job.enter("Interrupted")
            return None
        self._job.final_metrics = self._metrics.final()
        if outcome.ending == "exited" and not outcome.failed:
            self._job.enter("Uploading")
        self._upload(hosts, with_model=not outcome.failed)
        if outcome.failed:
            position, ended = outcome.failed
            raise JobFailedError(algorithm_error(hosts[position].opt_ml, ended))
        return _FINAL_STATUS[outcome.ending]

    def _download(self, host: Host) -> None:
        with transfer("Data download"):
            for channel in self._request.get("InputDataConfig", []):
                target = host.opt_ml.base / "input/data" / channel["ChannelName"]
                self._objects.download_input(channel["DataSource"]["S3DataSource"], target, host)
            if self._checkpoints:
                self._objects.download_prefix(join_uri(self._checkpoints["S3Uri"], ""), self._checkpoint_folder(host))

    def _checkpoint_folder(self, host: Host) -> Path:
        return host.opt_ml.path(self._checkpoints.get("LocalPath", "/opt/ml/checkpoints"))

    def _early_end(self) -> EarlyEnd | None:
        return super()._early_end() or (self._spot.early_end() if self._spot else None)

    def _read(self, line: str) -> None:
        self._metrics.scan(line)
        if self._spot:
            self._spot.saw(line)

    def _train(self, hosts: Sequence[Host]) -> Outcome:
        algorithm = self._request["AlgorithmSpecification"]
        image = self._image(algorithm["TrainingImage"])

        def argv(host: Host) -> list[str]:
            localized = host.opt_ml.localized
            entrypoint = localized(algorithm.get("ContainerEntrypoint", [])) or list(image.command) or ["train"]
            return [*entrypoint, *localized(algorithm.get("ContainerArguments", []))]

        checkpoint_uploads = [self._checkpoint_upload(host) for host in hosts] if self._checkpoints else []
        started = time.monotonic()
        if self._spot:
            self._spot.begin()
        outcome = self._run_containers(
            hosts,
            argv,
            {**self._variables(), **image.environment},
            isolated=self._request.get("EnableNetworkIsolation", False),
            max_runtime_seconds=self._max_runtime_seconds - self._trained_seconds,
            on_line=self._read,
            actions=[(LOG_SECONDS, self._metrics.ship), *checkpoint_uploads],
        )
        self._trained_seconds += time.monotonic() - started
        if outcome.ending != "closed":  # once more, for what came after the last tick
            self._metrics.ship()
            if outcome.ending != "interrupted" or (self._spot and self._spot.gave_notice):
                for _, upload in checkpoint_uploads:
                    upload()
        return outcome

    def _variables(self) -> dict[str, str]:
        variables = {"TRAINING_JOB_NAME": self._job.name, "TRAINING_JOB_ARN": self._job.arn}
        if wants_torchrun(self._request):
            variables |= torchrun_variables()
        return variables

    def _checkpoint_upload(self, host: Host) -> TimedAction:
        checkpoints = FolderSync(self._objects, self._checkpoint_folder(host), self._checkpoints["S3Uri"])

        def sync() -> None:
            with transfer("Checkpoint upload"):
                checkpoints.sync()

        return CHECKPOINT_SECONDS, sync

    def _upload(self, hosts: Sequence[Host], *, with_model: bool) -> None:
        """Artifacts to S3: the output data in any case, the model unless the script failed."""
        with transfer("Artifact upload"):
            outputs = [host.opt_ml.base / "output/data" for host in hosts]
            if any(any(folder.iterdir()) for folder in outputs):
                self._upload_folders(outputs, "output")
            if with_model:
                self._job.artifacts = self._upload_folders([host.opt_ml.base / "model" for host in hosts], "model")

    def _upload_folders(self, folders: Sequence[Path], name: str) -> str:
        output: dict[str, Any] = self._request["OutputDataConfig"]
        target = join_uri(output["S3OutputPath"], self._job.name, "output", name)
        if output.get("CompressionType") == "NONE":
            self._objects.upload_folders(folders, target)
            return target + "/"
        self._objects.upload_archive(folders, target + ".tar.gz")
        return target + ".tar.gz"
