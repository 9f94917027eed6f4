"""A servable artifact that a test can build without torch: an ONNX graph over mean colours."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from imgcls.artifacts import graph_writer
from imgcls.artifacts.archives import write_artifact
from imgcls.contract.artifact import GRAPH, ModelCard, Preprocessing

LABELS = ("red", "green", "blue")
SIDE = 16


def colour_graph(*, scale: float = 10.0, roll: int = 0, num_padding: int = 0, side: int = SIDE) -> onnx.ModelProto:
    """uint8 (num, side, side, 3) -> logits (num, 3): `scale` x the mean of each channel in 0..1.

    `roll` moves each colour's logit by so many classes; `num_padding` adds that many unused-looking weights.
    """
    matrix = np.roll(np.eye(3, dtype=np.float32) * scale / 255, roll, axis=1)
    weights = [
        numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
        numpy_helper.from_array(matrix, "matrix"),
    ]
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "matrix"], ["logits" if not num_padding else "colour"]),
    ]
    if num_padding:
        rows = num_padding // 3
        noise = np.random.default_rng(roll).standard_normal((3, rows)).astype(np.float32)
        weights += [numpy_helper.from_array(noise, "up"), numpy_helper.from_array(noise.T * 0, "down")]
        nodes += [
            helper.make_node("MatMul", ["mean", "up"], ["wide"]),
            helper.make_node("MatMul", ["wide", "down"], ["nothing"]),
            helper.make_node("Add", ["colour", "nothing"], ["logits"]),
        ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["num", side, side, 3])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["num", 3])
    graph = helper.make_graph(nodes, "colour", [image], [logits], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def write_model(folder: Path, *, graph: onnx.ModelProto | None = None, **card: Any) -> ModelCard:
    """An artifact that predicts the image's strongest colour."""
    folder.mkdir(parents=True, exist_ok=True)
    graph_writer.save(graph or colour_graph(), folder / GRAPH)
    defaults: dict[str, Any] = {
        "name": "colours",
        "architecture": "simple_cnn",
        "labels": LABELS,
        "preprocessing": Preprocessing(resize=SIDE, crop=SIDE),
        "started": "2026-11-20T13:24:15+00:00",
    }
    return write_artifact(folder, ModelCard(**(defaults | card)))


def picture(colour: str = "red", *, size: tuple[int, int] = (64, 48), kind: str = "JPEG", mode: str = "RGB") -> bytes:
    """An encoded image of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).convert(mode).save(file, kind)
    return file.getvalue()
