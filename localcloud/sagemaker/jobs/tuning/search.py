"""Search strategies: they choose the hyperparameters of the next trial."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from localcloud.sagemaker.jobs.tuning.ranges import CategoricalRange, NumericRange, Range

if TYPE_CHECKING:
    import optuna
    from optuna.pruners import BasePruner

# Draws for one suggestion: first the strategy's own; if they only repeat earlier trials, random ones.
_STRATEGY_DRAWS = 20
_MAX_DRAWS = 220
_MAX_STARTUP_TRIALS = 10


@dataclass(frozen=True)
class Suggestion:
    """Values for one trial, as the strings that its training job receives; `trial` is Optuna's record of it."""

    values: dict[str, str]
    trial: optuna.trial.Trial | None = field(default=None, compare=False)


@dataclass(frozen=True)
class KnownPoint:
    """A trial of an earlier search: all of its hyperparameters, tuned and static, and its objective."""

    hyperparameters: Mapping[str, str]
    objective: float


class Search(Protocol):
    """ask() for the next trial's values; tell() its objective, or None if it has none."""

    def ask(self) -> Suggestion: ...

    def tell(self, suggestion: Suggestion, objective: float | None) -> None: ...


class GridSearch:
    """Every combination of categorical values once."""

    def __init__(self, ranges: Sequence[CategoricalRange]) -> None:
        names = [parameter.name for parameter in ranges]
        combinations = itertools.product(*(parameter.values for parameter in ranges))
        self._remaining = (Suggestion(dict(zip(names, values, strict=True))) for values in combinations)

    def ask(self) -> Suggestion:
        return next(self._remaining)

    def tell(self, suggestion: Suggestion, objective: float | None) -> None:
        """A grid does not depend on objectives."""


class OptunaSearch:
    """Random search, or Bayesian search by tree-structured Parzen estimators."""

    def __init__(
        self,
        ranges: Sequence[Range],
        *,
        bayesian: bool,
        maximize: bool,
        seed: int | None,
        max_trials: int = _MAX_STARTUP_TRIALS,
        name: str | None = None,
        pruner: BasePruner | None = None,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._failed = optuna.trial.TrialState.FAIL
        sampler: optuna.samplers.BaseSampler
        if bayesian:
            # A third of a small budget is spent on exploring; parallel trials count as bad until they report.
            startup = min(_MAX_STARTUP_TRIALS, max(2, math.ceil(max_trials / 3)))
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)
        else:
            sampler = optuna.samplers.RandomSampler(seed=seed)
        self._study = optuna.create_study(
            study_name=name, direction="maximize" if maximize else "minimize", sampler=sampler, pruner=pruner
        )
        self._explorer = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
        self._ranges = {parameter.name: parameter for parameter in ranges}
        self._distributions = {parameter.name: parameter.distribution() for parameter in ranges}
        self._asked: set[tuple[str, ...]] = set()
        self._num_combinations = count_combinations(ranges)

    def start_from(self, points: Iterable[KnownPoint], *, identical: bool) -> int:
        """Learn from trials of earlier searches; returns how many are within the ranges of this one.

        identical: they had the same data and algorithm, so none of them is tried again.
        """
        import optuna

        num_known = 0
        for point in points:
            sampled = {name: parameter.sampled(point.hyperparameters[name]) for name, parameter in self._ranges.items()}
            if None in sampled.values():
                continue
            num_known += 1
            self._study.add_trial(
                optuna.trial.create_trial(params=sampled, distributions=self._distributions, value=point.objective)
            )
            if identical:
                self._asked.add(tuple(point.hyperparameters[name] for name in self._ranges))
        return num_known

    def ask(self) -> Suggestion:
        """Values that no trial has had, as long as there are any."""
        for draw in range(_MAX_DRAWS):
            if draw >= _STRATEGY_DRAWS:
                self._study.enqueue_trial(self._explorer.ask(self._distributions).params)
            trial = self._study.ask(self._distributions)
            values = {name: parameter.text(trial.params[name]) for name, parameter in self._ranges.items()}
            key = tuple(values.values())
            exhausted = len(self._asked) >= self._num_combinations or draw == _MAX_DRAWS - 1
            if key not in self._asked or exhausted:
                self._asked.add(key)
                return Suggestion(values, trial)
            self._study.tell(trial, state=self._failed)
        raise AssertionError("unreachable: the last draw is always taken")

    def tell(self, suggestion: Suggestion, objective: float | None) -> None:
        assert suggestion.trial is not None
        if objective is None:
            self._study.tell(suggestion.trial, state=self._failed)
        else:
            self._study.tell(suggestion.trial, objective)


def count_combinations(ranges: Sequence[Range]) -> float:
    """How many different trials the ranges allow; infinite if one of them is continuous."""
    return math.prod(_count(parameter) for parameter in ranges)


def _count(parameter: Range) -> float:
    if isinstance(parameter, NumericRange):
        return parameter.high - parameter.low + 1 if parameter.integer else math.inf
    return len(parameter.values)
