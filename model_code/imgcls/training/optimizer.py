"""The optimizer and the learning rate's schedule."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from imgcls.contract.optimization import Optimization
from imgcls.networks import architectures


def make_optimizer(network: nn.Module, settings: Optimization) -> torch.optim.Optimizer:
    """The optimizer of the trainable parameters. A group's `lr_ratio` is its share of the scheduled rate."""
    head = set(architectures.head(network)[1].parameters())
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        *_groups([parameter for parameter in trainable if parameter in head], settings.weight_decay, 1.0),
        *_groups(
            [parameter for parameter in trainable if parameter not in head],
            settings.weight_decay,
            settings.backbone_lr_ratio,
        ),
    ]
    # One kernel for all parameters; on the CPU it gains nothing.
    fused = trainable[0].device.type == "cuda"
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.lr, fused=fused)
    momentum = settings.momentum
    return torch.optim.SGD(groups, lr=settings.lr, momentum=momentum, nesterov=momentum > 0, fused=fused)


def _groups(parameters: Sequence[nn.Parameter], weight_decay: float, lr_ratio: float) -> Iterator[dict[str, Any]]:
    """Parameter groups with and without weight decay, leaving out empty ones."""
    for part, decay in (
        ([parameter for parameter in parameters if parameter.ndim > 1], weight_decay),
        # Scales and biases of normalisation layers gain nothing from being pulled towards zero.
        ([parameter for parameter in parameters if parameter.ndim <= 1], 0.0),
    ):
        if part:
            yield {"params": part, "weight_decay": decay, "lr_ratio": lr_ratio}


def schedule(step: int, total_steps: int, warmup_steps: float) -> float:
    """The share of the peak learning rate at a step from 1: linear warm-up, then a cosine that ends near zero."""
    if step < warmup_steps:
        return step / warmup_steps
    progress = (step - warmup_steps) / max(1.0, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
