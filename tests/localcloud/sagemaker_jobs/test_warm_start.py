"""Warm start: searches that start from the results of earlier ones."""

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.jobs.tuning.ranges import parse_ranges
from localcloud.sagemaker.jobs.tuning.search import KnownPoint, OptunaSearch

from .job_helpers import wait
from .test_tuning_jobs import NAME, RANGES, run, trials_of, tuning_request  # noqa: F401


def warm_start(*parents, kind="IdenticalDataAndAlgorithm"):
    return {"ParentHyperParameterTuningJobs": [{NAME: parent} for parent in parents], "WarmStartType": kind}


@pytest.fixture
def child_request(tuning_request):  # noqa: F811
    """(name, parent, kind of warm start, config that differs) -> a request with the parent's data and code."""

    def make(name, parent, kind="IdenticalDataAndAlgorithm", **config):
        request = tuning_request(parent, **config)
        return {**request, NAME: name, "WarmStartConfig": warm_start(parent, kind=kind)}

    return make


def test_a_child_reports_the_overall_best_and_does_not_repeat_trials(run, sagemaker, child_request):  # noqa: F811
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "lr", "Values": ["0.1", "1"]},
            {"Name": "batch-size", "Values": ["64"]},
        ]
    }
    run("parent", "Random", ranges=ranges, trials=1)
    sagemaker.create_hyper_parameter_tuning_job(**child_request("child", "parent", ranges=ranges, trials=1))
    job = wait(
        lambda: sagemaker.describe_hyper_parameter_tuning_job(**{NAME: "child"}), "HyperParameterTuningJobStatus"
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    trials = trials_of(sagemaker, "parent") + trials_of(sagemaker, "child")
    tried = {tuple(sorted(trial["TunedHyperParameters"].items())) for trial in trials}
    assert len(tried) == 2
    scores = [trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for trial in trials]
    best = job["OverallBestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == max(scores)
    assert best["TuningJobName"] in ("parent", "child")
    assert job["WarmStartConfig"] == warm_start("parent")

    refused = [
        ({"WarmStartConfig": warm_start("never-was")}, "Parent tuning job never-was does not exist"),
        ({"HyperParameterTuningJobObjective": {"Type": "Minimize"}}, "objective metric must be the same"),
        ({"Strategy": "Grid"}, "WarmStartConfig with Strategy Grid"),
    ]
    for change, message in refused:
        request = child_request("refused-child", "parent", ranges=ranges, trials=2)
        config = request["HyperParameterTuningJobConfig"]
        request["WarmStartConfig"] = change.get("WarmStartConfig", request["WarmStartConfig"])
        config["Strategy"] = change.get("Strategy", config["Strategy"])
        config["HyperParameterTuningJobObjective"].update(change.get("HyperParameterTuningJobObjective", {}))
        with pytest.raises(ClientError, match=message):
            sagemaker.create_hyper_parameter_tuning_job(**request)

    request = child_request("refused-child", "parent", ranges=ranges)
    request["TrainingJobDefinition"]["StaticHyperParameters"]["momentum"] = "0.9"
    with pytest.raises(ClientError, match="their names differ in momentum"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    request = child_request("refused-child", "parent", ranges=ranges)
    request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 1
    request["TrainingJobDefinition"]["InputDataConfig"][0]["ContentType"] = "application/other"
    with pytest.raises(ClientError, match="InputDataConfig must be the same"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    request["WarmStartConfig"]["WarmStartType"] = "TransferLearning"
    sagemaker.create_hyper_parameter_tuning_job(**{**request, NAME: "transfer"})
    with pytest.raises(ClientError, match="Parent tuning job transfer is in status InProgress"):
        sagemaker.create_hyper_parameter_tuning_job(
            **{**request, NAME: "too-early", "WarmStartConfig": warm_start("transfer", kind="TransferLearning")}
        )
    job = wait(
        lambda: sagemaker.describe_hyper_parameter_tuning_job(**{NAME: "transfer"}), "HyperParameterTuningJobStatus"
    )
    assert job["HyperParameterTuningJobStatus"] == "Completed" and "OverallBestTrainingJob" not in job


def test_known_points_lead_a_bayesian_search_to_the_peak_from_its_first_trial():
    def losses(points):
        search = OptunaSearch(parse_ranges(RANGES), bayesian=True, maximize=True, seed=5, max_trials=6)
        search.start_from(points, identical=False)
        drawn = []
        for _ in range(6):
            suggestion = search.ask()
            drawn.append(abs(float(suggestion.values["lr"]) - 0.01))
            search.tell(suggestion, -drawn[-1])
        return drawn

    known = [
        KnownPoint({"lr": str(0.001 * 2**power), "batch-size": "32"}, -abs(0.001 * 2**power - 0.01))
        for power in range(10)
    ]
    assert sum(losses(known)) < 0.5 * sum(losses([]))


def test_points_outside_the_ranges_are_ignored():
    search = OptunaSearch(parse_ranges(RANGES), bayesian=True, maximize=True, seed=5)
    points = [
        KnownPoint({"lr": "0.01", "batch-size": "64", "epochs": "2"}, 0.5),
        KnownPoint({"lr": "7", "batch-size": "64"}, 0.5),
        KnownPoint({"lr": "auto", "batch-size": "64"}, 0.5),
        KnownPoint({"lr": "0.01", "batch-size": "65"}, 0.5),
    ]
    assert search.start_from(points, identical=True) == 1


@pytest.mark.parametrize("scaling", ["Linear", "ReverseLogarithmic"])
def test_a_range_reads_back_the_text_that_it_writes(scaling):
    entry = {"Name": "p", "MinValue": "0.5", "MaxValue": "0.99", "ScalingType": scaling}
    [parameter] = parse_ranges({"ContinuousParameterRanges": [entry]})
    assert float(parameter.text(parameter.sampled("0.9"))) == pytest.approx(0.9)
    assert parameter.sampled("0.999") is None
