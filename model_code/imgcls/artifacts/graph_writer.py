"""Writes the served graph. Separate from `graph_file`, because the serving image does not have the onnx package."""

from __future__ import annotations

from pathlib import Path

import onnx

from imgcls.artifacts.graph_file import remove, weights_name

_SMALL_TENSOR_BYTES = 1024


def save(graph: onnx.ModelProto, path: Path) -> None:
    """Write `path` and, beside it, its weights; existing files are replaced."""
    remove(path)
    onnx.save(
        graph,
        path,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=weights_name(path.name),
        size_threshold=_SMALL_TENSOR_BYTES,
    )
