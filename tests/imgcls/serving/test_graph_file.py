"""The graph's files: what is written is read back, and a graph that points elsewhere is refused."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from tiny_artifact import colour_graph

from imgcls.artifacts import graph_file, graph_writer
from imgcls.contract.artifact import ArtifactError


def test_saving_twice_leaves_one_set_of_weights(tmp_path: Path) -> None:
    path, weights = tmp_path / "model.onnx", tmp_path / "model.onnx.data"
    graph_writer.save(colour_graph(num_padding=3000), path)
    size = weights.stat().st_size
    graph_writer.save(colour_graph(num_padding=3000), path)
    assert weights.stat().st_size == size > 20_000 > path.stat().st_size
    assert len(onnx.load(path).graph.initializer) == 4
    graph_file.check_locations(path, ["model.onnx", "model.onnx.data"])


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "model.onnx.data "])
def test_weights_from_elsewhere_are_refused(tmp_path: Path, location: str) -> None:
    path = tmp_path / "model.onnx"
    graph_writer.save(colour_graph(num_padding=3000), path)
    graph = onnx.load(path, load_external_data=False)
    inner = graph.graph.node.add(op_type="If", input=["x"], output=["y"]).attribute.add(name="then_branch", type=5)
    inner.g.initializer.add(name="w", data_location=1).external_data.add(key="location", value=location)
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(ArtifactError, match="reads weights from"):
        graph_file.check_locations(path, ["model.onnx", "model.onnx.data"])


def test_weights_that_the_card_does_not_list_are_refused(tmp_path: Path) -> None:
    graph_writer.save(colour_graph(num_padding=3000), tmp_path / "model.onnx")
    with pytest.raises(ArtifactError, match=r"model\.onnx\.data"):
        graph_file.check_locations(tmp_path / "model.onnx", ["model.onnx"])


@pytest.mark.parametrize("data", [b"\xff" * 40, b"\x3a\x7f", b"\x3b", b"\x80" * 12])
def test_broken_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(ArtifactError, match="not an ONNX file"):
        graph_file.check_locations(tmp_path / "model.onnx", [])
