"""The network's input: normalised pixels, and in training colour changes that follow from seed, step and rank."""

import pytest
import torch
from torch.nn.functional import interpolate

from imgcls.contract.artifact import Preprocessing
from imgcls.data.augment import jitter_colors, jitter_factors
from imgcls.training.inputs import InputMaker

SPEC = Preprocessing(resize=36, crop=32)


def maker(seed=1):
    return InputMaker(SPEC, torch.device("cpu"), jitter=0.3, seed=seed, compiled=False)


def test_each_factor_changes_what_its_name_says():
    images = interpolate(torch.randint(60, 160, (4, 3, 8, 8)).float(), 32)
    factors = torch.ones(3, 4, 1, 1, 1)
    assert torch.allclose(jitter_colors(images, factors), images, atol=1e-4)
    factors[0, 0], factors[1, 1], factors[2, 2] = 1.5, 0.0, 0.0
    brighter, flat, grey, same = jitter_colors(images, factors)
    assert torch.allclose(brighter, images[0] * 1.5, atol=1e-4)
    assert flat.std() < 1e-4, "without contrast only the mean grey remains"
    assert torch.allclose(grey[0], grey[1], atol=1e-4) and torch.allclose(grey[0], grey[2], atol=1e-4)
    assert torch.allclose(same, images[3], atol=1e-4)


def test_colours_stay_in_range():
    images = torch.randint(0, 256, (8, 3, 16, 16)).float()
    changed = jitter_colors(images, jitter_factors(8, 0.9, torch.Generator().manual_seed(0)))
    assert changed.min() >= 0 and changed.max() <= 255


def test_factors_follow_from_seed_and_step():
    first = maker().factors(8, 8, step=3)
    assert first.equal(maker().factors(8, 8, step=3))
    assert not first.equal(maker().factors(8, 8, step=4)) and not first.equal(maker(seed=2).factors(8, 8, step=3))


def test_a_share_other_than_the_loaders_is_an_error():
    with pytest.raises(AssertionError, match="its share of the batch"):
        maker().factors(7, 8, step=1)


def test_the_loaders_pixels_are_not_changed():
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    before = images.clone()
    inputs = maker().plain(images)
    maker().augmented(images, maker().factors(2, 2, step=1))
    assert images.equal(before)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (SPEC.mean, SPEC.std))
    assert torch.allclose(inputs, (images / 255 - mean) / std, atol=1e-5)
