"""When a rule must not fire: what looks bad and is not."""

import pytest

from imgcls.contract import records
from imgcls.contract.debugging import DebugSettings
from imgcls.debug.history import EpochLosses, History, Sample
from imgcls.debug.rules import make_checks

CHECKS = {check.name: check for check in make_checks(DebugSettings().rules)}


def fires(rule, history):
    return CHECKS[rule].check(history) is not None


def losses(*pairs, num_classes=10):
    return History(num_classes, epochs=[EpochLosses(*pair) for pair in pairs])


def samples(*statistics, rates=None, loss=1.0):
    """One sample of each {name: {layer: value}}."""
    history = History(num_classes=10)
    for number, (found, rate) in enumerate(zip(statistics, rates or [0.1] * len(statistics), strict=True)):
        history.samples.append(Sample(25 * number or 1, loss, rate, found))
    return history


@pytest.mark.parametrize(
    ("pairs", "fired"),
    [
        ([(2.3, 2.3), (2.3, 2.3), (2.31, 2.3), (2.29, 2.3), (2.3, 2.3)], True),
        ([(2.3, 2.3), (2.3, 2.3), (2.31, 2.3), (2.2, 2.3), (2.3, 2.3)], False),  # it falls in the end
        ([(0.3, 0.3)] * 9, False),  # nothing is left to learn
        ([(2.3, 2.3)] * 4, False),  # too early
    ],
)
def test_loss_not_decreasing(pairs, fired):
    assert fires("loss-not-decreasing", losses(*pairs)) == fired


def test_the_loss_that_smoothed_labels_leave_is_not_a_failure_to_learn():
    """0.1 over two classes: never below 0.199 nats, even for a perfect network."""
    history = losses(*[(0.25, 0.1)] * 9, num_classes=2)
    assert fires("loss-not-decreasing", history)
    history.label_smoothing = 0.1
    assert history.least_loss == pytest.approx(0.1985, abs=1e-4)
    assert not fires("loss-not-decreasing", history)


@pytest.mark.parametrize(
    ("pairs", "overfits", "overtrains"),
    [
        ([(1.0, 1.0), (0.7, 0.8), (0.5, 0.9), (0.3, 1.0), (0.2, 1.1)], True, False),
        ([(1.0, 1.0), (0.2, 0.8), *[(0.2, 1.0)] * 5], False, True),  # the training loss does not fall either
        (
            [(1.0, 0.1), (0.9, 0.2), (0.8, 0.2), (0.7, 0.3)],
            False,
            False,
        ),  # noise of a small split
        (
            [(1.0, 1.0), (0.7, 0.8), (0.5, 0.9), (0.3, 0.8), (0.2, 0.9)],
            False,
            False,
        ),  # one epoch was as good as the best
        ([(1.0, 0.01), (0.004, 0.02), (0.003, 0.03), (0.002, 0.04)], False, False),  # three times almost nothing
    ],
)
def test_overfitting_and_overtraining(pairs, overfits, overtrains):
    assert fires("overfitting", losses(*pairs)) == overfits
    assert fires("overtraining", losses(*pairs)) == overtrains


def gradient(**norms):
    return {records.GRADIENT_NORM: norms}


def test_gradients():
    steady = [gradient(conv=1.0, head=2.0)] * 4
    assert not fires("exploding-gradient", samples(*steady, gradient(conv=90.0, head=2.0)))
    assert fires("exploding-gradient", samples(*steady, gradient(conv=900.0, head=2.0)))
    learned = [gradient(conv=1e-5, head=1e-5)] * 4
    assert not fires("exploding-gradient", samples(*learned, gradient(conv=0.5, head=0.5))), (
        "a hard batch after easy ones"
    )
    assert not fires("vanishing-gradient", samples(*[gradient(conv=1e-9, head=1e-8)] * 3)), "all is learned"
    gone = gradient(conv=1e-9, head=1.0)
    assert fires("vanishing-gradient", samples(gone, gone, gone))
    assert not fires("vanishing-gradient", samples(gone, steady[0], gone, gone))


def test_a_layer_that_was_just_unfrozen_has_no_history():
    head = {records.UPDATE_RATIO: {"head": 0.01}}
    both = {records.UPDATE_RATIO: {"conv": 0.0, "head": 0.01}}
    assert not fires("unchanged-layer", samples(head, both))
    assert CHECKS["unchanged-layer"].check(samples(head, both, both)).layer == "conv"
    assert not fires("unchanged-layer", samples(both, both, rates=[0.1, 0.0])), "the schedule's end"


