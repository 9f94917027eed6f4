"""serve.py, or its null variant, as a process for benchmarks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.peers import ROOT, free_ports, wait_for_ping

SERVE = ROOT / "model_code" / "serve.py"
NULL = Path(__file__).with_name("null_server.py")


class OurServer:
    """A context manager around one started server with no model."""

    def __init__(self, folder: Path, script: Path = SERVE, **settings: str) -> None:
        """`settings` are variables of its environment."""
        self.folder = folder
        self.script = script
        self._settings = settings
        (self.port,) = free_ports(1)

    def __enter__(self) -> OurServer:
        self.folder.mkdir(parents=True, exist_ok=True)
        platform = {"SAGEMAKER_MULTI_MODEL": "true", "SAGEMAKER_BIND_TO_PORT": str(self.port)}
        environment = {**os.environ, **platform, **self._settings}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, self.script], env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        wait_for_ping(self.port, self.process, 30)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def load(self, folder: Path, model: str) -> None:
        self._call("POST", "/models", {"model_name": model, "url": str(folder)})

    def unload(self, model: str) -> None:
        self._call("DELETE", f"/models/{model}")

    def path(self, model: str) -> str:
        return f"/models/{model}/invoke"

    def resident_bytes(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _call(self, method: str, path: str, body: Any = None) -> None:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()
