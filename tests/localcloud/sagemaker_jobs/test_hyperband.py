"""Hyperband: which trials are stopped when, by rule and as real training jobs."""

import pytest

from localcloud import AwsError
from localcloud.sagemaker.jobs.tuning.hyperband import HyperbandSearch, Resources, resources
from localcloud.sagemaker.jobs.tuning.ranges import parse_ranges

from .job_helpers import wait
from .test_tuning_jobs import NAME, trials_of, tuning_request  # noqa: F401

RANGES = {"ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}]}


def epochs_used(seed, least=1, most=27, trials=40):
    """(value of the trial's hyperparameter, epochs it was allowed) when the metric is that value in every epoch."""
    search = HyperbandSearch(
        parse_ranges(RANGES), resources=Resources(least, most), maximize=True, seed=seed, name="search"
    )
    used = []
    for _ in range(trials):
        suggestion = search.ask()
        quality = float(suggestion.values["lr"])
        values = []
        while len(values) < most:
            values.append(quality)
            if search.is_over(suggestion, values):
                break
        search.tell(suggestion, values[-1])
        used.append((quality, len(values)))
    return used


def test_good_trials_get_all_their_epochs_and_bad_ones_few():
    used = epochs_used(seed=1)
    qualities = sorted(quality for quality, _ in used)
    best, median = qualities[-1], qualities[len(qualities) // 2]
    assert dict(used)[best] == 27
    bad = [epochs for quality, epochs in used[10:] if quality < median]  # of those compared with others
    assert sum(epochs <= 3 for epochs in bad) > len(bad) / 2
    assert sum(epochs for _, epochs in used) < 0.6 * 27 * len(used)
    assert used == epochs_used(seed=1)


def test_no_trial_is_stopped_before_min_resource():
    used = epochs_used(seed=2, least=4, most=27)
    assert min(epochs for _, epochs in used) == 4


def test_a_trial_that_continues_past_max_resource_is_stopped():
    search = HyperbandSearch(parse_ranges(RANGES), resources=Resources(1, 3), maximize=False, seed=1, name="search")
    suggestion = search.ask()
    assert not search.is_over(suggestion, [3.0, 2.0, 1.0])  # it is about to end by itself
    assert search.is_over(suggestion, [3.0, 2.0, 1.0, 0.5])


def test_max_resource_is_given_or_is_the_static_number_of_epochs():
    given = {"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 2, "MaxResource": 9}}}
    assert resources(given, {"epochs": "3"}) == Resources(2, 9)
    assert resources({}, {"epochs": '"12"'}) == Resources(1, 12)
    with pytest.raises(AwsError, match="MaxResource must be specified"):
        resources({}, {"lr": "1"})


# Two epochs with a pause of a second, in which a bad trial is stopped.
SOURCE = """
import argparse, time
p = argparse.ArgumentParser(); p.add_argument("--lr"); p.add_argument("--epochs")
lr = p.parse_args().lr
print(f"validation:accuracy={lr};", flush=True)
time.sleep(1)
print(f"validation:accuracy={lr};", flush=True)
"""


def test_trials_are_training_jobs_that_are_stopped_at_their_rung(sagemaker, tuning_request):  # noqa: F811
    ranges = {"CategoricalParameterRanges": [{"Name": "lr", "Values": ["0.9", "0.2", "0.1"]}]}
    request = tuning_request("hyperband", "Hyperband", SOURCE, ranges, trials=3)
    config = request["HyperParameterTuningJobConfig"]
    config["ResourceLimits"]["MaxParallelTrainingJobs"] = 1
    config["RandomSeed"] = 6  # draws the best value first, with which the others are compared
    sagemaker.create_hyper_parameter_tuning_job(**request)  # MaxResource is the static 2 epochs
    job = wait(
        lambda: sagemaker.describe_hyper_parameter_tuning_job(**{NAME: "hyperband"}), "HyperParameterTuningJobStatus"
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"lr": "0.9"}
    assert job["BestTrainingJob"]["TrainingJobStatus"] == "Completed"
    stopped = trials_of(sagemaker, "hyperband", StatusEquals="Stopped")
    assert {trial["TunedHyperParameters"]["lr"] for trial in stopped} == {"0.1", "0.2"}
    assert all(trial["ObjectiveStatus"] == "Succeeded" for trial in stopped)
