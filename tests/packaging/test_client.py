"""What pip installs elsewhere: the client alone, typed, asking an endpoint without anything of the clone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TARGET = "dogs/v2/model.tar.gz"
ALIAS = {"name": "dogs", "current": TARGET, "previous": [], "who": "ci", "when": "now", "why": "run", "format": 1}
ANSWER = {
    "model": "dogs",
    "version": "v2",
    "label": "Borzoi",
    "probability": 0.9,
    "predictions": [{"label": "Borzoi", "probability": 0.9}],
}
ASK = """
import numpy as np
from kennel import ImageClassifier
prediction = ImageClassifier("kennel-prod", model="dogs", bucket="artifacts").predict(np.zeros((4, 4, 3), np.uint8))
print(prediction.label, prediction.version)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: what an earlier build left in the clone's `build/` would be packed again."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("kennel", "model_code"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    subprocess.run(pip, cwd=source, check=True)
    (path,) = (source / "dist").glob("kennel-*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel and what it declares, and not even pip."""
    folder = tmp_path_factory.mktemp("client")
    venv.create(folder, symlinks=True)
    executable = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", executable, "install", "--quiet", "--no-compile"]
    # Without its hashes, which would be asked of the wheel too.
    pins = re.findall(r"^[\w.-]+==[^\s;]+", (ROOT / "requirements-dev.lock").read_text(), flags=re.M)
    (folder / "constraints.txt").write_text("\n".join(pins))
    subprocess.run([*pip, "--constraint", folder / "constraints.txt", wheel], check=True)
    return executable


def _run(python: Path, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Isolated (-I): neither PYTHONPATH nor the current folder brings modules of the clone."""
    environment = {**os.environ, **variables}
    return subprocess.run([python, "-I", *arguments], env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_is_the_client_and_its_contract(wheel: Path) -> None:
    files = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    modules = (ROOT / "model_code" / "imgcls" / "contract").rglob("*.py")
    contract = {path.relative_to(ROOT / "model_code").as_posix() for path in modules}
    assert files - contract == {
        "imgcls/__init__.py",
        "kennel/__init__.py",
        "kennel/__main__.py",
        "kennel/client/__init__.py",
        "kennel/client/classifier.py",
        "kennel/errors.py",
        "kennel/py.typed",
    }
    assert contract <= files


def test_an_environment_gets_two_names_and_three_requirements(python: Path) -> None:
    code = """
from importlib.metadata import packages_distributions, requires
print(*sorted(name for name, owners in packages_distributions().items() if "kennel" in owners))
print(*requires("kennel"), sep="\\n")
"""
    names, *requirements = _run(python, "-c", code).stdout.splitlines()
    assert names == "imgcls kennel"
    assert [re.fullmatch(r"(\w+)>=[\d.]+", text)[1] for text in requirements] == ["boto3", "numpy", "Pillow"]


class _Service(ThreadingHTTPServer):
    """S3 with one alias, and an endpoint with one answer. `seen`: (path, target model, body) of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str | None, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Service

    def do_GET(self) -> None:
        self._answer(ALIAS if self.path == "/artifacts/aliases/dogs.json" else {}, b"")

    def do_POST(self) -> None:
        self._answer(ANSWER, self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, value: dict[str, Any], received: bytes) -> None:
        self.server.seen.append((self.path, self.headers.get("X-Amzn-SageMaker-Target-Model"), received))
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def service() -> Iterator[_Service]:
    with _Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_client_asks_an_endpoint_from_there(python: Path, service: _Service) -> None:
    done = _run(
        python,
        "-c",
        ASK,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{service.server_port}",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        AWS_DEFAULT_REGION="us-east-1",
    )
    assert done.stdout == "Borzoi v2\n", done.stderr
    (alias, _, _), (path, target, picture) = service.seen
    assert alias == "/artifacts/aliases/dogs.json"
    assert (path, target) == ("/endpoints/kennel-prod/invocations", TARGET)
    assert picture.startswith(b"\x89PNG")


def test_the_command_says_that_it_needs_a_clone(python: Path) -> None:
    for arguments in (("-m", "kennel"), (python.with_name("kennel"), "models", "list")):
        done = _run(python, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("The kennel command needs a clone of the repository: run `make setup` there")
        assert len(done.stderr.splitlines()) == 1


def test_its_types_are_seen_from_outside(python: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from kennel import ImageClassifier\n"
        'prediction = ImageClassifier("kennel-prod", target_model="dogs/v2/model.tar.gz").predict("dog.jpg")\n'
        "reveal_type(prediction)\n"
        "wrong: int = prediction.label\n"
    )
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", tmp_path / "cache"]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(
        [*mypy, "--python-executable", python, program],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[:2] == [
        'program.py:3: note: Revealed type is "kennel.client.classifier.Prediction"',
        'program.py:4: error: Incompatible types in assignment (expression has type "str", variable has type "int")'
        "  [assignment]",
    ]
    assert "Found 1 error in 1 file" in done.stdout
