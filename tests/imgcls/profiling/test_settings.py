"""The hyperparameter `profile`: defaults, ranges, and one sentence per mistake."""

import pytest

from imgcls.contract.hyperparameters import HyperparameterError
from imgcls.contract.profiling import ProfileSettings


def test_an_empty_object_gives_the_defaults():
    assert ProfileSettings.from_dict({}) == ProfileSettings()


def test_values_are_taken():
    settings = ProfileSettings.from_dict({"wait": 0, "active": 3, "sample_ms": 500, "enabled": False})
    assert (settings.wait, settings.active, settings.sample_ms, settings.enabled) == (0, 3, 500, False)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"waits": 3}, "profile has no 'waits'; choose from enabled, steps, wait"),
        ({"sample_ms": 100}, "profile.sample_ms is 100; it must be a whole number between 500 and 5000"),
        ({"active": 0}, "profile.active is 0; it must be a whole number between 1"),
        ({"warmup": True}, "profile.warmup is True; it must be a whole number"),
        ({"enabled": 0}, "profile.enabled is 0; it must be true or false"),
    ],
)
def test_a_wrong_value_is_named(values, sentence):
    with pytest.raises(HyperparameterError, match=sentence):
        ProfileSettings.from_dict(values)
