"""The served graph computes what the network computes, for any batch, and does not depend on the machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch

from imgcls.artifacts.export import export_onnx
from imgcls.contract.artifact import Preprocessing
from imgcls.networks import architectures

SPEC = Preprocessing(resize=72, crop=64)


@pytest.mark.parametrize("architecture", ["simple_cnn", "resnet18", "mobilenet_v3_small"])
def test_graph_and_network_agree(tmp_path: Path, architecture: str) -> None:
    torch.manual_seed(0)
    network = architectures.build(architecture, 4)
    with torch.no_grad():  # batch statistics and a head that make the classes differ
        for _ in range(3):
            network(torch.randn(8, 3, 64, 64))
    export_onnx(network.eval(), SPEC, tmp_path / "model.onnx")
    compiled = ov.Core().compile_model(tmp_path / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for batch in (1, 5):
        pixels = np.random.default_rng(batch).integers(0, 256, (batch, 64, 64, 3), dtype=np.uint8)
        mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (SPEC.mean, SPEC.std))
        with torch.no_grad():
            logits = network((torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / std)
        served = torch.from_numpy(compiled(pixels)[0])
        assert served.shape == (batch, 4)
        assert (served.softmax(1) - logits.softmax(1)).abs().max() < 1e-4
        assert (served.argmax(1) == logits.argmax(1)).all()
    content = (tmp_path / "model.onnx").read_bytes()
    assert b".py" not in content and b"site-packages" not in content


def test_exporting_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = architectures.build("simple_cnn", 4)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export_onnx(network, SPEC, tmp_path / name / "model.onnx")
    assert (tmp_path / "a/model.onnx").read_bytes() == (tmp_path / "b/model.onnx").read_bytes()
