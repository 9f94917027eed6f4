"""Killed at random points, inside checkpoint writes too, training ends with the same weights."""

import pytest

from tests.reliability.killed_training import CALLS, kill_training


@pytest.mark.parametrize("num_kills", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_points_it_ends_with_the_same_weights(tmp_path, num_kills):
    outcome = kill_training(num_kills, tmp_path, seed=num_kills)
    assert outcome.problems == []
    assert outcome.kills.total() == num_kills and len(outcome.kills) == 1 + len(CALLS), "killed at every kind of moment"
    assert outcome.most_steps_lost <= 1
