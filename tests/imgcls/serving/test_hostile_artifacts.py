"""Untrusted artifacts with correct hashes: a file that is not a graph is refused, and nothing is ever executed."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess
from tiny_artifact import colour_graph, picture, write_model

from imgcls.artifacts import graph_writer
from imgcls.artifacts.archives import write_artifact
from imgcls.contract.artifact import GRAPH, MODEL_JSON, WEIGHTS, ModelCard

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL)


class _Touch:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def _hash_and_write(folder: Path, card: ModelCard) -> None:
    (folder / MODEL_JSON).unlink(missing_ok=True)
    write_artifact(folder, replace(card, files={}, version=""))


@pytest.mark.parametrize("place", [GRAPH, f"{GRAPH}.data", WEIGHTS, "code/inference.py", "data.pkl", "model.pth"])
def test_pickles_are_never_opened(server: ServerProcess, tmp_path: Path, place: str) -> None:
    for protocol in PROTOCOLS:
        folder, victim = tmp_path / f"p{protocol}", tmp_path / "executed"
        card = write_model(folder, graph=colour_graph(num_padding=3000))
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pickle.dumps(_Touch(victim), protocol))
        _hash_and_write(folder, card)
        reply = server.load("stranger", folder)
        if reply.status == 200:
            assert server.predict("stranger", picture("green")).status == 200
            assert server.unload("stranger").status == 200
        else:
            assert (reply.status, reply.json["error"]) == (400, "bad_artifact")
        assert (reply.status == 200) == (place not in (GRAPH, f"{GRAPH}.data"))
        assert not victim.exists()


def test_code_in_an_artifact_is_never_run(server: ServerProcess, tmp_path: Path) -> None:
    folder, victim = tmp_path / "model", tmp_path / "executed"
    card = write_model(folder)
    (folder / "code").mkdir()
    for name in ("inference.py", "sitecustomize.py", "imgcls.py"):
        (folder / "code" / name).write_text(f"open({str(victim)!r}, 'w')")
        shutil.copy(folder / "code" / name, folder)
    _hash_and_write(folder, card)
    assert server.load("stranger", folder).status == 200
    assert server.predict("stranger", picture("red")).json["label"] == "red"
    server.unload("stranger")
    assert not victim.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["a"]}, {"labels": ["a", "a", "b"]}, {"labels": "abc"}, {"labels": [1, 2, 3]}, {"format": "1"},
        {"preprocessing": {"resize": 10**9, "crop": 10**9}}, {"preprocessing": {"resize": 16, "crop": 32}},
        {"preprocessing": {"std": [0, 0, 0]}}, {"preprocessing": []}, {"preprocessing": {"mean": 5}},
        {"preprocessing": {"crop": [16]}}, {"preprocessing": {"resize": "16", "crop": 8}},
        {"temperature": 0}, {"temperature": "hot"}, {"temperature": None}, {"precision": "fp8"}, {"precision": "int8"},
        {"response_format": "xml"}, {"files": {}}, {"files": {"../model.onnx": "0" * 64}}, {"files": []},
        {"files": {GRAPH: "0" * 64}}, {"files": {GRAPH: None}}, {"unknown": 1}, {"name": None}, {"name": 7},
    ],
)  # fmt: skip
def test_invalid_cards_are_refused(server: ServerProcess, tmp_path: Path, change: dict[str, Any]) -> None:
    write_model(tmp_path)
    card = json.loads((tmp_path / MODEL_JSON).read_text())
    (tmp_path / MODEL_JSON).write_text(json.dumps(card | change))
    reply = server.load("stranger", tmp_path)
    assert (reply.status, reply.json["error"]) == (400, "bad_artifact")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "{", "\ufeff{}", "[" * 100_000, '{"format": NaN}'])
def test_an_invalid_model_json_is_refused(server: ServerProcess, tmp_path: Path, text: str) -> None:
    write_model(tmp_path)
    (tmp_path / MODEL_JSON).write_text(text)
    reply = server.load("stranger", tmp_path)
    assert (reply.status, reply.json["error"]) == (400, "bad_artifact")


def test_links_in_place_of_files_are_refused(server: ServerProcess, tmp_path: Path) -> None:
    write_model(tmp_path / "model", graph=colour_graph(num_padding=3000))
    for name in (GRAPH, f"{GRAPH}.data"):
        path, aside = tmp_path / "model" / name, tmp_path / name
        path.rename(aside)
        path.symlink_to(aside)
        assert server.load("stranger", tmp_path / "model").status == 400
        path.unlink()
        aside.rename(path)
    assert server.load("stranger", tmp_path / "model").status == 200
    server.unload("stranger")


def test_weights_cut_short_are_refused(server: ServerProcess, tmp_path: Path) -> None:
    card = write_model(tmp_path)
    graph_writer.save(colour_graph(num_padding=3000), tmp_path / GRAPH)
    weights = tmp_path / f"{GRAPH}.data"
    weights.write_bytes(weights.read_bytes()[:100])
    _hash_and_write(tmp_path, card)
    reply = server.load("stranger", tmp_path)
    assert (reply.status, reply.json["error"]) == (400, "bad_artifact")
    assert server.call("GET", "/ping").status == 200
