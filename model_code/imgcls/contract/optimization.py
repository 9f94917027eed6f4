"""How the weights are changed: a file of its own because `head_search` varies some of these hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from imgcls.contract.settings_group import Group, option


@dataclass(frozen=True)
class Optimization(Group):
    """Epochs, optimizer and the learning rate's schedule, and how the arithmetic is done."""

    title: ClassVar[str] = "optimization"

    epochs: int = option(8, "passes over the training split", low=1, high=1000, tunable=True)
    batch_size: int = option(64, "images in a training batch", low=1, high=8192, tunable=True)
    lr: float = option(0.01, "peak learning rate", low=1e-7, high=10.0, tunable=True)
    optimizer: Literal["sgd", "adamw"] = option("sgd", "rule by which gradients change the weights", tunable=True)
    momentum: float = option(0.9, "momentum of sgd", low=0.0, high=0.9999, tunable=True)
    weight_decay: float = option(5e-4, "strength of the weights' decay towards zero", low=0.0, high=1.0, tunable=True)
    warmup_epochs: float = option(0.5, "epochs of linear warm-up before the cosine", low=0.0, high=100.0)
    head_epochs: int = option(0, "first epochs that train the new last layer only", low=0, high=1000, tunable=True)
    backbone_lr_ratio: float = option(
        1.0, "learning rate of all but the last layer, as a share of lr", low=0.0, high=1.0, tunable=True
    )
    label_smoothing: float = option(
        0.0, "share of the target that is spread over all classes", low=0.0, high=0.9, tunable=True
    )
    gradient_clipping: float = option(
        0.0, "largest norm of a step's gradient; 0 does not limit it", low=0.0, tunable=True
    )
    accumulation_steps: int = option(1, "parts in which a batch is computed, to save memory", low=1, high=1024)
    patience: int = option(
        5, "epochs without improvement before training stops; 0 never stops", low=0, resume_safe=True
    )
    seed: int = option(1, "seed of every random choice", low=0, high=2**31 - 1, tunable=True)
    train_precision: Literal["fp32", "bf16"] = option("fp32", "arithmetic of the forward and backward pass")
    compile: bool = option(False, "compile the network with torch.compile; needs a GPU")

    @property
    def bf16(self) -> bool:
        return self.train_precision == "bf16"
