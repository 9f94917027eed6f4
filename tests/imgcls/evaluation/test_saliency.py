"""Grad-CAM marks the pixels that decide, for every architecture, and leaves the network unchanged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from imgcls.contract.artifact import ARCHITECTURES, Preprocessing
from imgcls.evaluation.saliency import grad_cam
from imgcls.networks import architectures

SPEC = Preprocessing(resize=96, crop=96, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def test_the_map_is_high_where_the_class_is() -> None:
    """A network whose class c is the mean of channel c: only the red square supports class 0."""
    network = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.AvgPool2d(8), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network[0].weight.data = torch.eye(3).view(3, 3, 1, 1)
    pixels = np.zeros((1, 96, 96, 3), np.uint8)
    pixels[0, 8:40, 48:80, 0] = 255
    heat = grad_cam(network.eval(), pixels, SPEC, [0])
    assert heat.shape == (1, 96, 96)
    assert heat[0, 16:32, 56:72].min() > 0.9
    assert heat[0, 56:, :32].max() < 0.01


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_gives_a_map_and_stays_unchanged(architecture: str) -> None:
    network = architectures.build(architecture, 4).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    pixels = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    heat = grad_cam(network, pixels, SPEC, [1, 3])
    assert heat.shape == (2, 96, 96)
    assert np.isfinite(heat).all() and heat.min() >= 0 and heat.max() <= 1
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks for module in network.modules())
