"""Executes one transform job, from the model's archive to an answer for every object."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

from localcloud.context import Cloud
from localcloud.isolation.view import program_folders
from localcloud.sagemaker.api.answers import now
from localcloud.sagemaker.containers.connections import free_port
from localcloud.sagemaker.containers.log_stream import LogStream
from localcloud.sagemaker.containers.model_archive import UnsafeArchive, unpack
from localcloud.sagemaker.containers.models import model_container
from localcloud.sagemaker.endpoints.settings import EndpointSettings
from localcloud.sagemaker.jobs.container import job_environment
from localcloud.sagemaker.jobs.execution import LOG_SECONDS, JobExecution, transfer
from localcloud.sagemaker.jobs.failures import MAX_REASON, JobFailedError
from localcloud.sagemaker.jobs.instance_limits import without_gpu
from localcloud.sagemaker.jobs.opt_ml import OptMl
from localcloud.sagemaker.jobs.periodic import PeriodicRunner
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.s3_transfer import NoObjectsError, split_uri
from localcloud.sagemaker.jobs.transform.record import TransformJob
from localcloud.sagemaker.jobs.transform.sender import Limits, Sender, Unanswered
from localcloud.sagemaker.jobs.transform.serving import ServingProcess, serving
from localcloud.text import cut

_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


class TransformRun(JobExecution[TransformJob]):
    """Executes a transform job with the model's container, started as for a single-model endpoint."""

    kind = "serving"
    folder = "transform-jobs"
    log_group = "/aws/sagemaker/TransformJobs"

    def __init__(self, cloud: Cloud, runner: JobRunner, job: TransformJob) -> None:
        super().__init__(cloud, runner, job, job.model["ExecutionRoleArn"])  # a transform job has no role of its own

    @property
    def _num_instances(self) -> int:
        return 1

    @property
    def _instance_type(self) -> str:
        return self._job.request["TransformResources"]["InstanceType"]

    def _execute(self) -> str:
        with self._hosts() as (host,):
            return self._transform(host.opt_ml)

    def _transform(self, opt_ml: OptMl) -> str:
        with transfer("Data download"):
            keys = self._keys()
            self._fetch_model(opt_ml.base / "model")
        if self._is_cancelled():
            return "Stopped"
        stream = f"{self._job.name}/i-{secrets.token_hex(8)}-{int(now().timestamp())}"
        with self._log(opt_ml, stream) as log, self._log(opt_ml, f"{stream}/data-log") as data_log:
            if line := without_gpu(self._instance_type):
                log.write(line)
            with self._serving(opt_ml, log) as process, self._cancelling(process) as cancelled:
                if not process.is_ready(self._is_cancelled):
                    return self._not_ready(opt_ml, process)
                limits = Limits.of(self._job.request, process.execution_parameters())
                data_log.write(_limits_line(limits, self._job.request.get("BatchStrategy", "MultiRecord")))
                sender = Sender(
                    self._s3.client, self._job.request, limits, process.connections, data_log.write,
                    cancelled,
                )  # fmt: skip
                with transfer("Data upload"):
                    unanswered = sender.send_all(keys)
            return self._outcome(unanswered)

    def _keys(self) -> list[str]:
        uri = self._job.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        keys = [key for key in self._s3.keys(uri) if not key.endswith("/")]
        if not keys:
            raise NoObjectsError(f"S3 key: {uri} matched no files on s3")
        return keys

    def _fetch_model(self, folder: Path) -> None:
        url = model_container(self._job.model).get("ModelDataUrl")
        if url is None:
            folder.mkdir()
            return
        bucket, key = split_uri(url)
        archive = folder.with_name("model.tar.gz")
        self._s3.client.download_file(bucket, key, str(archive))
        try:
            unpack(archive, folder, EndpointSettings.from_environment().max_unpacked_bytes)
        except (UnsafeArchive, OSError) as error:
            raise JobFailedError(f"ClientError: Failed to extract model data archive {url}: {error}") from error
        archive.unlink()

    def _is_cancelled(self) -> bool:
        return self._job.stop_requested.is_set() or self._runner.closing.is_set()

    @contextlib.contextmanager
    def _cancelling(self, process: ServingProcess) -> Iterator[threading.Event]:
        """End the process soon after the job is stopped or the cloud closes; the event is set just before that."""
        event = threading.Event()

        def check() -> None:
            if self._is_cancelled():
                event.set()
                process.end()

        with PeriodicRunner((0.1, check)):
            yield event

    @contextlib.contextmanager
    def _log(self, opt_ml: OptMl, stream: str) -> Iterator[LogStream]:
        file = opt_ml.log_file if not stream.endswith("/data-log") else opt_ml.log_file.with_name("data-log.txt")
        log = LogStream(self._cloud.client("logs", self._role), self.log_group, stream, file)
        with contextlib.closing(log), PeriodicRunner((LOG_SECONDS, log.ship)):
            yield log

    @contextlib.contextmanager
    def _serving(self, opt_ml: OptMl, log: LogStream) -> Iterator[ServingProcess]:
        container, port = model_container(self._job.model), free_port()
        image = self._image(container["Image"])
        variables = {
            **image.environment,
            **opt_ml.local_variables(container.get("Environment", {})),
            "SM_MODEL_DIR": str(opt_ml.base / "model"),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SAGEMAKER_SAFE_PORT_RANGE": f"{port}-{port}",
            "SAGEMAKER_REGION": self._cloud.region,
            **self._batch_variables(),
        }
        environment = job_environment(
            self._cloud,
            opt_ml,
            self._job.request.get("Environment", {}),
            variables,
            isolated=self._job.model.get("EnableNetworkIsolation", False),
            role=self._role,
        )
        argv = opt_ml.local_arguments(image.command)

        def read(line: str) -> None:
            log.write(opt_ml.original(line))

        view = opt_ml.view(program_folders(argv))
        with serving(
            self._cloud, argv, cwd=opt_ml.work, environment=environment, view=view, port=port, on_line=read
        ) as process:
            yield process

    def _batch_variables(self) -> dict[str, str]:
        """The variables that tell a container that it runs a transform job, and the limits that the job sets."""
        limits = {
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": self._job.request.get("MaxConcurrentTransforms"),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": self._job.request.get("MaxPayloadInMB"),
            "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES.get(self._job.request.get("BatchStrategy", "")),
        }
        return {"SAGEMAKER_BATCH": "true", **{name: str(value) for name, value in limits.items() if value}}

    def _not_ready(self, opt_ml: OptMl, process: ServingProcess) -> str:
        if self._is_cancelled():
            return "Stopped"
        output = opt_ml.original(" | ".join(list(process.tail)[-5:])) or "none"
        raise JobFailedError(
            cut(f"AlgorithmError: The container did not pass the ping health check. Last output: {output}", MAX_REASON)
        )

    def _outcome(self, unanswered: Unanswered) -> str:
        if self._is_cancelled():
            return "Stopped"
        if unanswered.failed:
            raise JobFailedError("AlgorithmError: See job logs for more information")
        if unanswered.refused:
            raise JobFailedError("ClientError: See job logs for more information")
        return "Completed"


def _limits_line(limits: Limits, strategy: str) -> str:
    return (
        f"[sagemaker logs]: MaxConcurrentTransforms={limits.concurrent}, MaxPayloadInMB={limits.payload_mb}, "
        f"BatchStrategy={_STRATEGIES[strategy]}"
    )
