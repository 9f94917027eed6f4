"""What a graph may cost to compile and run, known from the shapes of its tensors before it is compiled.

Shapes are those for one image. A graph in which one is not known before it runs is refused: nothing would bound it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import openvino as ov

from imgcls.contract.artifact import ArtifactError

MAX_TENSOR_BYTES = 256 * 1024**2
MAX_ACTIVATION_BYTES = 256 * 1024**2
"""Of all tensors that are alive at the same time while one image is computed."""
MAX_FOLDED_BYTES = 64 * 1024**2
"""Of weights and what is computed from them alone, beside `_FOLDED_PER_WEIGHT` times the bytes of the files."""
_FOLDED_PER_WEIGHT = 16
"""int8 weights become float32 and are shifted and scaled: 13 bytes for each byte of the file."""
MAX_WORK = 250e9
"""Multiplications and additions for one image: ResNet50 has 4e9, ViT-L/16 at 384 pixels 190e9."""
_WORK_PER_ELEMENT = 50
"""What a sine or a copy of one number costs, in multiply-adds of a convolution."""
_DATA = ("Constant", "Parameter", "Result")


Key = tuple[str, int]
"""A tensor: the name of its node, and its number among the node's results."""


@dataclass(frozen=True)
class Cost:
    """`activation_bytes` for one image, `folded_bytes` once, `work` in multiply-adds for one image and to compile."""

    activation_bytes: int
    folded_bytes: int
    work: float


@dataclass(frozen=True)
class _Step:
    """One node: the tensors that it reads and makes, by keys; `shapes` is of the latter."""

    node: ov.Node
    kind: str
    inputs: list[Key]
    outputs: list[Key]
    shapes: list[list[int]]
    bytes: list[int]


def check(graph: ov.Model, name: str, file_bytes: int) -> Cost:
    """The graph's cost, after it was reshaped to one image. Raises ArtifactError for a graph that costs too much.

    `file_bytes`: of the graph and its weights.
    """
    steps = [_step(node, name) for node in graph.get_ordered_ops()]
    folded = _folded(steps)
    most_folded = MAX_FOLDED_BYTES + _FOLDED_PER_WEIGHT * file_bytes
    cost = Cost(
        _most_alive([step for step in steps if not folded.issuperset(step.outputs)]),
        sum(sum(step.bytes) for step in steps if folded.issuperset(step.outputs)),
        _work(steps),
    )
    if cost.activation_bytes > MAX_ACTIVATION_BYTES:
        raise _refusal(name, cost.activation_bytes, MAX_ACTIVATION_BYTES, 1e6, "MB of memory for an image")
    if cost.folded_bytes > most_folded:
        raise _refusal(name, cost.folded_bytes, most_folded, 1e6, "MB of memory to compile")
    if cost.work > MAX_WORK:
        raise _refusal(name, cost.work, MAX_WORK, 1e9, "billion multiplications for an image")
    return cost


def _refusal(name: str, value: float, limit: float, unit: float, what: str) -> ArtifactError:
    return ArtifactError(f"{name} takes {value / unit:.0f} {what}; a graph of its size may take {limit / unit:.0f}")


def _step(node: ov.Node, name: str) -> _Step:
    own, kind = node.get_name(), node.get_type_name()
    inputs = [(value.get_node().get_name(), value.get_index()) for value in node.input_values()]
    outputs = [] if kind == "Result" else node.outputs()
    shapes, sizes = [], []
    for output in outputs:
        where = f"{name}: the result of {node.get_friendly_name()[:80]!r}"
        partial = output.get_partial_shape()
        if partial.is_dynamic:
            raise ArtifactError(
                f"{where} has a shape that is known only when it runs, {partial}: export with fixed shapes"
            )
        shape = [int(size) for size in output.get_shape()]
        size = math.ceil(math.prod(shape) * output.get_element_type().bitwidth / 8)
        if size > MAX_TENSOR_BYTES and kind != "Constant":
            raise ArtifactError(f"{where} has {size / 1e6:.0f} MB; at most {MAX_TENSOR_BYTES / 1e6:.0f} MB are served")
        shapes.append(shape)
        sizes.append(size)
    return _Step(node, kind, inputs, [(own, number) for number in range(len(outputs))], shapes, sizes)


def _folded(steps: Iterable[_Step]) -> set[Key]:
    """The tensors that depend on no image: weights, and what is computed from them while compiling."""
    found: set[Key] = set()
    for step in steps:
        # A shape is known before any image is.
        if step.kind != "Parameter" and (step.kind == "ShapeOf" or found.issuperset(step.inputs)):
            found.update(step.outputs)
    return found


def _most_alive(steps: list[_Step]) -> int:
    """The largest sum of the tensors that are needed at the same time, if the nodes run in this order."""
    last = {key: number for number, step in enumerate(steps) for key in step.inputs}
    ends: dict[int, int] = {}
    alive = most = 0
    for number, step in enumerate(steps):
        for key, size in zip(step.outputs, step.bytes, strict=True):
            alive += size
            end = last.get(key, number)
            ends[end] = ends.get(end, 0) + size
        most = max(most, alive)
        alive -= ends.pop(number, 0)
    return most


def _work(steps: list[_Step]) -> float:
    """Multiply-adds, and for each element of inputs and outputs as many as take the same time."""
    shapes = {key: shape for step in steps for key, shape in zip(step.outputs, step.shapes, strict=True)}
    total = 0
    for step in steps:
        if step.kind not in _DATA:
            inputs = [shapes[key] for key in step.inputs]
            results = sum(map(math.prod, step.shapes))
            touched = results + sum(map(math.prod, inputs))
            total += _WORK_PER_ELEMENT * touched + _multiplications(step.node, step.kind, inputs, results)
    return total


def _multiplications(node: ov.Node, kind: str, inputs: list[list[int]], results: int) -> int:
    match kind:
        case "Convolution":
            return results * math.prod(inputs[1][1:])
        case "GroupConvolution":
            return results * math.prod(inputs[1][2:])
        case "ConvolutionBackpropData":
            return math.prod(inputs[0]) * math.prod(inputs[1][1:])
        case "GroupConvolutionBackpropData":
            return math.prod(inputs[0]) * math.prod(inputs[1][2:])
        case "MatMul":
            is_turned = node.get_attributes().get("transpose_a") and len(inputs[0]) > 1
            return results * inputs[0][-2 if is_turned else -1]
        case "MaxPool" | "AvgPool":
            return results * int(math.prod(node.get_attributes()["kernel"]))
        case "Einsum":
            return _einsum(node.get_attributes()["equation"], inputs)
    return 0


def _einsum(equation: str, shapes: list[list[int]]) -> int:
    """The product of all different dimensions; of all dimensions where an ellipsis hides which ones are the same."""
    if "." in equation:
        return math.prod(size for shape in shapes for size in shape)
    terms = equation.partition("->")[0].replace(" ", "").split(",")
    pairs = [pair for term, shape in zip(terms, shapes, strict=True) for pair in zip(term, shape, strict=True)]
    return math.prod(dict(pairs).values())
