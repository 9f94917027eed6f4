"""One training job, from its slot to its artifacts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.context import Cloud, UnknownImageError
from localcloud.sagemaker.jobs.container import Container, Exit, job_environment
from localcloud.sagemaker.jobs.failures import JobFailedError, algorithm_error
from localcloud.sagemaker.jobs.log_stream import LogStream
from localcloud.sagemaker.jobs.metrics import MetricScanner
from localcloud.sagemaker.jobs.objects import (
    FolderSync,
    NoObjectsError,
    download_input,
    download_prefix,
    join_uri,
    upload_archive,
    upload_folder,
)
from localcloud.sagemaker.jobs.opt_ml import OptMl
from localcloud.sagemaker.jobs.records import now
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.ticker import Ticker
from localcloud.sagemaker.jobs.training.record import TrainingJob

log = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
LOG_SECONDS = 0.5
CHECKPOINT_SECONDS = 3.0
DEFAULT_MAX_RUNTIME_SECONDS = 86_400  # the service's default
# The toolkit waits until every host's name resolves, and "algo-1" does on no machine.
HOST = "localhost"


class TrainingRun:
    """Executes one job. run() leaves the record in a final status, whatever happens."""

    def __init__(self, cloud: Cloud, runner: JobRunner, job: TrainingJob) -> None:
        self._cloud = cloud
        self._runner = runner
        self._job = job
        self._request = job.request
        self._s3 = cloud.client("s3")
        self._scanner = MetricScanner(
            job.request["AlgorithmSpecification"].get("MetricDefinitions", []), job.name, cloud.client("cloudwatch")
        )
        job.metric_values = self._scanner.values

    def run(self) -> None:
        with self._runner.slot(self._job.stop_requested) as admitted:
            if not admitted:
                self._job.enter("Stopped")
                return
            try:
                self._job.enter(self._execute())
            except JobFailedError as failure:
                self._job.enter("Failed", str(failure))
            except Exception as error:
                log.exception("training job %s", self._job.name)
                self._job.enter("Failed", f"InternalServerError: localcloud failed: {type(error).__name__}: {error}")

    def _execute(self) -> str:
        """Returns the secondary status in which the job ends; JobFailedError when it fails."""
        opt_ml = OptMl(self._cloud.root / "training-jobs" / self._job.name)
        succeeded = False
        try:
            self._job.started = now()
            self._download(opt_ml)
            if self._job.stop_requested.is_set():
                return "Stopped"
            ended = self._train(opt_ml)
            self._job.final_metrics = self._scanner.final()
            self._upload(opt_ml, ended)
            succeeded = True
        finally:
            opt_ml.close(keep_files=not succeeded)
        return {"exited": "Completed", "max_runtime": "MaxRuntimeExceeded"}.get(ended.ending, "Stopped")

    def _download(self, opt_ml: OptMl) -> None:
        self._job.enter("Downloading")
        try:
            for channel in self._request.get("InputDataConfig", []):
                uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
                download_input(self._s3, uri, opt_ml.base / "input/data" / channel["ChannelName"])
            if checkpoints := self._request.get("CheckpointConfig"):
                download_prefix(self._s3, join_uri(checkpoints["S3Uri"], ""), self._checkpoint_folder(opt_ml))
        except (ClientError, NoObjectsError) as error:
            raise JobFailedError(f"ClientError: Data download failed:{error}") from error
        self._write_configuration(opt_ml)

    def _checkpoint_folder(self, opt_ml: OptMl) -> Path:
        return opt_ml.path(self._request["CheckpointConfig"].get("LocalPath", "/opt/ml/checkpoints"))

    def _write_configuration(self, opt_ml: OptMl) -> None:
        """The files by which the service tells a container what it is to do."""
        for folder in ("model", "output/data", "output/intermediate", "code"):
            (opt_ml.base / folder).mkdir(parents=True)
        instance_type = self._request["ResourceConfig"]["InstanceType"]
        group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [HOST]}
        resources = {
            "current_host": HOST,
            "current_instance_type": instance_type,
            "current_group_name": group["instance_group_name"],
            "hosts": [HOST],
            "instance_groups": [group],
            "network_interface_name": "lo",
        }
        opt_ml.write_json("input/config/resourceconfig.json", resources)
        hyperparameters = opt_ml.localized(self._request.get("HyperParameters", {}))
        opt_ml.write_json("input/config/hyperparameters.json", hyperparameters)
        opt_ml.write_json("input/config/inputdataconfig.json", self._input_data_config())

    def _input_data_config(self) -> dict[str, Any]:
        default_mode = self._request["AlgorithmSpecification"]["TrainingInputMode"]
        return {
            channel["ChannelName"]: {
                "TrainingInputMode": channel.get("InputMode", default_mode),
                "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                    "S3DataDistributionType", "FullyReplicated"
                ),
                "RecordWrapperType": "None",
                **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
            }
            for channel in self._request.get("InputDataConfig", [])
        }

    def _command(self, opt_ml: OptMl) -> tuple[list[str], dict[str, str]]:
        """argv and the image's own variables."""
        algorithm = self._request["AlgorithmSpecification"]
        try:
            image = self._cloud.image_command(algorithm["TrainingImage"], "training")
        except UnknownImageError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        entrypoint = opt_ml.localized(algorithm.get("ContainerEntrypoint")) or list(image.command) or ["train"]
        arguments = opt_ml.localized(algorithm.get("ContainerArguments", []))
        return [*entrypoint, *arguments], dict(image.environment)

    def _train(self, opt_ml: OptMl) -> Exit:
        argv, image_environment = self._command(opt_ml)
        variables = {
            **image_environment,
            "SAGEMAKER_BASE_DIR": str(opt_ml.base),
            "TRAINING_JOB_NAME": self._job.name,
            "TRAINING_JOB_ARN": self._job.arn,
        }
        isolated = self._request.get("EnableNetworkIsolation", False)
        environment = job_environment(
            self._cloud, opt_ml, self._request.get("Environment", {}), variables, isolated=isolated
        )
        stream = f"{self._job.name}/algo-1-{int(now().timestamp())}"
        log_stream = LogStream(self._cloud.client("logs"), LOG_GROUP, stream, opt_ml.log_file)

        def on_line(line: str) -> None:
            log_stream.write(opt_ml.original(line))
            self._scanner.scan(line)

        container = Container(self._cloud, argv, opt_ml.work, environment, on_line)
        condition = self._request.get("StoppingCondition", {})
        self._job.enter("Training")
        actions = [(LOG_SECONDS, log_stream.ship), (LOG_SECONDS, self._scanner.ship)]
        checkpoints = self._checkpoint_sync(opt_ml)
        if checkpoints:
            actions.append((CHECKPOINT_SECONDS, checkpoints.sync))
        try:
            with Ticker(*actions):
                ended = container.run(
                    max_runtime_seconds=condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS),
                    stop=self._job.stop_requested,
                    closing=self._runner.closing,
                )
        finally:
            if not self._runner.closing.is_set():
                log_stream.close()
        if ended.ending != "closed":
            self._scanner.ship()
            if checkpoints:
                checkpoints.sync()
        return ended

    def _checkpoint_sync(self, opt_ml: OptMl) -> FolderSync | None:
        checkpoints = self._request.get("CheckpointConfig")
        return checkpoints and FolderSync(self._s3, self._checkpoint_folder(opt_ml), checkpoints["S3Uri"])

    def _upload(self, opt_ml: OptMl, ended: Exit) -> None:
        """Artifacts to S3: the model unless the script failed, the output data in any case."""
        if ended.ending == "closed":
            return
        failed = ended.ending == "exited" and ended.code != 0
        if ended.ending == "exited" and not failed:
            self._job.enter("Uploading")
        try:
            if any((opt_ml.base / "output/data").iterdir()):
                self._upload_folder(opt_ml.base / "output/data", "output")
            if not failed:
                self._job.artifacts = self._upload_folder(opt_ml.base / "model", "model")
        except ClientError as error:
            raise JobFailedError(f"ClientError: Artifact upload failed:{error}") from error
        if failed:
            raise JobFailedError(algorithm_error(opt_ml, ended))

    def _upload_folder(self, folder: Path, name: str) -> str:
        output = self._request["OutputDataConfig"]
        target = join_uri(output["S3OutputPath"], self._job.name, "output", name)
        if output.get("CompressionType") == "NONE":
            upload_folder(self._s3, folder, target)
            return target + "/"
        upload_archive(self._s3, folder, target + ".tar.gz")
        return target + ".tar.gz"
