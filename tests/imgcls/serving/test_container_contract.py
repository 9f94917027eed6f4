"""SageMaker's multi-model container contract, route by route and code by code, over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest
from server_process import ServerProcess
from tiny_artifact import picture, write_model


def test_ping_answers_with_nothing_loaded(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "log") as empty:
        assert empty.call("GET", "/ping").status == 200
        assert empty.call("GET", "/models").json == {"models": []}
        assert empty.stop() == 0


def test_load_describe_invoke_unload(server: ServerProcess, colours: Path) -> None:
    described = {"modelName": "one", "modelUrl": str(colours)}
    assert server.load("one", colours).json == described
    assert server.call("GET", "/models/one").json == described
    assert server.predict("one", picture("blue")).json["label"] == "blue"
    assert server.unload("one").status == 200
    assert server.predict("one", picture()).status == 404
    assert server.call("GET", "/models/one").status == 404
    assert server.unload("one").status == 404


def test_a_loaded_name_is_refused(server: ServerProcess, colours: Path) -> None:
    reply = server.load("colours", colours)
    assert (reply.status, reply.json["error"]) == (409, "already_loaded")


def test_names_are_opaque(server: ServerProcess, colours: Path) -> None:
    for name, path in (("a/b c", "a%2Fb%20c"), ("..", "%2E%2E"), ("é", "%C3%A9")):
        assert server.load(name, colours).status == 200
        assert server.predict(path, picture("green")).json["label"] == "green"
        assert server.unload(path).status == 200


def test_list_pages_over_all_models(server: ServerProcess, colours: Path) -> None:
    names = [f"page-{i}" for i in range(5)]
    for name in names:
        server.load(name, colours)
    seen, token = [], ""
    while token is not None:
        reply = server.call("GET", f"/models?limit=2{f'&next_page_token={token}' if token else ''}").json
        assert len(reply["models"]) <= 2
        seen += [model["modelName"] for model in reply["models"]]
        token = reply.get("nextPageToken")
    assert seen == sorted(["colours", "rolled", *names])
    for name in names:
        server.unload(name)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/models/none", 404),
        ("DELETE", "/models/none", 404),
        ("POST", "/models/none/invoke", 404),
        ("POST", "/invocations", 404),
        ("POST", "/ping", 405),
        ("PUT", "/models", 405),
        ("GET", "/models?limit=0", 400),
        ("GET", "/models?limit=2&next_page_token=%21", 400),
    ],
)
def test_unknown_routes_and_models_are_refused(server: ServerProcess, method: str, path: str, status: int) -> None:
    reply = server.call(method, path)
    assert reply.status == status
    assert set(reply.json) == {"error", "message"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model_name": "x"}', b'{"model_name": 1, "url": "/"}'])
def test_an_invalid_load_request_is_refused(server: ServerProcess, body: bytes) -> None:
    assert server.call("POST", "/models", body).status == 400


def test_artifacts_that_cannot_be_served_are_named(server: ServerProcess, tmp_path: Path) -> None:
    damaged, future, torn = (tmp_path / name for name in ("damaged", "future", "torn"))
    write_model(damaged)
    (damaged / "model.onnx").write_bytes((damaged / "model.onnx").read_bytes()[:-1] + b"x")
    write_model(future)
    card = json.loads((future / "model.json").read_text())
    (future / "model.json").write_text(json.dumps(card | {"format": 99}))
    write_model(torn)
    (torn / "model.onnx").unlink()
    for folder, words in (
        (damaged, "SHA-256"),
        (future, "format 99"),
        (torn, "lacks model.onnx"),
        (tmp_path / "none", "model.json"),
        (Path("/dev/null"), "/dev/null"),
    ):
        reply = server.load("bad", folder)
        assert (reply.status, reply.json["error"]) == (400, "bad_artifact")
        assert words in reply.json["message"]
        assert server.call("GET", "/models/bad").status == 404


def test_a_model_that_does_not_fit_is_refused_with_507(tmp_path: Path, colours: Path) -> None:
    with ServerProcess(tmp_path / "log", KENNEL_MAX_MEMORY_BYTES="1000000") as small:
        reply = small.load("one", colours)
        assert (reply.status, reply.json["error"]) == (507, "out_of_memory")
        assert small.call("GET", "/ping").status == 200


def test_single_model_contract(tmp_path: Path, colours: Path) -> None:
    with ServerProcess(tmp_path / "log", multi_model=False, SM_MODEL_DIR=str(colours)) as single:
        reply = single.call("POST", "/invocations", picture("green"), Content_Type="image/jpeg")
        assert reply.json["label"] == "green"
        parameters = single.call("GET", "/execution-parameters").json
        assert parameters["BatchStrategy"] == "SINGLE_RECORD"
        # SageMaker refuses a transform job that sends more than 100 MB at once.
        assert 1 <= parameters["MaxConcurrentTransforms"] * parameters["MaxPayloadInMB"] <= 100
        assert single.call("GET", "/models").status == 404


def test_a_single_model_that_cannot_be_served_ends_the_process_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"serve\.py: .*model\.json"):
        ServerProcess(tmp_path / "log", multi_model=False, SM_MODEL_DIR=str(tmp_path)).__enter__()


def test_callers_without_attributes_get_the_default_ones(tmp_path: Path, colours: Path) -> None:
    settings = {"SM_MODEL_DIR": str(colours), "KENNEL_DEFAULT_ATTRIBUTES": "format=named,top_k=1"}
    with ServerProcess(tmp_path / "log", multi_model=False, **settings) as single:
        named = single.call("POST", "/invocations", picture("blue"), Content_Type="image/jpeg").json
        assert list(named) == ["blue_probability"]
        asked = {"Content_Type": "image/jpeg", "X_Amzn_SageMaker_Custom_Attributes": "format=array"}
        assert len(single.call("POST", "/invocations", picture("blue"), **asked).json) == 3


def test_only_a_container_listens_beyond_the_loopback(tmp_path: Path) -> None:
    def addresses(**environment: str) -> set[str]:
        with ServerProcess(tmp_path / "log", **environment) as server:
            found = psutil.Process(server.process.pid).net_connections("tcp")
        return {connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN}

    assert addresses() == {"127.0.0.1"}
    assert addresses(KENNEL_HOST="0.0.0.0") == {"0.0.0.0"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KENNEL_THREADS", "many", "KENNEL_THREADS is 'many'; it must be a whole number"),
        ("KENNEL_DEFAULT_ATTRIBUTES", "format=xml", "format is 'xml'"),
    ],
)
def test_a_wrong_setting_ends_the_process_with_a_sentence(tmp_path: Path, name: str, value: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        ServerProcess(tmp_path / "log", **{name: value}).__enter__()
