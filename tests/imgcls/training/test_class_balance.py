"""Weights for classes with different numbers of images."""

import numpy as np
import pytest

from imgcls.training.class_balance import loss_weights, sampling_weights

TARGETS = [0] * 6 + [1] * 3 + [2]


def test_rare_classes_weigh_more_and_the_mean_weight_over_the_images_is_one():
    weights = loss_weights(TARGETS, 3)
    assert weights[2] == pytest.approx(6 * weights[0]) and weights[1] == pytest.approx(2 * weights[0])
    assert weights[TARGETS].mean() == pytest.approx(1)
    assert weights.dtype == np.float32


def test_sampling_weights_make_all_classes_equally_frequent():
    weights = sampling_weights(TARGETS, 3)
    totals = np.bincount(TARGETS, weights)
    assert totals == pytest.approx([totals[0]] * 3)
