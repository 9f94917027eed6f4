"""Hyperband: random search whose trials are real training jobs, stopped early by what they report epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.sagemaker.jobs.tuning.ranges import Range
from localcloud.sagemaker.jobs.tuning.search import OptunaSearch, Suggestion
from localcloud.sagemaker.jobs.validation import validation_error

_REDUCTION_FACTOR = 3  # the Hyperband paper's; the service does not tell its own
# Where the service looks for MaxResource when the request leaves it out.
_EPOCH_NAMES = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")


@dataclass(frozen=True)
class Resources:
    """Epochs that a trial may use, counted by the values of the objective metric that it reports."""

    least: int
    most: int


def resources(config: Mapping[str, Any], static: Mapping[str, str]) -> Resources:
    """The request's resources; ValidationException as the service has it.

    config: HyperParameterTuningJobConfig. static: StaticHyperParameters.
    """
    if config.get("TrainingJobEarlyStoppingType") == "Auto":
        raise validation_error(
            "TrainingJobEarlyStoppingType must be Off to use Hyperband, which has its own internal early stopping."
        )
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    most = given.get("MaxResource") or _epochs(static)
    if most is None:
        raise validation_error(
            "MaxResource must be specified in HyperbandStrategyConfig: it can not be inferred from "
            f"StaticHyperParameters, which have none of {', '.join(_EPOCH_NAMES)}."
        )
    least = given.get("MinResource", 1)
    if least > most:
        raise validation_error(f"MinResource {least} in HyperbandStrategyConfig is above MaxResource {most}.")
    return Resources(least, most)


def _epochs(static: Mapping[str, str]) -> int | None:
    for name in _EPOCH_NAMES:
        text = static.get(name, "").strip('"')
        if text.isdecimal():
            return int(text)
    return None


class HyperbandSearch(OptunaSearch):
    """Draws at random; several brackets of asynchronous successive halving decide which trials go on."""

    def __init__(
        self, ranges: Sequence[Range], *, resources: Resources, maximize: bool, seed: int | None, name: str
    ) -> None:
        """name: of the tuning job; with it and the seed, the same trials fall into the same brackets."""
        from optuna.pruners import HyperbandPruner

        super().__init__(
            ranges,
            bayesian=False,
            maximize=maximize,
            seed=seed,
            name=name,
            pruner=HyperbandPruner(resources.least, resources.most, _REDUCTION_FACTOR),
        )
        self._resources = resources
        self._num_reported: dict[int, int] = {}

    def is_over(self, suggestion: Suggestion, values: Sequence[float]) -> bool:
        """Whether a trial with these objective values so far, one an epoch, is to be stopped."""
        trial = suggestion.handle
        first = self._num_reported.get(trial.number, 0)
        self._num_reported[trial.number] = len(values)
        for epoch, value in enumerate(values[first:], first + 1):
            trial.report(value, epoch)
            if trial.should_prune():
                return True
        return len(values) > self._resources.most  # one that is at its last epoch ends by itself
