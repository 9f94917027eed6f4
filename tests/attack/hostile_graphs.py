"""ONNX graphs of a few KB that would take gigabytes, minutes or a loop, or that answer with nonsense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.imgcls.serving.tiny_artifact import SIDE


def build(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], *, opset: int = 20, classes: int = 3,
          functions: Any = ()) -> onnx.ModelProto:  # fmt: skip
    """`nodes` may use `colours`, float (num, 3), and must make `logits`."""
    first = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["colours"], keepdims=0),
    ]
    arrays = {"axes": np.array([1, 2], np.int64), **weights}
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["num", SIDE, SIDE, 3])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["num", classes])
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph([*first, *nodes], "hostile", [image], [logits], tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("evil", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=functions)


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def _added(kind: str, inputs: str, weights: dict[str, np.ndarray], **attributes: Any) -> onnx.ModelProto:
    """An operator whose result is summed up and added to the colours."""
    nodes = [node(kind, inputs, "large", **attributes), node("Cast", "large", "real", to=TensorProto.FLOAT),
             node("ReduceMax", "real", "one", keepdims=0), node("Add", "colours one", "logits")]  # fmt: skip
    return build(nodes, weights)


def expand() -> onnx.ModelProto:
    return _added("Expand", "x shape", {"x": np.ones((1, 1), np.float32), "shape": ints(512, 1_000_000)})


def expand_of_the_image() -> onnx.ModelProto:
    return _added("Expand", "colours shape", {"shape": ints(200_000_000, 1, 3)})


def constant_of_shape() -> onnx.ModelProto:
    return _added("ConstantOfShape", "shape", {"shape": ints(500_000_000)})


def tile() -> onnx.ModelProto:
    return _added("Tile", "x times", {"x": np.ones(1, np.float32), "times": ints(500_000_000)})


def range_() -> onnx.ModelProto:
    numbers = {"a": np.array(0.0, np.float32), "b": np.array(5e8, np.float32), "c": np.array(1.0, np.float32)}
    return _added("Range", "a b c", numbers)


def pad() -> onnx.ModelProto:
    return _added("Pad", "colours pads", {"pads": ints(0, 0, 0, 500_000_000)})


def resize() -> onnx.ModelProto:
    scales = np.array([1, 1, 30_000, 30_000], np.float32)
    nodes = [node("Reshape", "colours four", "small"), node("Resize", "small  scales", "big", mode="linear"),
             node("ReduceMax", "big", "one", keepdims=0), node("Add", "colours one", "logits")]  # fmt: skip
    nodes[1].input[:] = ["small", "", "scales"]
    return build(nodes, {"four": ints(-1, 3, 1, 1), "scales": scales})


def one_hot() -> onnx.ModelProto:
    weights = {"x": ints(1, 2, 3, 4), "depth": np.array(200_000_000, np.int64), "on_off": np.array([0, 1], np.float32)}
    return _added("OneHot", "x depth on_off", weights)


def folding_chain() -> onnx.ModelProto:
    """Sixty tensors of 200 MB, each from the one before."""
    nodes = [node("Expand", "x shape", "c0")]
    nodes += [node("Sin", f"c{i}", f"c{i + 1}") for i in range(60)]
    nodes += [node("ReduceMax", "c60", "one", keepdims=0), node("Add", "colours one", "logits")]
    return build(nodes, {"x": np.ones((1, 1), np.float32), "shape": ints(50, 1_000_000)})


def folded_product() -> onnx.ModelProto:
    """A product of two 7,000 x 7,000 matrices of ones, while it is compiled."""
    nodes = [node("Expand", "x shape", "m"), node("MatMul", "m m", "p"), node("MatMul", "p m", "q"),
             node("ReduceMax", "q", "one", keepdims=0), node("Add", "colours one", "logits")]  # fmt: skip
    return build(nodes, {"x": np.ones((1, 1), np.float32), "shape": ints(7000, 7000)})


def product_of_the_image() -> onnx.ModelProto:
    nodes = [node("ReduceMean", "colours all", "grey", keepdims=1), node("Expand", "grey shape", "m0")]
    nodes += [node("MatMul", f"m{i} m{i}", f"m{i + 1}") for i in range(20)]
    nodes += [node("ReduceMax", "m20", "one", keepdims=0), node("Add", "colours one", "logits")]
    return build(nodes, {"all": ints(0, 1), "shape": ints(4000, 4000)})


def kept_alive() -> onnx.ModelProto:
    """A hundred tensors of 12 MB that are all needed at the end."""
    nodes = [node("ReduceMean", "colours all", "grey", keepdims=1), node("Expand", "grey shape", "k0")]
    nodes += [node("Sin", f"k{i}", f"k{i + 1}") for i in range(100)]
    nodes += [node("Add", f"{'s' if i < 100 else 'k'}{i} k{i - 1}", f"s{i - 1}") for i in range(100, 0, -1)]
    nodes += [node("ReduceMax", "s0", "one", keepdims=0), node("Add", "colours one", "logits")]
    return build(nodes, {"all": ints(0, 1), "shape": ints(3, 1_000_000)})


def wide_convolution() -> onnx.ModelProto:
    nodes = [node("Transpose", "float", "nchw", perm=[0, 3, 1, 2]), node("Expand", "w wshape", "weights"),
             node("Conv", "padded weights", "conv"), node("ReduceMax", "conv", "one", keepdims=0),
             node("Add", "colours one", "logits")]  # fmt: skip
    nodes.insert(1, node("Pad", "nchw pads", "padded"))
    weights = {
        "w": np.ones((1, 1, 1, 1), np.float32),
        "wshape": ints(16, 3, 500, 500),
        "pads": ints(0, 0, 0, 0, 0, 0, 984, 984),
    }
    return build(nodes, weights)


def einsum() -> onnx.ModelProto:
    nodes = [node("ReduceMean", "colours all", "grey", keepdims=1), node("Expand", "grey shape", "m"),
             node("Einsum", "m m m", "p", equation="ab,bc,cd->ad"), node("ReduceMax", "p", "one", keepdims=0),
             node("Add", "colours one", "logits")]  # fmt: skip
    return build(nodes, {"all": ints(0, 1), "shape": ints(2000, 2000)})


def many_nodes(num: int = 20_000, kind: str = "Relu") -> onnx.ModelProto:
    nodes = [node(kind, f"r{i}" if i else "colours", f"r{i + 1}") for i in range(num)]
    return build([*nodes, node("Identity", f"r{num}", "logits")], {})


def _body(kind: str) -> onnx.GraphProto:
    number = helper.make_tensor_value_info("n", TensorProto.INT64, [])
    go = helper.make_tensor_value_info("go", TensorProto.BOOL, [])
    value = helper.make_tensor_value_info("v", TensorProto.FLOAT, None)
    out = [
        helper.make_tensor_value_info("go2", TensorProto.BOOL, []),
        helper.make_tensor_value_info("v2", TensorProto.FLOAT, None),
    ]
    nodes = [node("Identity", "go", "go2"), node("Sin", "v", "v2")]
    if kind == "Loop":
        return helper.make_graph(nodes, "body", [number, go, value], out)
    if kind == "Scan":
        return helper.make_graph([node("Sin", "v", "v2")], "body", [value], out[1:])
    return helper.make_graph([node("Sin", "colours", "v2")], "branch", [], out[1:])


def loop() -> onnx.ModelProto:
    weights = {"trips": np.array(20_000_000, np.int64), "on": np.array(True)}
    return build([node("Loop", "trips on colours", "logits", body=_body("Loop"))], weights)


def scan() -> onnx.ModelProto:
    nodes = [node("Expand", "colours shape", "long"),
             node("Scan", "long", "rows", body=_body("Scan"), num_scan_inputs=1),
             node("ReduceMean", "rows first", "logits", keepdims=0)]  # fmt: skip
    return build(nodes, {"shape": ints(10_000_000, 1, 3), "first": ints(0)})


def if_() -> onnx.ModelProto:
    return build([node("If", "on", "logits", then_branch=_body("If"), else_branch=_body("If"))], {"on": np.array(True)})


def foreign_domain() -> onnx.ModelProto:
    return build([node("Steal", "colours", "logits", domain="evil")], {})


def function() -> onnx.ModelProto:
    body = [node("NonZero", "a", "b")]
    made = helper.make_function("evil", "Steal", ["a"], ["b"], body, [helper.make_opsetid("", 20)])
    return build([node("Steal", "colours", "logits", domain="evil")], {}, functions=[made])


def random() -> onnx.ModelProto:
    return build([node("RandomUniformLike", "colours", "logits")], {})


def non_zero() -> onnx.ModelProto:
    return _added("NonZero", "colours", {})


def shape_by_value() -> onnx.ModelProto:
    """How long the tensor is, the image says."""
    nodes = [node("ReduceMax", "colours", "top", keepdims=0), node("Range", "zero top step", "long"),
             node("ReduceMax", "long", "one", keepdims=0), node("Add", "colours one", "logits")]  # fmt: skip
    return build(nodes, {"zero": np.array(0, np.float32), "step": np.array(1e-7, np.float32)})


def lying_tensor() -> onnx.ModelProto:
    """Four bytes that say they were 2 GB."""
    model = _added("Identity", "x", {"x": np.ones(1, np.float32)})
    next(tensor for tensor in model.graph.initializer if tensor.name == "x").dims[:] = [500_000_000]
    return model


def sparse() -> onnx.ModelProto:
    model = _added("Identity", "x", {})
    values = numpy_helper.from_array(np.ones(1, np.float32), "x")
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(ints(7), "i"), [500_000_000])
    )
    return model


def _scaled(value: float) -> onnx.ModelProto:
    return build([node("Mul", "colours w", "logits")], {"w": np.full(3, value, np.float32)})


def nan() -> onnx.ModelProto:
    return _scaled(np.nan)


def infinite() -> onnx.ModelProto:
    return _scaled(np.inf)


def minus_infinite() -> onnx.ModelProto:
    return _scaled(-np.inf)


def overflowing() -> onnx.ModelProto:
    return _scaled(3e38)


def logarithm() -> onnx.ModelProto:
    nodes = [node("Sub", "colours w", "less"), node("Log", "less", "logits")]
    return build(nodes, {"w": np.full(3, 300, np.float32)})


def finite_but_for_black() -> onnx.ModelProto:
    return build(
        [node("Log", "colours", "log"), node("Mul", "log w", "logits")], {"w": np.array([1, 0, -1], np.float32)}
    )


def other_shape() -> onnx.ModelProto:
    return build([node("Concat", "colours colours", "logits", axis=1)], {}, classes=6)


def no_batch() -> onnx.ModelProto:
    return build([node("Concat", "colours colours", "logits", axis=0)], {})


COSTLY: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "Expand": (expand, "MB"),
    "Expand of the image": (expand_of_the_image, "MB"),
    "ConstantOfShape": (constant_of_shape, "MB"),
    "Tile": (tile, "MB"),
    "Range": (range_, "MB"),
    "Pad": (pad, "MB"),
    "Resize": (resize, "MB"),
    "OneHot": (one_hot, "MB"),
    "a chain that is folded": (folding_chain, "MB of memory to compile"),
    "a product that is folded": (folded_product, "MB of memory to compile|billion"),
    "products": (product_of_the_image, "billion multiplications"),
    "tensors that are kept": (kept_alive, "MB of memory for an image"),
    "a wide convolution": (wide_convolution, "billion multiplications"),
    "Einsum": (einsum, "billion multiplications"),
    "20,000 nodes": (many_nodes, "has 20003 operators"),
    "Loop": (loop, "not served, 'Loop'"),
    "Scan": (scan, "not served, 'Scan'"),
    "If": (if_, "not served, 'If'"),
    "a foreign domain": (foreign_domain, "evil::Steal"),
    "a function": (function, "evil::Steal"),
    "random numbers": (random, "RandomUniformLike"),
    "NonZero": (non_zero, "not served, 'NonZero'"),
    "a shape that a value says": (shape_by_value, "known only when it runs"),
    "a tensor that lies": (lying_tensor, "does not match the number of elements"),
    "a sparse tensor": (sparse, "cannot be compiled"),
}
NONSENSE: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "NaN weights": (nan, "not finite"),
    "infinite weights": (infinite, "not finite"),
    "minus infinite weights": (minus_infinite, "not finite"),
    "weights that overflow": (overflowing, "not finite"),
    "a logarithm of less than nothing": (logarithm, "not finite"),
    "another number of classes": (other_shape, "output is"),
    "several answers for an image": (no_batch, r"answers with the shape \(2, 3\)"),
}