def test_a_learning_rate_is_too_low_only_at_its_peak():
    small = {records.UPDATE_RATIO: {"conv": 1e-7, "head": 1e-7}}
    large = {records.UPDATE_RATIO: {"conv": 1e-3, "head": 1e-3}}
    assert fires("learning-rate-too-low", samples(small, small, rates=[0.1, 0.1]))
    assert not fires("learning-rate-too-low", samples(small, small, rates=[0.001, 0.1])), "warm-up"
    assert not fires("learning-rate-too-low", samples(large, small, small, rates=[0.1, 0.01, 0.001])), "the end"


def test_tensors_that_are_not_finite_have_exploded():
    assert fires("exploding-tensor", samples({records.ACTIVATION_STD: {"conv": float("nan")}}))
    assert fires("exploding-tensor", samples({records.ACTIVATION_MEAN: {"conv": -1e7}}))
    assert not fires("exploding-tensor", samples({records.ACTIVATION_MEAN: {"conv": -10.0}}))


def test_initialization_is_judged_by_the_first_step():
    alike = {records.WEIGHT_STD: {"conv": 0.0}}
    assert fires("poor-initialization", samples(alike))
    assert not fires("poor-initialization", samples({}, alike))
    assert fires("poor-initialization", samples({}, loss=7.0)) and not fires(
        "poor-initialization", samples({}, loss=6.8)
    )


def test_few_images_are_not_an_imbalance():
    history = samples({})
    history.labels.update({label: 10 for label in range(9)})
    assert not fires("class-imbalance", history)
    history.labels.update({label: 15 for label in range(9)})
    assert fires("class-imbalance", history), "class 9 was never seen"


@pytest.mark.parametrize(
    ("mean", "std", "low", "fired"),
    [
        (0.0, 1.0, -2.1, False),
        (2.2, 0.3, -1.0, False),
        (0.45, 0.25, 0.0, True),
        (130, 70, -1, True),
        (0, 60, -99, True),
    ],
)
def test_unnormalized_input(mean, std, low, fired):
    figures = {
        name: {records.INPUT: value}
        for name, value in ((records.INPUT_MEAN, mean), (records.INPUT_STD, std), (records.INPUT_MIN, low))
    }
    assert fires("unnormalized-input", samples(figures)) == fired


def system(name, values, num_steps=1000):
    return History(num_classes=2, profile={"num_steps": num_steps, "system": [{name: value} for value in values]})


def test_memory_that_settles_does_not_climb():
    settling = [1000 * (1 - 0.98**second) for second in range(1, 200)]
    assert not fires("memory-climbing", system("memory_bytes", settling))
    assert fires("memory-climbing", system("memory_bytes", [500 + 5 * second for second in range(200)]))
    assert not fires("memory-climbing", system("memory_bytes", [500 + 5 * second for second in range(100)]))
    assert not fires(
        "memory-climbing", system("memory_bytes", [500 + 5 * second for second in range(200)], num_steps=99)
    )


def test_idle_cores_with_a_gpu_are_normal():
    history = system("machine_cpu_percent", [10.0] * 40)
    assert fires("low-cpu-utilization", history)
    history.device = "cuda"
    assert not fires("low-cpu-utilization", history)
    assert not fires("low-gpu-utilization", history), "no GPU was sampled"


def test_the_start_up_does_not_count_for_utilization():
    assert not fires("low-cpu-utilization", system("machine_cpu_percent", [0.0] * 10 + [90.0] * 30))


@pytest.mark.parametrize(
    ("changed", "num_steps", "fired"),
    [
        ({}, 5000, []),
        ({"data-wait": 4.0}, 5000, ["data-loading-bound"]),
        ({"optimizer": 4.0}, 5000, ["small-batch"]),
        ({"data-wait": 4.0, "optimizer": 4.0}, 2000, []),  # too short to be worth advice
    ],
)
def test_parts_of_a_step(changed, num_steps, fired):
    parts = {"data-wait": 1.0, "forward": 2.0, "backward": 4.0, "optimizer": 1.0} | changed
    history = History(num_classes=2, profile={"num_steps": num_steps, "mean_ms": parts})
    assert [rule for rule in ("data-loading-bound", "small-batch") if fires(rule, history)] == fired
