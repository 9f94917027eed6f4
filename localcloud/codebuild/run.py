"""Runs one build: queue, source, phases, in the order and with the endings that CodeBuild has."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path

from botocore.exceptions import ClientError

from localcloud import unpacking
from localcloud.codebuild.buildspec import Buildspec, BuildspecError, Phase
from localcloud.codebuild.capacity import Capacity
from localcloud.codebuild.record import IN_PROGRESS, Build, PhaseRecord, now
from localcloud.codebuild.shell import Shell
from localcloud.codebuild.surroundings import make_tools, variables
from localcloud.context import Cloud
from localcloud.logs import LogWriter
from localcloud.unpacking import ArchiveError, Limits

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
_SOURCE_LIMITS = Limits(max_members=200_000, max_bytes=8 * 1024**3, max_depth=100, fold_case=False)


class Ended(Exception):
    """The build must end now. `status`: STOPPED or TIMED_OUT."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class BuildRun:
    """Runs a build in a folder of its own, with the project's role. `run` leaves it with a final status."""

    def __init__(self, cloud: Cloud, build: Build, machines: threading.Semaphore, capacity: Capacity) -> None:
        self._cloud = cloud
        self._build = build
        self._machines = machines
        self._capacity = capacity
        self._folder = cloud.root / "builds" / build.id.rpartition(":")[2]
        self._role = build.project.get("serviceRole", "")
        self._log = LogWriter(cloud, build.log_group, build.log_stream, self._role)
        self._deadline = float("inf")
        self._failed = False

    def run(self) -> None:
        self._passed("SUBMITTED")
        try:
            self._queue()
            try:
                self._on_a_machine()
            finally:
                self._machines.release()
                shutil.rmtree(self._folder, ignore_errors=True)
        except Ended as ended:
            self._build.end(ended.status)
        except Exception:
            log.exception("build %s", self._build.id)
            self._build.end("FAULT")

    def _queue(self) -> None:
        """Wait for a machine. Raises Ended."""
        phase = self._build.begin("QUEUED")
        self._deadline = time.monotonic() + self._build.queued_minutes * self._capacity.minute_seconds
        while not (self._capacity.machines and self._machines.acquire(timeout=_POLL_SECONDS)):
            time.sleep(_POLL_SECONDS)
            self._check(phase)
        self._finish(phase)

    def _on_a_machine(self) -> None:
        self._deadline = time.monotonic() + self._build.minutes * self._capacity.minute_seconds
        source = self._folder / "src"
        source.mkdir(parents=True)
        self._passed("PROVISIONING")
        buildspec = self._download(source)
        if buildspec is not None:
            environment = variables(self._cloud, self._build, source, make_tools(self._folder, self._cloud))
            shell = Shell(self._cloud, self._folder, source, {**buildspec.variables, **environment}, self._log)
            for phase in buildspec.phases:
                # After a failure in an earlier phase only post_build runs, and only if build was reached.
                if not self._failed or (phase.name == "post_build" and self._reached("BUILD")):
                    self._commands(phase, shell)
        self._passed("UPLOAD_ARTIFACTS")
        self._passed("FINALIZING")
        self._build.end("FAILED" if self._failed else "SUCCEEDED")

    def _download(self, source: Path) -> Buildspec | None:
        """The buildspec, once the source is unpacked; None if that fails."""
        phase = self._build.begin("DOWNLOAD_SOURCE")
        given = self._build.project.get("source", {})
        try:
            if given.get("type") == "S3":
                self._unpack(given["location"], source)
            text = self._build.request.get("buildspecOverride") or given.get("buildspec") or "buildspec.yml"
            if "\n" not in text and ":" not in text:
                text = (source / text).read_text()
            buildspec = Buildspec.parse(text)
        except (ClientError, OSError, ArchiveError) as error:
            self._fail(phase, "CLIENT_ERROR", str(error))
            return None
        except BuildspecError as error:
            self._fail(phase, "YAML_FILE_ERROR", str(error))
            return None
        self._finish(phase)
        return buildspec

    def _unpack(self, location: str, source: Path) -> None:
        bucket, _, key = location.partition("/")
        archive = self._folder / "source.zip"
        body = self._cloud.client("s3", self._role).get_object(Bucket=bucket, Key=key)["Body"]
        with archive.open("wb") as file:
            shutil.copyfileobj(body, file)
        unpacking.unpack(archive, source, _SOURCE_LIMITS, formats=("zip",))

    def _commands(self, phase: Phase, shell: Shell) -> None:
        record = self._build.begin(phase.name.upper())
        failure = None
        for command in phase.commands:
            failure = self._command(command, shell, record)
            if failure:
                break
        for command in phase.last:
            failure = self._command(command, shell, record) or failure
        if failure is None:
            self._finish(record)
        else:
            self._fail(record, "COMMAND_EXECUTION_ERROR", failure)

    def _command(self, command: str, shell: Shell, record: PhaseRecord) -> str | None:
        """Why the command failed; None if it did not. Raises Ended."""
        shown = command.strip()
        self._say(f"Running command {shown}")
        process = shell.start(command, succeeding=not self._failed)
        while process.poll() is None:
            shell.ship()
            try:
                self._check(record)
            except Ended:
                self._cloud.processes.end(process)
                shell.ship(last=True)
                raise
            time.sleep(_POLL_SECONDS)
        self._cloud.processes.end(process)
        shell.ship(last=True)
        code = process.returncode
        return f"Error while executing command: {shown}. Reason: exit status {code}" if code else None

    def _check(self, phase: PhaseRecord) -> None:
        """Raises Ended for a build that was stopped or has no time left."""
        if self._build.stop_requested.is_set():
            self._finish(phase, "STOPPED")
            raise Ended("STOPPED")
        if time.monotonic() > self._deadline:
            phase.code, phase.message = "BUILD_TIMED_OUT", "Build has timed out."
            self._finish(phase, "TIMED_OUT")
            raise Ended("TIMED_OUT")

    def _reached(self, kind: str) -> bool:
        return any(phase.kind == kind for phase in self._build.phases)

    def _passed(self, kind: str) -> None:
        phase = self._build.begin(kind)
        phase.ended, phase.status = now(), "SUCCEEDED"

    def _fail(self, phase: PhaseRecord, code: str, message: str) -> None:
        self._failed = True
        phase.code, phase.message = code, message
        self._finish(phase, "FAILED")

    def _finish(self, phase: PhaseRecord, status: str = "SUCCEEDED") -> None:
        assert phase.status == IN_PROGRESS
        phase.ended, phase.status = now(), status
        if phase.kind not in ("QUEUED", "SUBMITTED"):
            self._say(f"Phase complete: {phase.kind} State: {status}")
            self._say(f"Phase context status code: {phase.code} Message: {phase.message}")

    def _say(self, text: str) -> None:
        stamp = now().strftime("%Y/%m/%d %H:%M:%S.%f")
        self._log.write("\n".join(f"[Container] {stamp} {line}" for line in text.splitlines()))
