"""What executing any kind of job involves: a slot, a directory, containers, a final status."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from botocore.exceptions import ClientError

from localcloud.context import Cloud
from localcloud.image_table import ImageCommand, ImageKind, UnknownImageError
from localcloud.isolation.view import program_folders
from localcloud.sagemaker.api.answers import now
from localcloud.sagemaker.containers.log_stream import LogStream
from localcloud.sagemaker.jobs.container import Container, Termination, job_environment
from localcloud.sagemaker.jobs.container_group import Outcome, run_concurrently
from localcloud.sagemaker.jobs.failures import JobFailedError, internal_error
from localcloud.sagemaker.jobs.hosts import Host, fresh_hosts
from localcloud.sagemaker.jobs.instance_limits import DEFAULT_MAX_RUNTIME_SECONDS, without_gpu
from localcloud.sagemaker.jobs.periodic import PeriodicAction, PeriodicRunner
from localcloud.sagemaker.jobs.records import Job
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.s3_transfer import NoObjectsError, S3Transfer

log = logging.getLogger(__name__)

LOG_SECONDS = 0.5
STOP_GRACE_SECONDS = 120.0  # SageMaker's time between SIGTERM and SIGKILL

J = TypeVar("J", bound=Job)


class JobExecution(ABC, Generic[J]):
    """Executes one job with the role that it runs under. run() always leaves its record in a final status."""

    kind: ImageKind
    folder: str
    log_group: str

    def __init__(self, cloud: Cloud, runner: JobRunner, job: J, role: str) -> None:
        self._cloud = cloud
        self._runner = runner
        self._job = job
        self._role = role
        self._s3 = S3Transfer(cloud, role)

    @property
    @abstractmethod
    def _num_instances(self) -> int:
        """How many instances the request asks for."""

    @property
    @abstractmethod
    def _instance_type(self) -> str:
        """The type of these instances."""

    @abstractmethod
    def _execute(self) -> str:
        """Do the job's work; returns its final status or raises JobFailedError."""

    def run(self) -> None:
        with self._runner.slots(self._num_instances, self._job.stop_requested) as admitted:
            if not admitted:
                self._job.end("Stopped")
                return
            try:
                self._job.started = now()
                self._job.end(self._execute())
            except JobFailedError as failure:
                self._job.end("Failed", str(failure))
            except Exception as error:
                log.exception("job %s", self._job.arn)
                self._job.end("Failed", internal_error(error))

    def _hosts(self) -> contextlib.AbstractContextManager[list[Host]]:
        """The job's instances with empty /opt/ml trees while the block runs."""
        return fresh_hosts(self._cloud.root / self.folder / self._job.name, self._num_instances)

    def _image(self, image: str) -> ImageCommand:
        try:
            return self._cloud.image_command(image, self.kind)
        except UnknownImageError as error:
            raise JobFailedError(f"ClientError: {error}") from error

    def _termination(self) -> Termination | None:
        """Why the running containers must end; None if they may go on."""
        if self._runner.closing.is_set():
            return Termination("closed")
        if self._job.stop_requested.is_set():
            return Termination("stopped", STOP_GRACE_SECONDS)
        return None

    @property
    def _max_runtime_seconds(self) -> float:
        condition = self._job.request.get("StoppingCondition", {})
        return condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS)

    def _run_containers(
        self,
        hosts: Sequence[Host],
        argv: Callable[[Host], Sequence[str]],
        variables: Mapping[str, str],
        *,
        isolated: bool,
        max_runtime_seconds: float,
        on_line: Callable[[str], None] = lambda line: None,
        actions: Sequence[PeriodicAction] = (),
    ) -> Outcome:
        """Run `argv` on every host, send its output to CloudWatch Logs, and repeat `actions` meanwhile."""
        deadline = time.monotonic() + max_runtime_seconds

        def termination() -> Termination | None:
            if time.monotonic() >= deadline:
                return Termination("max_runtime", STOP_GRACE_SECONDS)
            return self._termination()

        with contextlib.ExitStack() as streams:
            logs = [streams.enter_context(contextlib.closing(self._log_stream(host))) for host in hosts]
            containers = [
                self._container(host, log_stream, argv(host), variables, on_line, isolated=isolated)
                for host, log_stream in zip(hosts, logs, strict=True)
            ]
            with PeriodicRunner(*[(LOG_SECONDS, log_stream.ship) for log_stream in logs], *actions):
                return run_concurrently(containers, termination)

    def _log_stream(self, host: Host) -> LogStream:
        stream = f"{self._job.name}/{host.label}-{int(now().timestamp())}"
        opened = LogStream(self._cloud.client("logs", self._role), self.log_group, stream, host.opt_ml.log_file)
        if line := without_gpu(self._instance_type):
            opened.write(line)
        return opened

    def _container(
        self,
        host: Host,
        log_stream: LogStream,
        argv: Sequence[str],
        variables: Mapping[str, str],
        on_line: Callable[[str], None],
        *,
        isolated: bool,
    ) -> Container:
        requested = self._job.request.get("Environment", {})
        environment = job_environment(
            self._cloud, host.opt_ml, requested, variables, isolated=isolated, role=self._role
        )

        def read(line: str) -> None:
            log_stream.write(host.opt_ml.original(line))
            on_line(line)

        if isolated and host.count > 1:
            _warn_once("several instances communicate over this machine's loopback")
        elif isolated and not self._cloud.processes.support.network:
            _warn_once("this machine does not let its users create network namespaces")
        network = not isolated or host.count > 1
        view = host.opt_ml.view(program_folders(argv))
        return Container(self._cloud, argv, host.opt_ml, environment, read, view=view, network=network)


@functools.cache
def _warn_once(reason: str) -> None:
    log.warning("isolated jobs have no credentials, but they can reach the network: %s", reason)


@contextlib.contextmanager
def transfer(what: str) -> Iterator[None]:
    """Turn the errors of S3 into the failure of a job: `ClientError: <what> failed:<reason>`."""
    try:
        yield
    except (ClientError, NoObjectsError) as error:
        raise JobFailedError(f"ClientError: {what} failed:{error}") from error
