"""How to train: the typed recipe, the optimizer and the learning rate's schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from imgcls.networks import architectures


@dataclass(frozen=True)
class Recipe:
    """How to train, in the units of `contract.hyperparameters`; `jitter` is the augmentation's."""

    epochs: int
    lr: float
    optimizer: str
    momentum: float
    weight_decay: float
    label_smoothing: float
    warmup_epochs: float
    bf16: bool
    jitter: float
    seed: int
    head_epochs: int = 0
    backbone_lr_ratio: float = 1.0
    gradient_clipping: float = 0.0
    accumulation_steps: int = 1
    compile: bool = False

    @classmethod
    def from_hyperparameters(cls, values: Mapping[str, Any], jitter: float) -> Recipe:
        same = (
            "epochs", "lr", "optimizer", "momentum", "weight-decay", "label-smoothing", "warmup-epochs", "head-epochs",
            "backbone-lr-ratio", "gradient-clipping", "accumulation-steps", "compile", "seed",
        )  # fmt: skip
        fields = {name.replace("-", "_"): values[name] for name in same}
        return cls(**fields, bf16=values["train-precision"] == "bf16", jitter=jitter)


def make_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimizer of the trainable parameters. A group's `lr_ratio` is its share of the scheduled rate."""
    head = set(architectures.head(network)[1].parameters())
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = []
    for ratio, part in (
        (1.0, [parameter for parameter in trainable if parameter in head]),
        (recipe.backbone_lr_ratio, [parameter for parameter in trainable if parameter not in head]),
    ):
        groups += [
            {"params": [p for p in part if p.ndim > 1], "weight_decay": recipe.weight_decay, "lr_ratio": ratio},
            # Decay pulls scales and biases of normalisation layers towards zero for nothing.
            {"params": [p for p in part if p.ndim <= 1], "weight_decay": 0.0, "lr_ratio": ratio},
        ]
    groups = [group for group in groups if group["params"]]
    # One kernel for all parameters; on the CPU it brings nothing.
    fused = trainable[0].device.type == "cuda"
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.lr, fused=fused)
    return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.momentum > 0, fused=fused)


def schedule(step: int, total_steps: int, warmup_steps: float) -> float:
    """The share of the peak learning rate at a step from 1: linear warm-up, then a cosine that ends near zero."""
    if step < warmup_steps:
        return step / warmup_steps
    progress = (step - warmup_steps) / max(1.0, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
