"""The graph on disk: a small ONNX file, and beside it a file of its weights, which an engine maps into memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from imgcls.contract.artifact import ArtifactError

WEIGHTS_SUFFIX = ".data"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_CHILDREN = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto", 6: "GraphProto", 10: "TensorProto", 11: "GraphProto", 22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {13: "StringStringEntryProto"},
}  # fmt: skip
"""The messages of onnx.proto between a model and a tensor's external_data, by field number."""


def weights_name(graph_name: str) -> str:
    """`model.onnx` -> `model.onnx.data`."""
    return graph_name + WEIGHTS_SUFFIX


MAX_NODES = 4000
"""ResNet50 has 136. Compiling 1,000 takes 0.3 s of a core, 4,000 take 1 to 2.5 s."""
_NAMES = (
    "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd "
    "BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Concat Constant ConstantOfShape Conv ConvInteger "
    "ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu Equal "
    "Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool "
    "GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish Hardmax Identity "
    "InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax "
    "LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg "
    "Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear Range Reciprocal ReduceL1 ReduceL2 "
    "ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape "
    "Resize Round ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus "
    "Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze "
    "Upsample Where Xor "
)
OPERATORS = frozenset(_NAMES.split())
"""Of ONNX's own domain: what networks for images export to; no loops, branches, random numbers, sequences or text."""
_DOMAINS = ("", "ai.onnx")


def remove(path: Path) -> None:
    """Delete the graph and its weights, if they exist."""
    for old in (path, path.with_name(weights_name(path.name))):
        old.unlink(missing_ok=True)


def check_locations(path: Path, files: Collection[str]) -> None:
    """Raises ArtifactError if the graph reads weights from any file but its own, which must be one of `files`.

    An ONNX file may name any path, even `/etc/passwd` or a pipe, and engines open it.
    """
    try:
        locations = set(_locations(memoryview(path.read_bytes())))
    except (IndexError, ValueError):
        raise ArtifactError(f"{path.name} is not an ONNX file") from None
    if unlisted := locations - ({weights_name(path.name)} & set(files)):
        raise ArtifactError(f"{path.name} reads weights from {sorted(unlisted)}, which the artifact does not list")


def check_operators(path: Path) -> None:
    """Raises ArtifactError for a graph with too many nodes, or with one whose cost nobody knows before it runs."""
    try:
        nodes = [_text(node) for kind, node in _messages(memoryview(path.read_bytes())) if kind == "NodeProto"]
    except (IndexError, ValueError):
        raise ArtifactError(f"{path.name} is not an ONNX file") from None
    if len(nodes) > MAX_NODES:
        raise ArtifactError(f"{path.name} has {len(nodes)} operators; at most {MAX_NODES} are served")
    unknown = {kind if domain in _DOMAINS else f"{domain}::{kind}" for kind, domain in nodes} - OPERATORS
    if unknown:
        named = ", ".join(sorted(name[:60] for name in unknown)[:5])
        raise ArtifactError(
            f"{path.name} has operators that are not served, {named!r}: export the network without them"
        )


def _text(node: memoryview) -> tuple[str, str]:
    """(operator, domain) of a NodeProto."""
    fields = {number: value for number, value in _fields(node) if number in (4, 7)}
    return bytes(fields.get(4, b"")).decode(), bytes(fields.get(7, b"")).decode()


def _locations(model: memoryview) -> Iterator[str]:
    """Every external_data location in a serialized ModelProto. Raises IndexError or ValueError on broken bytes."""
    for kind, message in _messages(model):
        if kind == "StringStringEntryProto":
            entry = {number: bytes(value).decode() for number, value in _fields(message)}
            if entry.get(1) == "location":
                yield entry.get(2, "")


def _messages(model: memoryview) -> Iterator[tuple[str, memoryview]]:
    """(kind, bytes) of the messages of `_CHILDREN` at any depth."""
    waiting = [("ModelProto", model)]
    while waiting:
        kind, message = waiting.pop()
        yield kind, message
        children = _CHILDREN.get(kind, {})
        waiting += [(children[number], value) for number, value in _fields(message) if number in children]


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """(field number, value) of each length-delimited field of a protobuf message."""
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            _, position = _read_varint(message, position)
        elif wire in (_FIXED64, _FIXED32):
            position += 8 if wire == _FIXED64 else 4
        elif wire == _BYTES:
            size, position = _read_varint(message, position)
            if position + size > len(message):
                raise ValueError("a field ends after its message")
            yield number, message[position : position + size]
            position += size
        else:
            raise ValueError(f"unknown wire type {wire}")


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a varint of more than 10 bytes")
