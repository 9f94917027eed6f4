"""One processing job, from its inputs to its outputs."""

from __future__ import annotations

from typing import Any

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.container import Exit
from localcloud.sagemaker.jobs.execution import JobExecution, TimedAction, transfer
from localcloud.sagemaker.jobs.failures import JobFailedError, algorithm_error
from localcloud.sagemaker.jobs.objects import FolderSync
from localcloud.sagemaker.jobs.opt_ml import OptMl
from localcloud.sagemaker.jobs.processing.record import ProcessingJob
from localcloud.sagemaker.jobs.runner import JobRunner

CONTINUOUS_SECONDS = 2.0
MAX_EXIT_MESSAGE_BYTES = 1024
HOST = "algo-1"


class ProcessingRun(JobExecution[ProcessingJob]):
    """Executes a processing job: the container's entrypoint between S3 downloads and uploads."""

    kind = "processing"
    folder = "processing-jobs"
    log_group = "/aws/sagemaker/ProcessingJobs"

    def __init__(self, cloud: Cloud, runner: JobRunner, job: ProcessingJob) -> None:
        super().__init__(cloud, runner, job)
        self._outputs = [
            entry["S3Output"] for entry in job.request.get("ProcessingOutputConfig", {}).get("Outputs", [])
        ]

    def _execute(self, opt_ml: OptMl) -> str:
        self._prepare(opt_ml)
        if self._job.stop_requested.is_set():
            return "Stopped"
        ended = self._process(opt_ml)
        self._job.exit_message = _exit_message(opt_ml)
        if ended.ending != "exited":
            return "Stopped"
        if ended.code != 0:
            raise JobFailedError(algorithm_error(opt_ml, ended))
        with transfer("Artifact upload"):
            for target in self._outputs:
                self._objects.upload_folder(opt_ml.path(target["LocalPath"]), target["S3Uri"])
        return "Completed"

    def _prepare(self, opt_ml: OptMl) -> None:
        with transfer("Data download"):
            for entry in self._request.get("ProcessingInputs", []):
                source = entry["S3Input"]
                self._objects.download_input(source["S3Uri"], opt_ml.path(source["LocalPath"]))
        for target in self._outputs:
            opt_ml.path(target["LocalPath"]).mkdir(parents=True, exist_ok=True)
        (opt_ml.base / "output").mkdir(exist_ok=True)
        opt_ml.write_json("config/processingjobconfig.json", opt_ml.localized(self._job_configuration()))
        opt_ml.write_json("config/resourceconfig.json", {"current_host": HOST, "hosts": [HOST]})

    def _job_configuration(self) -> dict[str, Any]:
        unseen = ("Tags", "ExperimentConfig")
        request = {name: value for name, value in self._request.items() if name not in unseen}
        return {"ProcessingJobArn": self._job.arn, **request}

    def _process(self, opt_ml: OptMl) -> Exit:
        application = self._request["AppSpecification"]
        image = self._image(application["ImageUri"])
        command = application.get("ContainerEntrypoint", []) + application.get("ContainerArguments", [])
        argv = [*image.command, *opt_ml.localized(command)]
        if not argv:
            raise JobFailedError(
                f"ClientError: image {application['ImageUri']} has no command: give the job a ContainerEntrypoint"
            )
        variables = {
            **image.environment,
            "PROCESSING_JOB_NAME": self._job.name,
            "PROCESSING_JOB_ARN": self._job.arn,
        }
        isolated = self._request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
        with transfer("Continuous upload"):
            return self._run_container(
                opt_ml, argv, variables, isolated=isolated, actions=self._continuous_uploads(opt_ml)
            )

    def _continuous_uploads(self, opt_ml: OptMl) -> list[TimedAction]:
        syncs = [
            FolderSync(self._objects, opt_ml.path(target["LocalPath"]), target["S3Uri"])
            for target in self._outputs
            if target["S3UploadMode"] == "Continuous"
        ]
        return [(CONTINUOUS_SECONDS, sync.sync) for sync in syncs]


def _exit_message(opt_ml: OptMl) -> str | None:
    """What the container left for its caller, at most 1 KB of it."""
    path = opt_ml.base / "output" / "message"
    if not path.is_file():
        return None
    return path.read_bytes()[:MAX_EXIT_MESSAGE_BYTES].decode(errors="ignore") or None
