"""Tuning jobs: trials are real training jobs, the best one is reported, and all the ways in which a search can end."""

import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from .job_helpers import BUCKET, wait, wait_until

# Best at lr = 0.1 with 64; the objective is what the script prints last.
SOURCE = """
import argparse, math
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float); p.add_argument("--batch-size", type=int); p.add_argument("--epochs", type=int)
a = p.parse_args()
score = 1 - abs(math.log10(a.lr) + 1) / 4 - (0 if a.batch_size == 64 else 0.1)
print("validation:accuracy=0.0;")
print(f"validation:accuracy={score:.6f};")
"""
RANGES = {
    "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.001", "MaxValue": "1", "ScalingType": "Logarithmic"}],
    "CategoricalParameterRanges": [{"Name": "batch-size", "Values": ["32", "64"]}],
}
NAME = "HyperParameterTuningJobName"


@pytest.fixture
def tuning_request(training_request):
    """(name, strategy, source, ranges, number of trials, config that differs) -> a request."""

    def make(name, strategy="Random", source=SOURCE, ranges=RANGES, trials=4, **config):
        base = training_request(name, source)
        static = {**base.pop("HyperParameters"), "epochs": "2"}
        base.pop("TrainingJobName")
        return {
            NAME: name,
            "HyperParameterTuningJobConfig": {
                "Strategy": strategy,
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": ranges,
                "RandomSeed": 7,
                **config,
            },
            "TrainingJobDefinition": {"StaticHyperParameters": static, **base},
        }

    return make


@pytest.fixture
def run(sagemaker, tuning_request):
    def create_and_wait(name, *args, **kwargs):
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request(name, *args, **kwargs))
        return wait(
            lambda: sagemaker.describe_hyper_parameter_tuning_job(**{NAME: name}), "HyperParameterTuningJobStatus"
        )

    return create_and_wait


def trials_of(sagemaker, name, **query):
    return sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(**{NAME: name}, **query)["TrainingJobSummaries"]


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_search_runs_distinct_trials_and_reports_the_best(run, sagemaker, strategy):
    job = run(f"{strategy.lower()}-search", strategy)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["TrainingJobStatusCounters"]["Completed"] == job["ObjectiveStatusCounters"]["Succeeded"] == 4
    trials = trials_of(sagemaker, job[NAME], SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    scores = [trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for trial in trials]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4
    best = job["BestTrainingJob"]
    assert best["TrainingJobName"] == trials[0]["TrainingJobName"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Type"] == "Maximize"
    assert len({tuple(sorted(trial["TunedHyperParameters"].items())) for trial in trials}) == 4

    training_job = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert training_job["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    hyperparameters = training_job["HyperParameters"]
    assert hyperparameters["_tuning_objective_metric"] == "validation:accuracy"
    assert hyperparameters["epochs"] == "2"
    assert {name: hyperparameters[name] for name in ("lr", "batch-size")} == best["TunedHyperParameters"]
    assert training_job["ModelArtifacts"]["S3ModelArtifacts"] == (
        f"s3://{BUCKET}/out/{best['TrainingJobName']}/output/model.tar.gz"
    )
    listed = sagemaker.list_training_jobs(NameContains=f"{job[NAME]}-00")["TrainingJobSummaries"]
    assert len(listed) == 4


def test_grid_tries_every_combination_with_the_values_as_given(run, sagemaker):
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "lr", "Values": ["0.10", "1"]},
            {"Name": "batch-size", "Values": ["64"]},
        ]
    }
    job = run("grid-search", "Grid", ranges=ranges, trials=2)
    assert sorted(trial["TunedHyperParameters"]["lr"] for trial in trials_of(sagemaker, job[NAME])) == ["0.10", "1"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"lr": "0.10", "batch-size": "64"}


def test_failed_trials_do_not_fail_the_search_unless_all_fail(run):
    ranges = {"CategoricalParameterRanges": [{"Name": "lr", "Values": ["0.1", "oops"]}]}
    source = SOURCE.replace("a.batch_size == 64", "True")
    job = run("one-fails", "Grid", source, ranges, trials=2)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == job["ObjectiveStatusCounters"]["Failed"] == 1
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"lr": "0.1"}

    job = run("all-fail", source="raise SystemExit(2)", trials=2)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("All training jobs have failed.")
    assert "BestTrainingJob" not in job


def test_trials_without_the_objective_fail_the_search(run):
    job = run("no-objective", source="print('validation:loss=1;')", trials=1)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No objective metrics found after running 1 training jobs.")


