"""Successive halving against random search on the recorded table, and what the comparison counts."""

from __future__ import annotations

import json

import pytest

from benchmarks import learning_curves
from benchmarks.learning_curves import CURVES, EPOCHS, MAX_SHARE, TABLE, TRIALS, bracket, share


def test_halving_reaches_random_searchs_best_in_a_third_of_its_epochs() -> None:
    assert learning_curves.median_share(seeds=20) <= MAX_SHARE


def test_the_table_is_one_of_learning() -> None:
    curves = json.loads(TABLE.read_text())["accuracy"]
    assert len(curves) == CURVES and {len(curve) for curve in curves} == {EPOCHS}
    assert TABLE.stat().st_size < 200_000
    ends = sorted(curve[-1] for curve in curves)
    # A table on which all settings do equally well would be no test.
    assert ends[-1] > 0.7 and ends[len(ends) // 10] < ends[-1] - 0.1


def test_halving_sees_a_trial_at_its_rungs_only() -> None:
    curves = [[0.1 * trial + 0.001 * epoch for epoch in range(1, EPOCHS + 1)] for trial in range(9)]
    seen = list(bracket(curves))
    assert len(seen) == 9 * 3 + 3 * 6 + 1 * 18
    known = [value for value in seen if value > 0]
    assert len(known) == 9 + 3 + 1 and max(known) == seen[-1] == pytest.approx(curves[8][-1])


def test_epochs_are_counted_until_the_target_is_reached() -> None:
    same = [[0.5] * EPOCHS] * 3 * TRIALS
    assert share(same, seed=1) == 3 / (TRIALS * EPOCHS), "the first trial is as good as any, at the first rung"
