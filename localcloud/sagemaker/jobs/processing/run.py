"""Executes one processing job, from its inputs to its outputs."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.context import Cloud
from localcloud.sagemaker.jobs.container_group import Outcome
from localcloud.sagemaker.jobs.execution import JobExecution, transfer
from localcloud.sagemaker.jobs.failures import JobFailedError, algorithm_error
from localcloud.sagemaker.jobs.hosts import Host
from localcloud.sagemaker.jobs.periodic import PeriodicAction
from localcloud.sagemaker.jobs.processing.checks import requested_outputs
from localcloud.sagemaker.jobs.processing.record import ProcessingJob
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.s3_transfer import FolderSync

CONTINUOUS_SECONDS = 2.0
MAX_EXIT_MESSAGE_BYTES = 1024


class ProcessingRun(JobExecution[ProcessingJob]):
    """Executes a processing job: the container's entrypoint between S3 downloads and uploads."""

    kind = "processing"
    folder = "processing-jobs"
    log_group = "/aws/sagemaker/ProcessingJobs"

    def __init__(self, cloud: Cloud, runner: JobRunner, job: ProcessingJob) -> None:
        super().__init__(cloud, runner, job, job.request["RoleArn"])
        self._outputs = [entry["S3Output"] for entry in requested_outputs(job.request)]

    @property
    def _num_instances(self) -> int:
        return self._job.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]

    @property
    def _instance_type(self) -> str:
        return self._job.request["ProcessingResources"]["ClusterConfig"]["InstanceType"]

    def _execute(self) -> str:
        with self._hosts() as hosts:
            return self._process(hosts)

    def _process(self, hosts: Sequence[Host]) -> str:
        for host in hosts:
            self._prepare(host)
        if self._job.stop_requested.is_set():
            return "Stopped"
        outcome = self._run(hosts)
        self._job.exit_message = next(filter(None, map(_exit_message, hosts)), None)
        if outcome.ending != "exited":
            return "Stopped"
        if outcome.failed:
            position, ended = outcome.failed
            raise JobFailedError(algorithm_error(hosts[position].opt_ml, ended))
        with transfer("Artifact upload"):
            for target in self._outputs:
                folders = [host.opt_ml.path(target["LocalPath"]) for host in hosts]
                self._s3.upload_folders(folders, target["S3Uri"])
        return "Completed"

    def _prepare(self, host: Host) -> None:
        opt_ml = host.opt_ml
        with transfer("Data download"):
            for entry in self._job.request.get("ProcessingInputs", []):
                source = entry["S3Input"]
                self._s3.download_input(source, opt_ml.path(source["LocalPath"]), host)
        for target in self._outputs:
            opt_ml.path(target["LocalPath"]).mkdir(parents=True, exist_ok=True)
        (opt_ml.base / "output").mkdir(exist_ok=True)
        opt_ml.write_json("config/processingjobconfig.json", opt_ml.local_json(self._job_configuration()))
        names = [f"algo-{number}" for number in range(1, host.count + 1)]
        opt_ml.write_json("config/resourceconfig.json", {"current_host": host.label, "hosts": names})

    def _job_configuration(self) -> dict[str, object]:
        hidden = ("Tags", "ExperimentConfig")  # the container does not see these
        request = {name: value for name, value in self._job.request.items() if name not in hidden}
        return {"ProcessingJobArn": self._job.arn, **request}

    def _run(self, hosts: Sequence[Host]) -> Outcome:
        application = self._job.request["AppSpecification"]
        image = self._image(application["ImageUri"])
        command = application.get("ContainerEntrypoint", []) + application.get("ContainerArguments", [])
        if not image.command and not command:
            raise JobFailedError(
                f"ClientError: image {application['ImageUri']} has no command: give the job a ContainerEntrypoint"
            )
        variables = {
            **image.environment,
            "PROCESSING_JOB_NAME": self._job.name,
            "PROCESSING_JOB_ARN": self._job.arn,
        }
        with transfer("Continuous upload"):
            return self._run_containers(
                hosts,
                lambda host: [*image.command, *host.opt_ml.local_arguments(command)],
                variables,
                isolated=self._job.request.get("NetworkConfig", {}).get("EnableNetworkIsolation", False),
                max_runtime_seconds=self._max_runtime_seconds,
                actions=[upload for host in hosts for upload in self._continuous_uploads(host)],
            )

    def _continuous_uploads(self, host: Host) -> list[PeriodicAction]:
        syncs = [
            FolderSync(self._s3, host.opt_ml.path(target["LocalPath"]), target["S3Uri"])
            for target in self._outputs
            if target["S3UploadMode"] == "Continuous"
        ]
        return [(CONTINUOUS_SECONDS, sync.sync) for sync in syncs]


def _exit_message(host: Host) -> str | None:
    """The first 1 KB of the message that the container left for its caller.

    Raises JobFailedError if it is not UTF-8, as it is when it ends within a character. The service fails such a job
    with a ClientError, whatever its exit code was; AWS does not publish the words of it.
    """
    path = host.opt_ml.base / "output" / "message"
    if not path.is_file():
        return None
    try:
        return path.read_bytes()[:MAX_EXIT_MESSAGE_BYTES].decode() or None
    except UnicodeDecodeError as error:
        raise JobFailedError(f"ClientError: The exit message of {host.label} is not UTF-8: {error}") from None