def test_stop_ends_the_search_and_its_trials(sagemaker, tuning_request):
    sagemaker.create_hyper_parameter_tuning_job(
        **tuning_request("stopped-search", source="import time; time.sleep(60)")
    )

    def describe():
        return sagemaker.describe_hyper_parameter_tuning_job(**{NAME: "stopped-search"})

    wait_until(describe, lambda job: job["TrainingJobStatusCounters"]["InProgress"] == 2)
    sagemaker.stop_hyper_parameter_tuning_job(**{NAME: "stopped-search"})
    job = wait(describe, "HyperParameterTuningJobStatus")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2


def test_max_runtime_ends_the_search(run, monkeypatch):
    limits = {"MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 120}
    fast_clock = SimpleNamespace(monotonic=lambda: 100 * time.monotonic(), sleep=time.sleep)
    monkeypatch.setattr("localcloud.sagemaker.jobs.tuning.run.time", fast_clock)
    job = run("short-search", source="import time; time.sleep(60)", ResourceLimits=limits)
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2


def test_early_stopping_ends_a_trial_that_is_worse_than_the_median(run, sagemaker):
    source = """
    import argparse, time
    p = argparse.ArgumentParser(); p.add_argument("--lr", type=float); p.add_argument("--epochs")
    lr = p.parse_args().lr
    for epoch in range(3):
        print(f"validation:accuracy={lr};", flush=True)
        time.sleep(0 if lr > 0.5 else 20)
    """
    ranges = {"CategoricalParameterRanges": [{"Name": "lr", "Values": ["0.9", "0.8", "0.7", "0.1"]}]}
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}
    job = run("median", "Grid", source, ranges, ResourceLimits=limits, TrainingJobEarlyStoppingType="Auto")
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    [stopped] = trials_of(sagemaker, "median", StatusEquals="Stopped")
    assert stopped["TunedHyperParameters"] == {"lr": "0.1"}
    assert stopped["ObjectiveStatus"] == "Succeeded"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Strategy": "Hyperband", "TrainingJobEarlyStoppingType": "Auto"},
            "TrainingJobEarlyStoppingType must be Off to use Hyperband",
        ),
        (
            {"Strategy": "Hyperband", "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 3}}},
            "MinResource 3 in HyperbandStrategyConfig is above MaxResource 2",
        ),
        (
            {"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 2}}},
            "StrategyConfig is supported only for the Hyperband strategy",
        ),
        ({"Strategy": "Grid"}, "only categorical"),
        ({"ParameterRanges": {}}, "at least one parameter range"),
        (
            {"ParameterRanges": {"IntegerParameterRanges": [{"Name": "n", "MinValue": "5", "MaxValue": "2"}]}},
            "is above its MaxValue",
        ),
        (
            {"ParameterRanges": {"IntegerParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "2"}]}},
            "epochs is in StaticHyperParameters and has a range",
        ),
        (
            {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "f1"}},
            "A metric is required for this hyperparameter tuning job objective",
        ),
    ],
)
def test_searches_that_cannot_run_are_refused_by_name(sagemaker, tuning_request, change, message):
    with pytest.raises(ClientError) as refused:
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request("refused-search", **change))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert message in refused.value.response["Error"]["Message"]


def test_a_definition_that_no_trial_could_run_is_refused_immediately(sagemaker, tuning_request):
    request = tuning_request("refused-trial")
    request["TrainingJobDefinition"]["EnableManagedSpotTraining"] = True
    with pytest.raises(ClientError, match="Invalid MaxWaitTimeInSeconds"):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_hyper_parameter_tuning_job(**{NAME: "refused-trial"})


def test_a_search_with_more_trials_at_once_than_the_quota_is_refused(local_cloud, sagemaker, tuning_request):
    local_cloud.cloud.quotas.set("Maximum number of training jobs each hyper parameter*", 1)
    try:
        with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*run in parallel at once' is 1 "):
            sagemaker.create_hyper_parameter_tuning_job(**tuning_request("too-wide"))
    finally:
        local_cloud.cloud.quotas.forget()


def test_a_trial_for_which_there_is_no_quota_fails_the_search(local_cloud, run):
    local_cloud.cloud.quotas.set("Number of instances across all training jobs", 1)
    try:
        job = run("too-few-instances")
    finally:
        local_cloud.cloud.quotas.forget()
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "The account-level service limit 'Number of instances across all training jobs' is 1" in job["FailureReason"]
