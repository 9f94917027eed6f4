"""Weights on disk in the safetensors format, read and written with torch alone.

The stock training image does not have the safetensors package (the lock file of pytorch 2.13 for SageMaker does not
list it), and a job there cannot install anything. The format is small: 8 bytes with the length of a JSON header, the
header with each tensor's type, shape and offsets, then the bytes. The tests compare both directions with the package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from imgcls.contract.artifact import ArtifactError

_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LENGTH_BYTES = 8
_ALIGNMENT = 8
MAX_HEADER_BYTES = 100_000_000


def save(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write `tensors`, from any device, in the order of their names: equal tensors give equal bytes."""
    header: dict[str, Any] = {}
    blobs, offset = [], 0
    for name, tensor in sorted(tensors.items()):
        blob = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + blob.nbytes],
        }
        blobs.append(blob)
        offset += blob.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(_LENGTH_BYTES, "little"))
        file.write(text)
        for blob in blobs:
            file.write(blob.data)


def load(path: Path) -> dict[str, Tensor]:
    """The tensors, on the CPU. Raises ArtifactError for a file that is damaged or of another format."""
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + size
    if len(data) < _LENGTH_BYTES or size > MAX_HEADER_BYTES or start > len(data):
        raise ArtifactError(f"{path.name} is not a safetensors file, or it is truncated")
    try:
        header = json.loads(data[_LENGTH_BYTES:start])
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _tensor(data, start, entry) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ArtifactError(f"{path.name} is damaged: {error}") from None


def _tensor(data: bytearray, start: int, entry: Mapping[str, Any]) -> Tensor:
    dtype, shape, (begin, end) = _DTYPES[entry["dtype"]], entry["shape"], entry["data_offsets"]
    count = torch.Size(shape).numel()
    if not 0 <= begin <= end <= len(data) - start or (end - begin) != count * dtype.itemsize:
        raise ValueError("a tensor's offsets do not fit its shape")
    if count == 0:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(data, dtype=torch.uint8, count=end - begin, offset=start + begin).view(dtype).reshape(shape)
