"""The metric names that training prints and every job definition, alarm, chart and gate reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from imgcls.contract.rules import RULES

NUMBER = r"[-+0-9.eE]+|nan|-?inf"


@dataclass(frozen=True)
class Metric:
    """One scalar of a training job. `goal` says which direction is better, `None` for neither."""

    name: str
    unit: str
    help: str
    goal: Literal["Maximize", "Minimize"] | None = None

    @property
    def regex(self) -> str:
        """The regular expression by which SageMaker finds the value in the job's log, in its first group.

        AWS does not say which engine it uses, so there is nothing in it that RE2 lacks. The character ahead keeps
        `train:loss` from being found in `pretrain:loss`.
        """
        return rf"(?:^|[^\w:-]){self.name}=({NUMBER});"


METRICS = (
    Metric("train:loss", "nats", "mean cross-entropy of the epoch's training batches", "Minimize"),
    Metric("train:accuracy", "ratio", "share of correct predictions on augmented training images", "Maximize"),
    Metric("validation:loss", "nats", "mean cross-entropy on the validation split", "Minimize"),
    Metric("validation:accuracy", "ratio", "share of correct predictions on the validation split", "Maximize"),
    Metric("train:learning-rate", "1", "learning rate of the head at the end of the epoch"),
    Metric("train:images-per-second", "1/s", "training images per second, including data loading", "Maximize"),
    Metric("train:data-wait-ratio", "ratio", "share of the step time spent waiting for the loader", "Minimize"),
    Metric("train:epoch", "1", "number of finished epochs"),
    Metric("best:validation-accuracy", "ratio", "validation accuracy of the epoch that is kept", "Maximize"),
    Metric("best:epoch", "1", "the epoch that is kept"),
    *(Metric(rule.metric, "1", f"1 when the rule fired: {rule.help}", "Minimize") for rule in RULES),
)
NAMES = tuple(metric.name for metric in METRICS)

OBJECTIVE = "validation:accuracy"
"""The default objective metric of a tuning job. Never one of the test split."""

NAMESPACE, FINDINGS = "Kennel/Training", "Findings"
"""Where the pipeline forwards which rules fired: an alarm cannot search for job names, which are new in every run."""
ENVIRONMENT, RULE, ABOUT = "Environment", "Rule", "About"
"""Dimensions of FINDINGS: one series per environment and rule, and one per environment and `Rule.about`."""


def definitions() -> list[dict[str, str]]:
    """`MetricDefinitions` of a training or tuning job (the service takes at most 40)."""
    return [{"Name": metric.name, "Regex": metric.regex} for metric in METRICS]


def line(values: Mapping[str, float]) -> str:
    """The log line that carries `values`: `train:loss=0.6931; validation:accuracy=0.5;`.

    Raises KeyError for a name that is not in the table, because no job would pick it up.
    """
    for name in values:
        if name not in NAMES:
            raise KeyError(f"{name} is not a metric of imgcls.contract.metrics")
    return " ".join(f"{name}={value:.6g};" for name, value in values.items())


def parse(text: str) -> Iterator[tuple[str, float]]:
    """Every (name, value) in `text`, in order."""
    pattern = re.compile("|".join(f"(?:{metric.regex})" for metric in METRICS))
    for match in pattern.finditer(text):
        index = next(i for i, value in enumerate(match.groups()) if value is not None)
        yield NAMES[index], float(match.groups()[index])
