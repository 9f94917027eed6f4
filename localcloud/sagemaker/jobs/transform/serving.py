"""The serving process of a transform job: its start, readiness check and end."""

from __future__ import annotations

import collections
import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from localcloud.context import Cloud
from localcloud.isolation.view import View
from localcloud.processes import Process
from localcloud.sagemaker.containers.connections import Connections, NoAnswer, Unreachable

STARTUP_SECONDS = 60.0
GRACE_SECONDS = 5.0
_PING_SECONDS = 0.05
_PARAMETERS = ("MaxConcurrentTransforms", "MaxPayloadInMB")


class ServingProcess:
    """One running container on `port`. `tail`: its last lines of output."""

    def __init__(self, cloud: Cloud, process: Process, port: int) -> None:
        self._cloud = cloud
        self._process = process
        self.connections = Connections(port)
        self.tail: collections.deque[str] = collections.deque(maxlen=20)

    def is_ready(self, cancelled: Callable[[], bool]) -> bool:
        """Wait until /ping answers 200; False if the process exits, the time is over, or `cancelled()` is true."""
        deadline = time.monotonic() + STARTUP_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline and not cancelled():
            with contextlib.suppress(Unreachable, NoAnswer):
                if self.connections.request("GET", "/ping", timeout=5.0).status == 200:
                    return True
            time.sleep(_PING_SECONDS)
        return False

    def execution_parameters(self) -> dict[str, int]:
        """The limits that the container reports at the optional route /execution-parameters."""
        try:
            answer = self.connections.request("GET", "/execution-parameters", timeout=5.0)
            value: object = json.loads(answer.body) if answer.status == 200 else {}
        except (Unreachable, NoAnswer, ValueError):
            return {}
        found = {name: value.get(name) for name in _PARAMETERS} if isinstance(value, dict) else {}
        return {name: number for name, number in found.items() if isinstance(number, int) and number > 0}

    def end(self) -> None:
        """SIGTERM, then SIGKILL after the grace period; waiting requests find their connection closed."""
        self._cloud.processes.end(self._process, GRACE_SECONDS)


@contextlib.contextmanager
def serving(
    cloud: Cloud,
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    view: View,
    port: int,
    on_line: Callable[[str], None],
) -> Iterator[ServingProcess]:
    """A process that runs while the block does; each line of its output is passed to `on_line`."""
    popen = cloud.processes.start(
        list(argv),
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        view=view,
    )
    process = ServingProcess(cloud, popen, port)

    def pump() -> None:
        assert popen.stdout is not None
        with popen.stdout as output:
            for line in output:
                text = line.decode(errors="replace").rstrip("\r\n")
                process.tail.append(text)
                on_line(text)

    reader = threading.Thread(target=pump, name="transform-output", daemon=True)
    reader.start()
    try:
        yield process
    finally:
        process.end()
        reader.join()
        process.connections.close()
