"""Executes one training job, from its channels to its artifacts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.container import Termination
from localcloud.sagemaker.jobs.container_group import Outcome
from localcloud.sagemaker.jobs.execution import (
    LOG_SECONDS,
    STOP_GRACE_SECONDS,
    JobExecution,
    transfer,
)
from localcloud.sagemaker.jobs.failures import JobFailedError, algorithm_error
from localcloud.sagemaker.jobs.hosts import Host
from localcloud.sagemaker.jobs.metrics import MetricScanner
from localcloud.sagemaker.jobs.periodic import PeriodicAction
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.s3_transfer import FolderSync, join_uri
from localcloud.sagemaker.jobs.training.configuration import write_configuration
from localcloud.sagemaker.jobs.training.record import TrainingJob
from localcloud.sagemaker.jobs.training.request import CheckpointConfig
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
    """Executes a training job with AWS's training toolkit or with the job's own ContainerEntrypoint."""

    kind = "training"
    folder = "training-jobs"
    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(self, cloud: Cloud, runner: JobRunner, job: TrainingJob) -> None:
        super().__init__(cloud, runner, job, job.request["RoleArn"])
        definitions = job.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._metrics = MetricScanner(definitions, job.name, cloud.client("cloudwatch", self._role))
        self._checkpoints: CheckpointConfig | None = job.request.get("CheckpointConfig")
        self._spot: SpotCapacity | None = None
        if job.request.get("EnableManagedSpotTraining"):
            self._spot = SpotCapacity(job, cloud.faults, runner.closing, STOP_GRACE_SECONDS)
        self._trained_seconds = 0.0  # in earlier attempts
        job.metric_values = self._metrics.values

    @property
    def _num_instances(self) -> int:
        return self._job.request["ResourceConfig"]["InstanceCount"]

    @property
    def _instance_type(self) -> str:
        return self._job.request["ResourceConfig"]["InstanceType"]

    def _execute(self) -> str:
        while True:
            with self._hosts() as hosts:
                status = self._attempt(hosts)
            if status is not None:
                return status
            assert self._spot is not None
            if status := self._spot.wait_for_capacity():
                return status
            self._job.enter("Starting")

    def _attempt(self, hosts: Sequence[Host]) -> str | None:
        """Train from the channels and existing checkpoints; returns the final status, or None if interrupted."""
        self._job.enter("Downloading")
        for host in hosts:
            self._download(host)
            write_configuration(host, self._job.request)
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
            for channel in self._job.request.get("InputDataConfig", []):
                target = host.opt_ml.base / "input/data" / channel["ChannelName"]
                self._s3.download_input(channel["DataSource"]["S3DataSource"], target, host)
            if self._checkpoints:
                folder = _checkpoint_folder(host, self._checkpoints)
                self._s3.download_prefix(join_uri(self._checkpoints["S3Uri"], ""), folder)

    def _termination(self) -> Termination | None:
        return super()._termination() or (self._spot.termination() if self._spot else None)

    def _read(self, line: str) -> None:
        self._metrics.scan(line)
        if self._spot:
            self._spot.scan(line)

    def _train(self, hosts: Sequence[Host]) -> Outcome:
        algorithm = self._job.request["AlgorithmSpecification"]
        image = self._image(algorithm["TrainingImage"])

        def argv(host: Host) -> list[str]:
            local = host.opt_ml.local_arguments
            entrypoint = local(algorithm.get("ContainerEntrypoint", [])) or list(image.command) or ["train"]
            return [*entrypoint, *local(algorithm.get("ContainerArguments", []))]

        checkpoint_uploads = self._checkpoint_uploads(hosts)
        started = time.monotonic()
        if self._spot:
            self._spot.start_attempt()
        outcome = self._run_containers(
            hosts,
            argv,
            {**self._variables(), **image.environment},
            isolated=self._job.request.get("EnableNetworkIsolation", False),
            max_runtime_seconds=self._max_runtime_seconds - self._trained_seconds,
            on_line=self._read,
            actions=[(LOG_SECONDS, self._metrics.ship), *checkpoint_uploads],
        )
        self._trained_seconds += time.monotonic() - started
        if outcome.ending != "closed":  # once more, for changes since the last periodic run
            self._metrics.ship()
            if outcome.ending != "interrupted" or (self._spot and self._spot.gave_notice):
                for _, upload in checkpoint_uploads:
                    upload()
        return outcome

    def _variables(self) -> dict[str, str]:
        variables = {"TRAINING_JOB_NAME": self._job.name, "TRAINING_JOB_ARN": self._job.arn}
        if wants_torchrun(self._job.request):
            variables |= torchrun_variables()
        return variables

    def _checkpoint_uploads(self, hosts: Sequence[Host]) -> list[PeriodicAction]:
        if self._checkpoints is None:
            return []
        return [(CHECKPOINT_SECONDS, self._checkpoint_upload(host, self._checkpoints)) for host in hosts]

    def _checkpoint_upload(self, host: Host, checkpoints: CheckpointConfig) -> Callable[[], None]:
        folder = FolderSync(self._s3, _checkpoint_folder(host, checkpoints), checkpoints["S3Uri"])

        def upload() -> None:
            with transfer("Checkpoint upload"):
                folder.sync()

        return upload

    def _upload(self, hosts: Sequence[Host], *, with_model: bool) -> None:
        """Upload the output data and, if `with_model`, the model."""
        with transfer("Artifact upload"):
            outputs = [host.opt_ml.base / "output/data" for host in hosts]
            if any(any(folder.iterdir()) for folder in outputs):
                self._upload_folders(outputs, "output")
            if with_model:
                self._job.artifacts = self._upload_folders([host.opt_ml.base / "model" for host in hosts], "model")

    def _upload_folders(self, folders: Sequence[Path], name: str) -> str:
        output = self._job.request["OutputDataConfig"]
        target = join_uri(output["S3OutputPath"], self._job.name, "output", name)
        if output.get("CompressionType") == "NONE":
            self._s3.upload_folders(folders, target)
            return target + "/"
        self._s3.upload_archive(folders, target + ".tar.gz")
        return target + ".tar.gz"


def _checkpoint_folder(host: Host, checkpoints: CheckpointConfig) -> Path:
    return host.opt_ml.path(checkpoints.get("LocalPath", "/opt/ml/checkpoints"))
