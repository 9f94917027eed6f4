"""`kennel images refresh`: what the registries answered is written, and nothing else."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from config import base_images
from kennel.cli import images as command
from kennel.cli.app import app
from kennel.cloud.base_images import digest
from kennel.errors import KennelError

CPU = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu-amzn2023-sagemaker"
CUDA = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"
ONE, TWO = (f"sha256:{number * 64}" for number in "12")


class Registry:
    """A public registry: wants a token, then tells the digest of one tag. `asked`: (path, Accept) of its requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked.append((self.path, ""))
                self._answer(200, {}, json.dumps({"token": "of-anybody"}).encode())

            def do_HEAD(self) -> None:
                registry.asked.append((self.path, self.headers["Accept"]))
                if self.headers.get("Authorization") != "Bearer of-anybody":
                    realm = f'Bearer realm="{registry.url}/token/",service="public",scope="aws"'
                    self._answer(401, {"WWW-Authenticate": realm})
                elif self.path == "/v2/library/python/manifests/3.12":
                    self._answer(200, {"Docker-Content-Digest": ONE})
                elif self.path == "/v2/library/odd/manifests/1":
                    self._answer(200, {"Docker-Content-Digest": "latest"})
                else:
                    self._answer(404, {})

            def _answer(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Registry()
    yield running
    running.close()


@pytest.fixture
def ecr() -> Iterator[tuple[Any, Stubber]]:
    """A client whose answers were recorded."""
    client = boto3.client("ecr", "us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    with Stubber(client) as stubber:
        yield client, stubber


def request(tag: str) -> dict[str, Any]:
    manifests = [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
    image = {"registryId": "763104351884", "repositoryName": "pytorch", "imageIds": [{"imageTag": tag}]}
    return {**image, "acceptedMediaTypes": manifests}


def recorded(tag: str, answer: str) -> dict[str, Any]:
    image = {"registryId": "763104351884", "repositoryName": "pytorch"}
    return {"images": [{**image, "imageId": {"imageDigest": answer, "imageTag": tag}}], "failures": []}


def test_a_stock_image_is_asked_of_its_own_registry(ecr: tuple[Any, Stubber]) -> None:
    client, stubber = ecr
    stubber.add_response(
        "batch_get_image", recorded("2.13-cpu-amzn2023-sagemaker", TWO), request(CPU.rpartition(":")[2])
    )
    assert digest(CPU, client) == TWO
    stubber.assert_no_pending_responses()


def test_an_image_that_is_not_there_is_one_sentence(ecr: tuple[Any, Stubber]) -> None:
    client, stubber = ecr
    failure = {
        "imageId": {"imageTag": "x"},
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    }
    stubber.add_response("batch_get_image", {"images": [], "failures": [failure]})
    with pytest.raises(KennelError, match=r"Amazon ECR does not have 7631.*: Requested image not found"):
        digest(CPU, client)


def test_a_refusal_is_one_sentence(ecr: tuple[Any, Stubber]) -> None:
    client, stubber = ecr
    stubber.add_client_error("batch_get_image", "AccessDeniedException", "not authorized to perform: ecr:BatchGetImage")
    with pytest.raises(KennelError, match=r"Amazon ECR does not tell about 7631.*: not authorized"):
        digest(CPU, client)


def test_a_public_registry_is_asked_with_the_token_that_it_wants(registry: Registry) -> None:
    assert digest(f"{registry.host}/library/python:3.12".replace("127.0.0.1", "127.0.0.1"), None, "http") == ONE
    assert [path for path, _ in registry.asked] == [
        "/v2/library/python/manifests/3.12", "/token/?service=public&scope=aws", "/v2/library/python/manifests/3.12",
    ]  # fmt: skip
    assert "application/vnd.oci.image.index.v1+json" in registry.asked[-1][1], "else it gives one platform's digest"


@pytest.mark.parametrize(
    ("image", "sentence"),
    [("library/python:3.99", "does not have .*: it answers with 404"), ("library/odd:1", "with the digest 'latest'")],
)
def test_what_a_public_registry_does_not_know_is_one_sentence(registry: Registry, image: str, sentence: str) -> None:
    with pytest.raises(KennelError, match=sentence):
        digest(f"{registry.host}/{image}", None, "http")


def test_a_registry_that_cannot_be_reached_is_one_sentence() -> None:
    with pytest.raises(KennelError, match=r"127\.0\.0\.1:9 cannot be reached"):
        digest("127.0.0.1:9/library/python:3.12", None, "http")


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "images.lock.json"
    path.write_text(json.dumps({"other:1": TWO, CPU: TWO}))
    monkeypatch.setattr(base_images, "read_lock", lambda: json.loads(path.read_text()))
    write = base_images.write_lock
    monkeypatch.setattr(base_images, "write_lock", lambda digests: write(digests, path))
    return path


@pytest.fixture
def connected(ecr: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command gets the client without anybody's credentials."""
    monkeypatch.setattr(command, "Session", lambda env: SimpleNamespace(client=lambda service: ecr[0]))


@pytest.mark.usefixtures("connected")
def test_the_command_writes_what_it_was_told_and_keeps_the_rest(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "digest", lambda image, client: ONE)
    done = CliRunner().invoke(app, ["images", "refresh", "--env", "dev"])
    assert done.exit_code == 0, done.output
    assert json.loads(lock.read_text()) == {"other:1": TWO, CPU: ONE, CUDA: ONE, base_images.PYTHON_IMAGE: ONE}
    assert "changed" in done.output and "new" in done.output and "commit it" in done.output
    again = CliRunner().invoke(app, ["images", "refresh", "--env", "dev", "--json"])
    assert [row["before"] == row["now"] == ONE for row in json.loads(again.stdout)] == [True] * 3


@pytest.mark.usefixtures("connected")
def test_a_registry_that_fails_leaves_the_file_as_it_was(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(image: str, client: Any) -> str:
        if image == base_images.PYTHON_IMAGE:
            raise KennelError("public.ecr.aws cannot be reached")
        return ONE

    monkeypatch.setattr(command, "digest", refuse)
    before = lock.read_text()
    done = CliRunner().invoke(app, ["images", "refresh", "--env", "dev"])
    assert isinstance(done.exception, KennelError) and lock.read_text() == before


def test_an_environment_that_builds_on_nothing_is_told_so(lock: Path) -> None:
    done = CliRunner().invoke(app, ["images", "refresh", "--env", "local"])
    assert "local has given images and builds on no others" in str(done.exception)
