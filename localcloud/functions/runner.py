"""Runs a function: its own code in an execution environment, with its variables, time limit and log stream."""

from __future__ import annotations

import base64
import datetime
import json
import os
import shutil
import signal
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
from localcloud.functions.environment import ExecutionEnvironment, Outcome
from localcloud.functions.packages import FOLDER_VARIABLE, link_runtime
from localcloud.functions.records import FunctionRecord
from localcloud.functions.runtime import ContextValues, Request
from localcloud.functions.warm import WarmEnvironments
from localcloud.isolation.view import PATH, View, inherited_variables
from localcloud.logs import LogWriter
from localcloud.unpacking import ArchiveError, Limits

_RUNTIME = Path(__file__).with_name("runtime.py")
_INIT_SECONDS = 10.0  # Lambda's own limit for the import, which does not count as the function's time
# A Map state may start forty functions at once; on a few cores they would make each other time out.
_MAX_CONCURRENT = max(8, 4 * (os.cpu_count() or 1))
_CODE_LIMITS = Limits(max_members=100_000, max_bytes=262_144_000, max_seconds=120, max_depth=100, fold_case=False)
"""262,144,000 bytes, unzipped, is Lambda's own limit."""
TASK = "/var/task"
"""Where a function's code lies, as in Lambda, on machines that let it have a view of its own."""
_TEMPORARY_BYTES = 512 * 1024**2  # Lambda's /tmp, unless EphemeralStorage says otherwise, which moto forgets


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
        self._warm = WarmEnvironments()
        cloud.on_stop(self._warm.end)
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
        with self._slots:
            environment = self._warm.take(self._key(function)) or self._start(function)
            try:
                result = self._run(environment, function, event, request_id)
            except BaseException:
                environment.end()
                raise
            self._warm.give_back(self._key(function), environment)
        LogWriter(self._cloud, *environment.log_target, function.role).write(result.logs)
        return result

    def _key(self, function: FunctionRecord) -> str:
        """What an execution environment is made of: a function whose record changes gets new ones."""
        fields = {**vars(function), "code": None, "environment": dict(function.environment)}
        return json.dumps([fields, self.logging_config(function.name)], sort_keys=True)

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

    def _start(self, function: FunctionRecord) -> ExecutionEnvironment:
        day = datetime.datetime.now(datetime.UTC).strftime("%Y/%m/%d")
        group, stream = self.logging_config(function.name)["LogGroup"], f"{day}/[{function.version}]{uuid.uuid4().hex}"
        code, packages = self._code(function), self._runtime_packages()
        folder = tempfile.TemporaryDirectory(prefix="environment-", dir=self._root)
        temporary: Path | None = None
        if self._cloud.processes.support.view:
            task = Path(TASK)
        else:
            task, temporary = Path(folder.name) / "task", Path(folder.name) / "tmp"
            temporary.mkdir()
            _copy_read_only(code, task)
        read = [_RUNTIME, packages, *([Path(place)] if (place := os.environ.get(FOLDER_VARIABLE)) else [])]
        return ExecutionEnvironment(
            self._cloud.processes,
            folder,
            [sys.executable, "-S", str(_RUNTIME), str(task), str(packages), function.handler],
            cwd=task,
            env=self._environment(function, (group, stream), task, temporary),
            view=View(read=read, elsewhere={TASK: code}, temporary_bytes=_TEMPORARY_BYTES),
            log_target=(group, stream),
        )

    def _run(
        self, environment: ExecutionEnvironment, function: FunctionRecord, event: str, request_id: str
    ) -> InvocationResult:
        group, stream = environment.log_target
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
        request: Request = {"event": event, "context": context}
        started = time.monotonic()
        outcome = environment.invoke(json.dumps(request).encode() + b"\n", function.timeout, _INIT_SECONDS)
        text = outcome.output
        if (answer := _answer(outcome.answer)) is None:
            environment.usable = False
            error = _ending(outcome, function, request_id)
            text += error["errorMessage"] + "\n"
            answer = json.dumps(error), True
        logs = _with_lambda_lines(text, function, request_id, (time.monotonic() - started) * 1000)
        return InvocationResult(*answer, logs, request_id)

    def _environment(
        self, function: FunctionRecord, log_target: tuple[str, str], code: Path, temporary: Path | None
    ) -> dict[str, str]:
        """A function sees its own variables, those of the runtime, and the few that every process inherits."""
        group, stream = log_target
        return {
            **inherited_variables(),
            "PATH": PATH,
            "TZ": ":UTC",
            **({"TMPDIR": str(temporary)} if temporary else {}),
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


def _answer(line: bytes | None) -> tuple[str, bool] | None:
    """Payload, and whether the function failed; None for what the runtime would not have written."""
    kind, _, payload = (line or b"").partition(b" ")
    try:
        document = json.loads(payload)
    except ValueError:
        return None
    if kind not in (b"ok", b"failed") or (kind == b"failed" and not isinstance(document, dict)):
        return None
    return payload.decode(), kind == b"failed"


def _ending(outcome: Outcome, function: FunctionRecord, request_id: str) -> dict[str, str]:
    """What Lambda answers for an environment that gave no answer, or none that can be read."""
    if outcome.timed_out:
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        message = f"{now}Z {request_id} Task timed out after {function.timeout:.2f} seconds"
        return {"errorMessage": message, "errorType": "Sandbox.Timedout"}
    reason = "without providing a reason"
    if outcome.returncode:
        code = outcome.returncode
        died = f"signal: {signal.strsignal(-code) or -code}".lower() if code < 0 else f"exit status {code}"
        reason = f"with error: {died}"
    return {"errorMessage": f"RequestId: {request_id} Error: Runtime exited {reason}", "errorType": "Runtime.ExitError"}


def _copy_read_only(code: Path, target: Path) -> None:
    """Where nothing keeps a function from writing to its code, each environment has its own."""
    shutil.copytree(code, target)
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)


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
