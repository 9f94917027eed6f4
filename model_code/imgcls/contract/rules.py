"""The rules that watch a training: what each means, what to change, its thresholds. Each is a metric `debug:<name>`.

`imgcls.debug.rules` decides when they fire; jobs and alarms use the metrics; reports and docs/debugger.md explain them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from imgcls.contract.records import ERROR, WARNING

METRIC_PREFIX = "debug:"

OFF, REPORT, METRIC, STOP = "off", "report", "metric", "stop"
"""What to do when a rule fires. off: the rule is not evaluated. report: record and print it. metric: also send its
metric. stop: do all of this, and end training after the epoch."""
ACTIONS = (OFF, REPORT, METRIC, STOP)


@dataclass(frozen=True)
class Rule:
    """`about` is `learning` for the network and `system` for the machine.

    `help` names its thresholds in backquotes, `thresholds` has their defaults; `advice` says what to change.
    """

    name: str
    about: Literal["learning", "system"]
    help: str
    advice: str
    thresholds: Mapping[str, float]
    severity: str = WARNING
    action: str = METRIC

    @property
    def metric(self) -> str:
        return METRIC_PREFIX + self.name


RULES = (
    Rule(
        "vanishing-gradient", "learning",
        "a layer's gradient norm is below `ratio` of the largest layer's, in `samples` samples in a row",
        "check the layer's initial weights, or use a network with normalisation or shortcuts",
        {"ratio": 1e-6, "samples": 3},
    ),
    Rule(
        "exploding-gradient", "learning",
        "the gradient norm is `ratio` times its median over the previous samples (at least `samples`)",
        "set gradient-clipping, lower lr or lengthen warmup-epochs",
        {"ratio": 100.0, "samples": 3},
    ),
    Rule(
        "exploding-tensor", "learning",
        "a layer's gradients, weights or activations are not finite or beyond `limit`",
        "lower lr, lengthen warmup-epochs or set gradient-clipping",
        {"limit": 1e6}, ERROR,
    ),
    Rule(
        "non-finite-loss", "learning",
        "the loss is not finite, so the weights are lost",
        "lower lr, lengthen warmup-epochs, or train with train-precision fp32",
        {}, ERROR, STOP,
    ),
    Rule(
        "loss-not-decreasing", "learning",
        "in `epochs` epochs the training loss fell by less than `share` of itself, and it is over `guessing` times the "
        "loss of guessing (both measured above the minimum that label smoothing leaves)",
        "change lr (lower it when the loss jumps, raise it when it is flat), or weaken augmentation",
        {"epochs": 4, "share": 0.01, "guessing": 0.3},
    ),
    Rule(
        "overfitting", "learning",
        "for `epochs` epochs in a row the validation loss is over `ratio` times its best and over `ratio` times the "
        "training loss, which is still falling",
        "train fewer epochs, strengthen augmentation or weight-decay, or add images",
        {"epochs": 3, "ratio": 1.1},
    ),
    Rule(
        "overtraining", "learning",
        "for `epochs` epochs in a row the validation loss is over `ratio` times its best and over `ratio` times the "
        "training loss",
        "lower epochs or patience: the epochs after the best one are paid for and thrown away",
        {"epochs": 5, "ratio": 1.1},
    ),
    Rule(
        "poor-initialization", "learning",
        "the first loss is `loss_ratio` times the loss of guessing, or all weights of a layer are alike (standard "
        "deviation below `deviation`)",
        "start from pretrained weights, or check how the layers are initialised",
        {"loss_ratio": 3.0, "deviation": 1e-8},
    ),
    Rule(
        "dead-relu", "learning",
        "a share of `threshold` of a layer's ReLU channels is zero for every image, in `samples` samples in a row",
        "lower lr, lengthen warmup-epochs, or check the biases before the layer",
        {"threshold": 0.9, "samples": 2},
    ),
    Rule(
        "saturated-activation", "learning",
        "a share of `threshold` of a bounded activation's values is at its limits, in `samples` samples in a row",
        "lower lr, scale down the weights before the layer, or use an unbounded activation",
        {"threshold": 0.95, "samples": 2},
    ),
    Rule(
        "unchanged-layer", "learning",
        "a step changes a trainable layer by less than `ratio` of its weights, in `samples` samples in a row",
        "check that the optimizer has the layer's weights and that the loss depends on them: it is frozen by mistake",
        {"ratio": 1e-10, "samples": 2},
    ),
    Rule(
        "class-imbalance", "learning",
        "batches contain `ratio` times as many images of the most common class as of the rarest (at least `images` per "
        "class)",
        "set class-weighting to sampler or loss, or add images of the rare classes",
        {"ratio": 10.0, "images": 20},
    ),
    Rule(
        "learning-rate-too-high", "learning",
        "a step changes the median layer by more than `ratio` of its weights, in `samples` samples in a row",
        "lower lr 3 to 10 times, or lengthen warmup-epochs",
        {"ratio": 0.1, "samples": 2},
    ),
    Rule(
        "learning-rate-too-low", "learning",
        "near the peak learning rate a step changes the median layer by less than `ratio` of its weights, in `samples` "
        "samples in a row",
        "raise lr 3 to 10 times",
        {"ratio": 1e-5, "samples": 2},
    ),
    Rule(
        "unnormalized-input", "learning",
        "batches are never negative, or their mean is beyond `mean`, or their standard deviation is above `deviation`",
        "set mean and std of preprocessing to those of the images, as shares of full brightness",
        {"mean": 3.0, "deviation": 4.0},
    ),
    Rule(
        "low-gpu-utilization", "system",
        "the GPU is busy for less than `share` of the time (at least `samples` samples)",
        "raise batch-size or num-workers, pack the data set into shards, or use a smaller instance",
        {"share": 0.5, "samples": 20},
    ),
    Rule(
        "low-cpu-utilization", "system",
        "the cores are busy for less than `share` of the time (at least `samples` samples)",
        "raise batch-size or num-workers, or use an instance with fewer cores",
        {"share": 0.5, "samples": 20},
    ),
    Rule(
        "data-loading-bound", "system",
        "steps wait for the loader for more than `share` of their time (at least `seconds` seconds of steps)",
        "raise num-workers, pack the data set into shards, or scale its images down (max_short_side)",
        {"share": 0.2, "seconds": 30},
    ),
    Rule(
        "memory-climbing", "system",
        "memory grows by `share` of itself in the second half of the run and does not slow down (at least `samples` "
        "samples and `steps` steps)",
        "look for code that keeps tensors, such as losses that are summed without detach",
        {"share": 0.1, "samples": 120, "steps": 400},
    ),
    Rule(
        "small-batch", "system",
        "the optimizer, which costs the same for any batch, takes more than `share` of a step (at least `seconds` "
        "seconds of steps)",
        "double batch-size, and lr with it",
        {"share": 0.25, "seconds": 30},
    ),
)  # fmt: skip
BY_NAME = {rule.name: rule for rule in RULES}
