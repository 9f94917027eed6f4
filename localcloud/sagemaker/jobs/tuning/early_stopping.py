"""TrainingJobEarlyStoppingType Auto: the median rule."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

MIN_COMPARISONS = 3


def is_worse_than_median(current: Sequence[float], finished: Sequence[Sequence[float]], *, maximize: bool) -> bool:
    """Whether a running trial's latest objective is worse than the median of other trials' running averages.

    current, finished: the objective's values in order, of the running trial and of each completed one. Only trials that
    have reported as many values are compared, and at least MIN_COMPARISONS of them.
    """
    steps = len(current)
    averages = [statistics.fmean(values[:steps]) for values in finished if steps and len(values) >= steps]
    if len(averages) < MIN_COMPARISONS:
        return False
    median = statistics.median(averages)
    return current[-1] < median if maximize else current[-1] > median
