"""int8 by post-training quantization of weights and activations, calibrated on real images."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imgcls.artifacts.export import INPUT


def quantize(graph: Path, target: Path, pixels: Sequence[np.ndarray]) -> None:
    """Write the int8 variant of an ONNX graph. `pixels` are representative uint8 (crop, crop, 3) images."""
    import nncf
    import onnx

    from imgcls.artifacts import graph_writer

    logging.getLogger("nncf").setLevel(logging.ERROR)
    dataset = nncf.Dataset(list(pixels), lambda image: {INPUT: image[np.newaxis]})
    # Per-channel weights and symmetric activations are what OpenVINO's CPU kernels run fastest.
    quantized = nncf.quantize(
        onnx.load(graph), dataset, preset=nncf.QuantizationPreset.PERFORMANCE, subset_size=len(pixels)
    )
    graph_writer.save(quantized, target)
