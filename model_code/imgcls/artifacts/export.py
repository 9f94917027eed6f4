"""The served graph: ONNX from uint8 pixels to logits, normalisation folded in."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from imgcls.contract.artifact import Preprocessing

INPUT, OUTPUT = "image", "logits"


def can_export() -> bool:
    """Whether this environment has ONNX and torch's exporter; the stock training image does not have them."""
    return all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript"))


def export_onnx(network: nn.Module, spec: Preprocessing, path: Path) -> None:
    """Write the graph: uint8 (N, crop, crop, 3) -> float32 logits (N, classes), for any N.

    The graph does not apply the temperature: inference does, so that it can be fitted after the export.
    """
    import onnx

    from imgcls.artifacts import graph_writer

    served = _Served(network, spec).to("cpu").eval()
    example = torch.zeros(2, spec.crop, spec.crop, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's exporter uses torch's own deprecated functions
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            served,
            (example,),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes={"image": {0: "batch"}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    graph = onnx.load(path)
    _drop_metadata(graph)
    graph_writer.save(graph, path)


class _Served(nn.Module):
    """The network after the normalisation: one multiply and add, which engines fuse."""

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module, spec: Preprocessing) -> None:
        super().__init__()
        self.network = network
        mean, std = torch.tensor(spec.mean).view(1, 3, 1, 1), torch.tensor(spec.std).view(1, 3, 1, 1)
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image.permute(0, 3, 1, 2).float() * self.scale + self.shift)
        return logits


def _drop_metadata(graph: Any) -> None:
    """Drop the exporter's notes on source lines: they contain this machine's paths and change the file's hash."""
    del graph.metadata_props[:]
    del graph.graph.metadata_props[:]
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*graph.graph.value_info, *graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        del value.metadata_props[:]
