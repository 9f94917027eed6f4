"""What the execution of every kind of job has in common: a slot, a directory, a container, a final status."""

from __future__ import annotations

import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from botocore.exceptions import ClientError

from localcloud.context import Cloud, ImageCommand, ImageKind, UnknownImageError
from localcloud.sagemaker.jobs.container import Container, Exit, job_environment
from localcloud.sagemaker.jobs.failures import JobFailedError
from localcloud.sagemaker.jobs.log_stream import LogStream
from localcloud.sagemaker.jobs.objects import NoObjectsError, Objects
from localcloud.sagemaker.jobs.opt_ml import OptMl
from localcloud.sagemaker.jobs.records import Job, now
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.ticker import Ticker

log = logging.getLogger(__name__)

LOG_SECONDS = 0.5
DEFAULT_MAX_RUNTIME_SECONDS = 86_400  # the service's default

J = TypeVar("J", bound=Job)
TimedAction = tuple[float, Callable[[], None]]


class JobExecution(ABC, Generic[J]):
    """Executes one job. run() leaves its record in a final status, whatever happens."""

    kind: ImageKind
    folder: str
    log_group: str

    def __init__(self, cloud: Cloud, runner: JobRunner, job: J) -> None:
        self._cloud = cloud
        self._runner = runner
        self._job = job
        self._request = job.request
        self._objects = Objects(cloud)

    def run(self) -> None:
        with self._runner.slot(self._job.stop_requested) as admitted:
            if not admitted:
                self._job.end("Stopped")
                return
            try:
                self._job.end(self._in_directory())
            except JobFailedError as failure:
                self._job.end("Failed", str(failure))
            except Exception as error:
                log.exception("job %s", self._job.arn)
                self._job.end("Failed", f"InternalServerError: localcloud failed: {type(error).__name__}: {error}")

    def _in_directory(self) -> str:
        opt_ml = OptMl(self._cloud.root / self.folder / self._job.name)
        succeeded = False
        try:
            self._job.started = now()
            status = self._execute(opt_ml)
            succeeded = True
            return status
        finally:
            opt_ml.close(keep_files=not succeeded)

    @abstractmethod
    def _execute(self, opt_ml: OptMl) -> str:
        """Do the job; returns the status in which it ends, or raises JobFailedError."""

    def _image(self, image: str) -> ImageCommand:
        try:
            return self._cloud.image_command(image, self.kind)
        except UnknownImageError as error:
            raise JobFailedError(f"ClientError: {error}") from error

    def _run_container(
        self,
        opt_ml: OptMl,
        argv: Sequence[str],
        variables: Mapping[str, str],
        *,
        isolated: bool,
        on_line: Callable[[str], None] = lambda line: None,
        actions: Sequence[TimedAction] = (),
    ) -> Exit:
        """Run `argv` to its end with its output in CloudWatch Logs and `actions` repeated beside it."""
        environment = job_environment(
            self._cloud, opt_ml, self._request.get("Environment", {}), variables, isolated=isolated
        )
        stream = f"{self._job.name}/algo-1-{int(now().timestamp())}"
        log_stream = LogStream(self._cloud.client("logs"), self.log_group, stream, opt_ml.log_file)

        def read(line: str) -> None:
            log_stream.write(opt_ml.original(line))
            on_line(line)

        container = Container(self._cloud, argv, opt_ml.work, environment, read)
        condition = self._request.get("StoppingCondition", {})
        with contextlib.closing(log_stream), Ticker((LOG_SECONDS, log_stream.ship), *actions):
            return container.run(
                max_runtime_seconds=condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_SECONDS),
                stop=self._job.stop_requested,
                closing=self._runner.closing,
            )


@contextlib.contextmanager
def transfer(what: str) -> Iterator[None]:
    """Turn the errors of S3 into the failure of a job: `ClientError: <what> failed:<reason>`."""
    try:
        yield
    except (ClientError, NoObjectsError) as error:
        raise JobFailedError(f"ClientError: {what} failed:{error}") from error
