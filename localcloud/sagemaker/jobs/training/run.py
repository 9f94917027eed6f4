"""One training job, from its channels to its artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.container import Exit
from localcloud.sagemaker.jobs.execution import LOG_SECONDS, JobExecution, TimedAction, transfer
from localcloud.sagemaker.jobs.failures import JobFailedError, algorithm_error
from localcloud.sagemaker.jobs.metrics import MetricScanner
from localcloud.sagemaker.jobs.objects import FolderSync, join_uri
from localcloud.sagemaker.jobs.opt_ml import OptMl
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.training.configuration import write_configuration
from localcloud.sagemaker.jobs.training.record import TrainingJob

CHECKPOINT_SECONDS = 3.0


class TrainingRun(JobExecution[TrainingJob]):
    """Executes a training job with AWS's training toolkit, or with the entrypoint that the job names."""

    kind = "training"
    folder = "training-jobs"
    log_group = "/aws/sagemaker/TrainingJobs"

    def __init__(self, cloud: Cloud, runner: JobRunner, job: TrainingJob) -> None:
        super().__init__(cloud, runner, job)
        definitions = job.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._metrics = MetricScanner(definitions, job.name, cloud.client("cloudwatch"))
        self._checkpoints: dict[str, str] = job.request.get("CheckpointConfig", {})
        job.metric_values = self._metrics.values

    def _execute(self, opt_ml: OptMl) -> str:
        self._job.enter("Downloading")
        self._download(opt_ml)
        write_configuration(opt_ml, self._request)
        if self._job.stop_requested.is_set():
            return "Stopped"
        self._job.enter("Training")
        ended = self._train(opt_ml)
        if ended.ending == "closed":
            return "Stopped"
        self._job.final_metrics = self._metrics.final()
        failed = ended.ending == "exited" and ended.code != 0
        if ended.ending == "exited" and not failed:
            self._job.enter("Uploading")
        self._upload(opt_ml, with_model=not failed)
        if failed:
            raise JobFailedError(algorithm_error(opt_ml, ended))
        return {"exited": "Completed", "max_runtime": "MaxRuntimeExceeded"}.get(ended.ending, "Stopped")

    def _download(self, opt_ml: OptMl) -> None:
        with transfer("Data download"):
            for channel in self._request.get("InputDataConfig", []):
                uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
                self._objects.download_input(uri, opt_ml.base / "input/data" / channel["ChannelName"])
            if self._checkpoints:
                self._objects.download_prefix(join_uri(self._checkpoints["S3Uri"], ""), self._checkpoint_folder(opt_ml))

    def _checkpoint_folder(self, opt_ml: OptMl) -> Path:
        return opt_ml.path(self._checkpoints.get("LocalPath", "/opt/ml/checkpoints"))

    def _train(self, opt_ml: OptMl) -> Exit:
        algorithm = self._request["AlgorithmSpecification"]
        image = self._image(algorithm["TrainingImage"])
        entrypoint = opt_ml.localized(algorithm.get("ContainerEntrypoint", [])) or list(image.command) or ["train"]
        variables = {
            **image.environment,
            "TRAINING_JOB_NAME": self._job.name,
            "TRAINING_JOB_ARN": self._job.arn,
        }
        actions: list[TimedAction] = [(LOG_SECONDS, self._metrics.ship), *self._checkpoint_uploads(opt_ml)]
        ended = self._run_container(
            opt_ml,
            [*entrypoint, *opt_ml.localized(algorithm.get("ContainerArguments", []))],
            variables,
            isolated=self._request.get("EnableNetworkIsolation", False),
            on_line=self._metrics.scan,
            actions=actions,
        )
        if ended.ending != "closed":
            for _, action in actions:  # once more, for what came after the last tick
                action()
        return ended

    def _checkpoint_uploads(self, opt_ml: OptMl) -> list[TimedAction]:
        if not self._checkpoints:
            return []
        checkpoints = FolderSync(self._objects, self._checkpoint_folder(opt_ml), self._checkpoints["S3Uri"])

        def sync() -> None:
            with transfer("Checkpoint upload"):
                checkpoints.sync()

        return [(CHECKPOINT_SECONDS, sync)]

    def _upload(self, opt_ml: OptMl, *, with_model: bool) -> None:
        """Artifacts to S3: the output data in any case, the model unless the script failed."""
        with transfer("Artifact upload"):
            if any((opt_ml.base / "output/data").iterdir()):
                self._upload_folder(opt_ml.base / "output/data", "output")
            if with_model:
                self._job.artifacts = self._upload_folder(opt_ml.base / "model", "model")

    def _upload_folder(self, folder: Path, name: str) -> str:
        output: dict[str, Any] = self._request["OutputDataConfig"]
        target = join_uri(output["S3OutputPath"], self._job.name, "output", name)
        if output.get("CompressionType") == "NONE":
            self._objects.upload_folder(folder, target)
            return target + "/"
        self._objects.upload_archive(folder, target + ".tar.gz")
        return target + ".tar.gz"
