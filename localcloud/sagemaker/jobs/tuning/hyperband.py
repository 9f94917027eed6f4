"""Hyperband: random search that stops trials early by the objective values they report epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.jobs.tuning.ranges import Range
from localcloud.sagemaker.jobs.tuning.request import TuningJobConfig
from localcloud.sagemaker.jobs.tuning.search import OptunaSearch, Suggestion

_REDUCTION_FACTOR = 3  # from the Hyperband paper; the service does not document its own
# The static hyperparameters in which the service looks for MaxResource if the request leaves it out.
_EPOCH_NAMES = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")


@dataclass(frozen=True)
class Resources:
    """Least and most epochs of a trial. Each value of the objective metric that it reports counts as one epoch."""

    least: int
    most: int


def resources(config: TuningJobConfig, static: Mapping[str, str]) -> Resources:
    """The resources of a request; the service's ValidationException if they are invalid.

    static: StaticHyperParameters.
    """
    if config.get("TrainingJobEarlyStoppingType") == "Auto":
        raise validation_error(
            "TrainingJobEarlyStoppingType must be Off to use Hyperband, which has its own internal early stopping."
        )
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    most = given.get("MaxResource") or _epochs(static)
    if most is None:
        raise validation_error(
            "MaxResource must be specified in HyperbandStrategyConfig: it cannot be inferred from "
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
    """Draws at random; several brackets of asynchronous successive halving decide which trials continue."""

    def __init__(
        self, ranges: Sequence[Range], *, resources: Resources, maximize: bool, seed: int | None, name: str
    ) -> None:
        """name: of the tuning job; together with the seed it determines which trials are in which brackets."""
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
        """Whether to stop a trial that has reported these objective values, one per epoch."""
        trial = suggestion.trial
        assert trial is not None
        first = self._num_reported.get(trial.number, 0)
        self._num_reported[trial.number] = len(values)
        for epoch, value in enumerate(values[first:], first + 1):
            trial.report(value, epoch)
            if trial.should_prune():
                return True
        return len(values) > self._resources.most  # a trial in its last epoch ends by itself
