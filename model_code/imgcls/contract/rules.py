"""The names of the rules that watch a training run, each a metric `debug:<name>` of the job in which it fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

METRIC_PREFIX = "debug:"


@dataclass(frozen=True)
class Rule:
    """`about`: whether the network learns as it should, or what the machine does meanwhile."""

    name: str
    about: Literal["learning", "system"]
    help: str

    @property
    def metric(self) -> str:
        return METRIC_PREFIX + self.name


RULES = (
    Rule("vanishing-gradient", "learning", "a layer's gradients are next to nothing"),
    Rule("exploding-gradient", "learning", "the gradients grew a hundredfold"),
    Rule("exploding-tensor", "learning", "a weight or an activation is not finite"),
    Rule("non-finite-loss", "learning", "the loss is not finite"),
    Rule("loss-not-decreasing", "learning", "the training loss stands still"),
    Rule("overfitting", "learning", "the validation loss rises while the training loss falls"),
    Rule("overtraining", "learning", "epochs went by after the best one"),
    Rule("poor-initialization", "learning", "the first steps' activations or gradients are out of proportion"),
    Rule("dead-relu", "learning", "a layer's activations are zero for every image"),
    Rule("saturated-activation", "learning", "a layer's activations sit at their limits"),
    Rule("unchanged-layer", "learning", "a trainable layer's weights do not move"),
    Rule("class-imbalance", "learning", "batches hold far more of some classes than of others"),
    Rule("learning-rate-too-high", "learning", "steps change the weights by too much"),
    Rule("learning-rate-too-low", "learning", "steps hardly change the weights"),
    Rule("unnormalized-input", "learning", "batches are far from zero mean and unit deviation"),
    Rule("low-gpu-utilization", "system", "the GPU waits"),
    Rule("low-cpu-utilization", "system", "the processor waits"),
    Rule("data-loading-bound", "system", "steps wait for the loader"),
    Rule("memory-climbing", "system", "the process's memory grows from epoch to epoch"),
    Rule("small-batch", "system", "the batch is too small for the device"),
)
BY_NAME = {rule.name: rule for rule in RULES}
