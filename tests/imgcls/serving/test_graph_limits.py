"""What a graph costs, computed from shapes: against numbers that a person can check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_artifact import SIDE, colour_graph, write_model

from imgcls.artifacts import graph_file, graph_writer
from imgcls.contract.artifact import GRAPH, ArtifactError, read_card
from imgcls.serving import graph_limits
from imgcls.serving.engine import OpenVinoEngine


def graph_of(kind: str, weights: np.ndarray, **attributes: object) -> ov.Model:
    """float (1, 3, 8, 8) through one operator with `weights`."""
    node = helper.make_node(kind, ["image", "w"], ["out"], **attributes)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "one", [image], [out], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return ov.Core().read_model(model.SerializeToString())


@pytest.mark.parametrize(
    ("kind", "shape", "attributes", "work"),
    [
        ("Conv", (4, 3, 3, 3), {"pads": [1] * 4}, 4 * 64 * 27),
        ("Conv", (6, 1, 3, 3), {"pads": [1] * 4, "group": 3}, 6 * 64 * 9),
        ("ConvTranspose", (3, 4, 2, 2), {"strides": [2, 2]}, 3 * 64 * 16),
        ("MatMul", (8, 5), {}, 3 * 8 * 8 * 5),
        ("Einsum", (8, 5), {"equation": "nchw,wk->nchk"}, 3 * 8 * 8 * 5),
        ("Einsum", (8, 5), {"equation": "...w,wk->...k"}, 3 * 8 * 8 * 8 * 5),
        ("Add", (1,), {}, 0),
    ],
)
def test_the_work_is_that_of_the_multiplications(
    kind: str, shape: tuple[int, ...], attributes: dict[str, object], work: int
) -> None:
    graph = graph_of(kind, np.zeros(shape, np.float32), **attributes)
    nodes = {node.get_type_name(): node for node in graph.get_ordered_ops()}
    found = sum(
        graph_limits._multiplications(
            node,
            kind,
            [list(value.get_shape()) for value in node.input_values()],
            sum(int(np.prod(list(output.get_shape()))) for output in node.outputs()),
        )
        for kind, node in nodes.items()
    )
    assert found == work


def test_the_memory_is_that_of_what_is_alive(tmp_path: Path) -> None:
    """The image, as floats, and the same as bytes before it; its mean is small."""
    path = tmp_path / GRAPH
    graph_writer.save(colour_graph(), path)
    graph = ov.Core().read_model(path)
    graph.reshape([1, SIDE, SIDE, 3])
    cost = graph_limits.check(graph, GRAPH, path.stat().st_size)
    assert cost.activation_bytes == SIDE * SIDE * 3 * (1 + 4)
    assert cost.folded_bytes == 2 * 8 + 9 * 4


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("MAX_TENSOR_BYTES", "has 0 MB; at most 0 MB are served"),
        ("MAX_ACTIVATION_BYTES", "MB of memory for an image"),
        ("MAX_FOLDED_BYTES", "MB of memory to compile"),
        ("MAX_WORK", "billion multiplications"),
    ],
)
def test_each_limit_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str) -> None:
    write_model(tmp_path)
    OpenVinoEngine(tmp_path, read_card(tmp_path))
    monkeypatch.setattr(graph_limits, limit, 10)
    monkeypatch.setattr(graph_limits, "_FOLDED_PER_WEIGHT", 0)
    with pytest.raises(ArtifactError, match=sentence):
        OpenVinoEngine(tmp_path, read_card(tmp_path))


def test_a_graph_that_is_kept_still_says_its_memory(tmp_path: Path) -> None:
    from imgcls.serving.blobs import BlobCache

    write_model(tmp_path)
    blobs, card = BlobCache(10**8), read_card(tmp_path)
    first = OpenVinoEngine(tmp_path, card, threads=2, blobs=blobs)
    first.retire()
    assert OpenVinoEngine(tmp_path, card, threads=2, blobs=blobs).run_bytes == first.run_bytes == 2 * SIDE * SIDE * 15


def test_operators_are_found_at_any_depth(tmp_path: Path) -> None:
    """Also in a branch of a branch, where nobody looks."""
    inner = helper.make_graph([helper.make_node("NonZero", ["image"], ["x"])], "inner", [], [])
    outer = helper.make_graph([helper.make_node("Relu", ["image"], ["y"], branch=inner)], "outer", [], [])
    model = helper.make_model(
        helper.make_graph([helper.make_node("Relu", ["image"], ["z"], branch=outer)], "g", [], [])
    )
    onnx.save(model, tmp_path / GRAPH)
    with pytest.raises(ArtifactError, match="not served, 'NonZero'"):
        graph_file.check_operators(tmp_path / GRAPH)
