"""`kennel conformance` and `kennel models lint`: correct containers and archives pass, others do not."""

from __future__ import annotations

import http.server
import json
import threading
from pathlib import Path

import pytest
from server_process import ServerProcess
from tiny_artifact import colour_graph, picture, write_model
from typer.testing import CliRunner

from imgcls.artifacts.archives import pack
from kennel.cli.app import app
from kennel.conformance.archive import lint
from kennel.conformance.container import Container, check
from kennel.errors import KennelError


def test_our_container_conforms_and_is_left_unchanged(server: ServerProcess, colours: Path) -> None:
    container = Container(f"http://127.0.0.1:{server.port}", str(colours), picture(), "image/jpeg")
    results = check(container)
    assert [result for result in results if not result.ok] == []
    assert len(results) == 17
    assert sorted(container.listed()) == ["colours", "rolled"]


class _Careless(http.server.BaseHTTPRequestHandler):
    """A container that answers 200 to everything."""

    def _yes(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"models": []}')

    do_GET = do_POST = do_DELETE = _yes

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_careless_container_does_not() -> None:
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Careless)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    results = check(Container(f"http://127.0.0.1:{listener.server_port}", "/m", b"x", "image/jpeg"))
    listener.shutdown()
    wrong = {result.name for result in results if not result.ok}
    assert {"loading it again is 409", "an unloaded model is 404", "GET /models/NAME names the model"} <= wrong
    assert "POST /models loads a model" not in wrong


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "localhost:8080", "https://example.com"])
def test_a_container_that_does_not_answer_is_reported(url: str) -> None:
    with pytest.raises(KennelError, match=url):
        check(Container(url, "/m", b"", ""))


def test_lint_accepts_a_packed_artifact(tmp_path: Path) -> None:
    write_model(tmp_path / "model", graph=colour_graph(num_padding=3000))
    pack(tmp_path / "model", tmp_path / "model.tar.gz")
    result = CliRunner().invoke(app, ["models", "lint", str(tmp_path / "model.tar.gz"), "--json"])
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == 5


def _strange_file(folder: Path) -> None:
    (folder / "extra.pkl").write_bytes(b"\x80\x04.")


def _damage(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"x")


def _no_card(folder: Path) -> None:
    (folder / "model.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "rule", "words"), [(_strange_file, 2, "extra.pkl"), (_damage, 2, "SHA-256"), (_no_card, 1, "model.json")]
)
def test_lint_names_the_rule_that_is_broken(tmp_path: Path, spoil, rule: int, words: str) -> None:  # type: ignore[no-untyped-def]
    write_model(tmp_path / "model")
    spoil(tmp_path / "model")
    results = lint(tmp_path / "model", tmp_path)
    assert [result.ok for result in results] == [True] * rule + [False]
    assert words in results[-1].detail
    assert CliRunner().invoke(app, ["models", "lint", str(tmp_path / "model")]).exit_code == 1
