"""One serving process of an endpoint: started, watched, and restarted if it dies."""

from __future__ import annotations

import collections
import contextlib
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from localcloud.context import Cloud
from localcloud.image_table import ImageCommand
from localcloud.isolation.view import View, program_folders
from localcloud.processes import Process
from localcloud.sagemaker.containers.connections import Connections, HttpAnswer, NoAnswer, Unreachable, free_port
from localcloud.sagemaker.containers.log_stream import LogStream
from localcloud.sagemaker.endpoints.errors import ModelError, container_error
from localcloud.sagemaker.endpoints.hosting_plan import HostingPlan
from localcloud.sagemaker.endpoints.loaded_models import LoadedModels
from localcloud.sagemaker.endpoints.metrics import Flusher, VariantMetrics
from localcloud.sagemaker.endpoints.utilization import Utilization

_OPT_ML = re.compile(r"(?<![\w.\-])/opt/ml(?![\w.\-])")
_PING_SECONDS = 0.05
_MAX_RESTART_DELAY = 10.0
_GRACE_SECONDS = 2.0


class StartFailure(Exception):
    """A container did not start; the message is the endpoint's failure reason."""


class Instance:
    """One instance of a variant.

    home: stands for /opt/ml; `home/model` is the folder of a single model.
    models: the folder of all unpacked archives.
    """

    def __init__(
        self,
        cloud: Cloud,
        plan: HostingPlan,
        command: ImageCommand,
        home: Path,
        models: Path,
        flusher: Flusher,
        metrics: VariantMetrics,
    ) -> None:
        self._cloud = cloud
        self._plan = plan
        self._command = command
        self._home = home
        self._models = models
        self._utilization = Utilization(home)
        self._flusher = flusher
        self.stream = f"{plan.variant_name}/i-{secrets.token_hex(8)}"
        group = f"/aws/sagemaker/Endpoints/{plan.endpoint_name}"
        logs = cloud.root / "endpoints" / plan.endpoint_name / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        file = logs / f"{self.stream.replace('/', '-')}.txt"
        self._log = LogStream(cloud.client("logs", plan.role), group, self.stream, file)
        flusher.add(self, self._log.ship)
        self._tail: collections.deque[str] = collections.deque(maxlen=20)
        self._stopping = threading.Event()
        self._process: Process | None = None
        self._connections = Connections(0)
        self.healthy = False
        self.models = LoadedModels(
            self.request, self.failure, metrics, load_seconds=plan.load_seconds, cached=plan.cached_models
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> HttpAnswer:
        """Connections.request to the current process."""
        return self._connections.request(method, path, body, headers, timeout)

    def failure(self, status: int, text: str) -> ModelError:
        """The ModelError for a status and message of this container."""
        return container_error(self._cloud, self._plan.endpoint_name, status, text, self.stream)

    def utilization(self) -> dict[str, float]:
        """CPU, memory and disk utilization of the current process, in percent."""
        return self._utilization.sample(self._process.pid) if self._process is not None else {}

    def start(self) -> None:
        """Start the process and wait until /ping answers 200; StartFailure otherwise."""
        self._spawn()
        if not self._wait_for_ping():
            assert self._process is not None
            code = self._process.poll()
            ending = f"it exited with {code}" if code is not None else f"no answer in {self._plan.startup_seconds:g} s"
            self.stop()
            raise StartFailure(
                f"The primary container for production variant {self._plan.variant_name} did not pass the ping health "
                f"check ({ending}). Please check CloudWatch logs for this endpoint. Last output: "
                + (" | ".join(list(self._tail)[-5:]) or "none")
            )
        self.healthy = True
        threading.Thread(target=self._watch, name=f"watch-{self.stream}", daemon=True).start()

    def stop(self) -> None:
        """End the process group; SIGTERM first."""
        self._stopping.set()
        self.healthy = False
        if self._process is not None:
            self._cloud.processes.end(self._process, _GRACE_SECONDS)
        self._connections.close()
        self._flusher.remove(self)
        self._log.close()

    def _spawn(self) -> None:
        self._connections.close()
        self._connections = Connections(free_port())
        argv = [self._local(part) for part in self._command.command]
        self._process = self._cloud.processes.start(
            argv,
            cwd=self._home,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            view=View(read=[*program_folders(argv), self._models], write=[self._home]),
        )
        threading.Thread(target=self._pump, args=(self._process,), name=f"log-{self.stream}", daemon=True).start()

    def _environment(self) -> dict[str, str]:
        port = str(self._connections.port)
        variables = {
            **self._command.environment,
            **self._plan.environment,
            "SAGEMAKER_BIND_TO_PORT": port,
            "SAGEMAKER_SAFE_PORT_RANGE": f"{port}-{port}",
            "SAGEMAKER_REGION": self._cloud.region,
            "SM_MODEL_DIR": str(self._home / "model"),
            "HOME": str(self._home),
        }
        if self._plan.multi_model:
            variables["SAGEMAKER_MULTI_MODEL"] = "true"
        variables = {name: self._local(value) for name, value in variables.items()}
        return self._cloud.subprocess_environment(variables, self._plan.role)

    def _local(self, text: str) -> str:
        return _OPT_ML.sub(lambda _: str(self._home), text)

    def _pump(self, process: Process) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                text = line.decode(errors="replace").rstrip()
                self._tail.append(text)
                with contextlib.suppress(ValueError):  # the log is closed once the instance is stopped
                    self._log.write(text)

    def _wait_for_ping(self) -> bool:
        deadline = time.monotonic() + self._plan.startup_seconds
        assert self._process is not None
        while time.monotonic() < deadline and self._process.poll() is None and not self._stopping.is_set():
            with contextlib.suppress(Unreachable, NoAnswer):
                if self.request("GET", "/ping", timeout=5.0).status == 200:
                    return True
            self._stopping.wait(_PING_SECONDS)
        return False

    def _watch(self) -> None:
        delay = 0.2
        while not self._stopping.is_set():
            assert self._process is not None
            code = self._process.wait()
            self.healthy = False
            if self._stopping.wait(delay):
                return
            self._log.write(f"The local cloud restarts the serving process, which exited with code {code}")
            delay = min(delay * 2, _MAX_RESTART_DELAY)
            self.models.forget_all()
            self._cloud.processes.end(self._process)
            self._spawn()
            self.healthy = self._wait_for_ping()
