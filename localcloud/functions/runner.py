"""Runs a function: its own code in a fresh process, with its variables, its time limit and its log stream."""

from __future__ import annotations

import base64
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud import unpacking
from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.functions.packages import link_runtime
from localcloud.functions.records import FunctionRecord
from localcloud.functions.runtime import AnswerDocument, ContextValues
from localcloud.logs import LogWriter
from localcloud.unpacking import ArchiveError, Limits

_RUNTIME = Path(__file__).with_name("runtime.py")
_INIT_SECONDS = 10.0  # Lambda's own limit for the import, which does not count as the function's time
# A Map state may start forty functions at once; on a few cores they would make each other time out.
_MAX_CONCURRENT = max(8, 4 * (os.cpu_count() or 1))
_CODE_LIMITS = Limits(max_members=100_000, max_bytes=262_144_000, max_seconds=120, max_depth=100, fold_case=False)
"""262,144,000 bytes, unzipped, is Lambda's own limit."""
_MAX_ANSWER_BYTES = 6_291_556  # Lambda's limit for a synchronous response


@dataclass(frozen=True)
class InvocationResult:
    """`payload` is JSON; `failed` sets FunctionError; `logs` is what the process printed."""

    payload: str
    failed: bool
    logs: str
    request_id: str


class FunctionRunner:
    """Runs the functions of one local cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._code_lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_MAX_CONCURRENT)
        self._root = cloud.root / "functions"
        self._packages: Path | None = None
        self._logging: dict[str, dict[str, str]] = {}

    def set_logging_config(self, name: str, config: Mapping[str, str]) -> None:
        """Change a function's LogFormat and LogGroup."""
        self._logging[name] = {**self.logging_config(name), **config}

    def logging_config(self, name: str) -> dict[str, str]:
        """A function's LogFormat and LogGroup."""
        return self._logging.get(name, {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"})

    def invoke(self, function: FunctionRecord, event: str) -> InvocationResult:
        """Run the handler once on `event` (JSON); AwsError if the function cannot run in the local cloud."""
        self._check(function, event)
        request_id = str(uuid.uuid4())
        day = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d")
        stream = f"{day}/[{function.version}]{uuid.uuid4().hex}"
        group = self.logging_config(function.name)["LogGroup"]
        with (
            self._slots,
            tempfile.TemporaryDirectory(prefix="invocation-", dir=self._created(self._root)) as folder,
        ):
            result = self._run(function, event, request_id, (group, stream), Path(folder))
        LogWriter(self._cloud, group, stream, function.role).write(result.logs)
        return result

    @staticmethod
    def _check(function: FunctionRecord, event: str) -> None:
        if function.package_type != "Zip":
            raise _not_emulated(f"Lambda images ({function.name})")
        if not function.runtime.startswith("python"):
            raise _not_emulated(f"the Lambda runtime {function.runtime}")
        if function.layers:
            raise _not_emulated(f"Lambda layers ({function.name})")
        try:
            json.loads(event)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise AwsError("InvalidRequestContentException", message) from error

    @staticmethod
    def _created(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _run(
        self, function: FunctionRecord, event: str, request_id: str, log_target: tuple[str, str], folder: Path
    ) -> InvocationResult:
        """log_target: log group and log stream."""
        group, stream = log_target
        code, answer_file = self._code(function), folder / "answer.json"
        (folder / "tmp").mkdir()
        context: ContextValues = {
            "function_name": function.name,
            "function_version": function.version,
            "invoked_function_arn": function.arn,
            "memory_limit_in_mb": str(function.memory_mb),
            "aws_request_id": request_id,
            "log_group_name": group,
            "log_stream_name": stream,
            "timeout_seconds": function.timeout,
        }
        (folder / "event.json").write_text(event)
        started = time.monotonic()
        # Files instead of pipes: a process that outlives the handler would keep a pipe open.
        with open(folder / "event.json") as stdin, open(folder / "log", "w") as log_file:
            process = self._cloud.processes.start(
                [
                    sys.executable,
                    "-S",
                    str(_RUNTIME),
                    str(code),
                    str(self._runtime_packages()),
                    function.handler,
                    str(answer_file),
                    json.dumps(context),
                ],
                stdin=stdin,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                cwd=code,
                env=self._environment(function, log_target, code, folder / "tmp"),
            )
            timed_out = self._wait(process, _INIT_SECONDS + function.timeout)
        text = (folder / "log").read_text(errors="replace")
        payload, failed = self._read(function, request_id, answer_file, process.returncode, timed_out=timed_out)
        if timed_out or (failed and not answer_file.exists()):
            text += json.loads(payload)["errorMessage"] + "\n"
        logs = _with_lambda_lines(text, function, request_id, (time.monotonic() - started) * 1000)
        return InvocationResult(payload, failed, logs, request_id)

    def _wait(self, process: subprocess.Popen[bytes], seconds: float) -> bool:
        """Wait for the process and report a timeout; child processes end with it, as Lambda would freeze them."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        finally:
            self._cloud.processes.end(process)
        return False

    @staticmethod
    def _read(
        function: FunctionRecord, request_id: str, answer_file: Path, returncode: int, *, timed_out: bool
    ) -> tuple[str, bool]:
        if timed_out:
            now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            message = f"{now}Z {request_id} Task timed out after {function.timeout:.2f} seconds"
            return json.dumps({"errorMessage": message, "errorType": "Sandbox.Timedout"}), True
        if not answer_file.exists():
            message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {returncode}"
            return json.dumps({"errorMessage": message, "errorType": "Runtime.ExitError"}), True
        document: AnswerDocument = json.loads(answer_file.read_text())
        if len(document["payload"]) > _MAX_ANSWER_BYTES:
            message = f"Response payload size exceeded maximum allowed payload size ({_MAX_ANSWER_BYTES} bytes)."
            return json.dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}), True
        return document["payload"], document["failed"]

    def _environment(
        self, function: FunctionRecord, log_target: tuple[str, str], code: Path, temporary: Path
    ) -> dict[str, str]:
        """A function sees its own variables and those of the runtime, but none of this machine's except PATH."""
        group, stream = log_target
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "TMPDIR": str(temporary),
            **function.environment,
            "_HANDLER": function.handler,
            "LAMBDA_TASK_ROOT": str(code),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_FORMAT": self.logging_config(function.name)["LogFormat"],
            "AWS_LAMBDA_LOG_GROUP_NAME": group,
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            **self._cloud.environment(function.role),
        }

    def _runtime_packages(self) -> Path:
        with self._code_lock:
            if self._packages is None:
                self._packages = link_runtime(self._root / "packages")
            return self._packages

    def _code(self, function: FunctionRecord) -> Path:
        """The folder of the unpacked code; one folder per version."""
        digest = base64.b64decode(function.code_sha256).hex()
        target = self._root / "code" / digest
        with self._code_lock:
            if not target.exists():
                partial = target.with_suffix(".part")
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                archive = partial.with_suffix(".zip")
                archive.write_bytes(function.code)
                try:
                    unpacking.unpack(archive, partial, _CODE_LIMITS, formats=("zip",))
                except ArchiveError as error:
                    raise AwsError(
                        "InvalidParameterValueException", f"Could not unzip uploaded file: {error}"
                    ) from error
                archive.unlink()
                partial.rename(target)
        return target


def _not_emulated(what: str) -> AwsError:
    return AwsError("NotImplemented", f"the local cloud does not emulate {what}", 501)


def _with_lambda_lines(text: str, function: FunctionRecord, request_id: str, milliseconds: float) -> str:
    """What a function printed, between the lines that Lambda adds."""
    if text and not text.endswith("\n"):
        text += "\n"
    return (
        f"START RequestId: {request_id} Version: {function.version}\n{text}END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\tMemory Size: {function.memory_mb} MB\n"
    )
