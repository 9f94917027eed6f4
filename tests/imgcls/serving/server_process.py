"""serve.py as a process, and an independent client for it, which only uses http.client."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVE = os.environ.get("SERVE_UNDER_TEST") or str(Path(__file__).parents[3] / "model_code" / "serve.py")
PYTHON = os.environ.get("PYTHON_UNDER_TEST") or sys.executable


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ServerProcess:
    """A context manager around one started server; `files` limits how many it may open."""

    def __init__(self, log: Path, *, multi_model: bool = True, files: int = 0, **environment: str) -> None:
        self.port = _free_port()
        self.log = log
        limit = ["bash", "-c", f'ulimit -n {files}; exec "$0" "$@"'] if files else []
        self._command = [*limit, PYTHON, SERVE]
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("SM_", "KENNEL_", "PYTHONPATH"))
            },
            "SAGEMAKER_BIND_TO_PORT": str(self.port),
            "SAGEMAKER_MULTI_MODEL": "true" if multi_model else "false",
            **environment,
        }

    def __enter__(self) -> ServerProcess:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.call("GET", "/ping").status == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise RuntimeError(f"the server did not start: {self.log.read_text()}")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def connect(self, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request on its own connection. Header names use `_` for `-`; a dict body goes as JSON."""
        connection = self.connect()
        try:
            data = json.dumps(body).encode() if isinstance(body, dict) else body
            connection.request(method, path, data, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, response.read())
        finally:
            connection.close()

    def load(self, name: str, folder: Path) -> Reply:
        return self.call("POST", "/models", {"model_name": name, "url": str(folder)})

    def unload(self, name: str) -> Reply:
        return self.call("DELETE", f"/models/{name}")

    def predict(self, name: str, image: bytes, attributes: str = "", content_type: str = "image/jpeg") -> Reply:
        extra = {"X_Amzn_SageMaker_Custom_Attributes": attributes} if attributes else {}
        return self.call("POST", f"/models/{name}/invoke", image, Content_Type=content_type, **extra)

    def resident_bytes(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def forget_peak(self) -> None:
        """Reset the maximum that `peak_bytes` returns."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024

    def log_records(self, kind: str) -> list[dict[str, Any]]:
        """The JSON lines of `type` kind so far."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [record for record in map(json.loads, lines) if record.get("type") == kind]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
