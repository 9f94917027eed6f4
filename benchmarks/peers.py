"""The peers, each in an environment of its own: multi-model-server and TorchServe on this machine's Java.

Their environments see this one's torch, torchvision and Pillow, so that all servers run the same network code.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from imgcls.runtime.cores import num_cores

ROOT = Path(__file__).resolve().parents[1]
HANDLERS = Path(__file__).with_name("handlers")
FOLDER = Path("out/bench/serving")
"""Where the serving rows keep their models and the servers' files."""
START_SECONDS = 120.0


@dataclass(frozen=True)
class Peer:
    """How a server is installed and started. `ports` are those that its configuration names."""

    name: str
    archiver: str
    command: tuple[str, ...]
    settings: str
    num_ports: int
    invoke_path: str

    @property
    def environment(self) -> Path:
        return ROOT / ".venvs" / self.name

    def install(self) -> None:
        """Create the environment, once."""
        if (self.environment / ".ready").exists():
            return
        if shutil.which("java") is None:
            raise RuntimeError(f"{self.name} needs Java 17, which is not on the PATH")
        subprocess.run([sys.executable, "-m", "venv", self.environment], check=True)
        pip: list[str | Path] = [
            self.environment / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        lock = ROOT / "benchmarks" / f"requirements-{self.name}.lock"
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", lock], check=True)
        site = next((self.environment / "lib").glob("python*/site-packages"))
        (site / "shared.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n{ROOT / 'model_code'}\n")
        (self.environment / ".ready").touch()

    def archive(self, name: str, handler: str, store: Path, weights: Path | None = None) -> Path:
        """Write `<name>.mar` into `store`."""
        store.mkdir(parents=True, exist_ok=True)
        source = store.parent / f"source-{name}"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        shutil.copy(HANDLERS / f"{handler}.py", source)
        if weights:
            shutil.copy(weights, source / "weights.pt")
        command: list[str | Path] = [
            self.environment / "bin" / self.archiver,
            "--model-name",
            name,
            "--export-path",
            store,
            "--force",
        ]
        if self.name == "torchserve":
            command += ["--version", "1.0", "--handler", source / f"{handler}.py"]
            command += ["--extra-files", weights.with_name("weights.pt")] if weights else []
        else:
            command += ["--model-path", source, "--handler", f"{handler}:handle"]
        subprocess.run(command, check=True, capture_output=True)
        return store / f"{name}.mar"


MULTI_MODEL_SERVER = Peer(
    name="multi-model-server",
    archiver="model-archiver",
    command=("multi-model-server", "--start", "--foreground", "--mms-config", "{config}", "--model-store", "{store}"),
    settings="""
inference_address=http://127.0.0.1:{ports[0]}
management_address=http://127.0.0.1:{ports[1]}
default_workers_per_model={workers}
preload_model=false
""",
    num_ports=2,
    invoke_path="/models/{model}/invoke",
)
TORCHSERVE = Peer(
    name="torchserve",
    archiver="torch-model-archiver",
    command=(
        "torchserve", "--start", "--foreground", "--ncs", "--disable-token-auth", "--enable-model-api",
        "--ts-config", "{config}", "--model-store", "{store}",
    ),
    settings="""
inference_address=http://127.0.0.1:{ports[0]}
management_address=http://127.0.0.1:{ports[1]}
metrics_address=http://127.0.0.1:{ports[2]}
grpc_inference_port={ports[3]}
grpc_management_port={ports[4]}
default_workers_per_model={workers}
disable_system_metrics=true
""",
    num_ports=5,
    invoke_path="/predictions/{model}",
)  # fmt: skip
PEERS = (MULTI_MODEL_SERVER, TORCHSERVE)


class PeerServer:
    """A context manager around one started peer with no model."""

    def __init__(self, peer: Peer, folder: Path, *, workers: int) -> None:
        self.peer = peer
        self.folder = folder
        self.workers = workers
        self.store = folder / "store"
        self.ports = free_ports(peer.num_ports)

    @property
    def port(self) -> int:
        return self.ports[0]

    def __enter__(self) -> PeerServer:
        self.store.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.properties"
        config.write_text(self.peer.settings.format(ports=self.ports, workers=self.workers))
        binaries = self.peer.environment / "bin"
        words = [word.format(config=config, store=self.store) for word in self.peer.command]
        environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [binaries / words[0], *words[1:]],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for_ping(self.port, self.process, START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def load(self, archive: Path, model: str) -> None:
        """Returns when all workers of the model have loaded it."""
        query = f"url={archive.name}&model_name={model}&initial_workers={self.workers}&synchronous=true"
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[1]}/models?{query}", method="POST")
        with urllib.request.urlopen(request, timeout=START_SECONDS) as response:
            response.read()

    def path(self, model: str) -> str:
        return self.peer.invoke_path.format(model=model)


def start_peer(peer: Peer, workers: int | None = None) -> PeerServer:
    """A peer with an empty store; one worker a core unless said."""
    folder = (FOLDER / peer.name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    return PeerServer(peer, folder, workers=workers or num_cores())


def free_ports(num: int) -> list[int]:
    """Ports below 32,768: multi-model-server takes no higher one."""
    ports: list[int] = []
    while len(ports) < num:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener:
            if port not in ports and listener.connect_ex(("127.0.0.1", port)):
                ports.append(port)
    return ports


def wait_for_ping(port: int, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Raises RuntimeError when the process ends or the time is over first."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the server did not start; its log is beside its configuration")
