"""Kind 3: dog breeds with ResNet50: four hyperparameters tuned, the best values trained, a bare array answered."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import BREED_CLASSES

NAME = "dog-breed-resnet50"


@pytest.fixture(scope="module")
def run(resnet50_run):
    return resnet50_run


def test_it_is_tuned_and_published(run):
    assert run["status"] == "SUCCEEDED", run["cause"]
    (result,) = run["output"]["outcomes"]
    assert result["outcome"] == "published", result
    assert result["accuracy"] >= 3 / BREED_CLASSES


def test_the_search_varies_the_four_hyperparameters(deployed, run):
    (visit,) = [v for v in run["visits"] if v["job"] and v["job"]["kind"] == "tuning"]
    trials = deployed.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=visit["job"]["name"]
    )["TrainingJobSummaries"]
    assert len(trials) >= 3
    assert {key for item in trials for key in item["TunedHyperParameters"]} == {
        "lr",
        "batch-size",
        "test-batch-size",
        "epochs",
    }


def test_jpeg_in_bare_array_out(deployed, run, held_out):
    images = held_out("breeds")
    labels = sorted({label for _, label in images})
    right = 0
    for image, label in images:
        answer = deployed.ask(image, f"{NAME}/model.tar.gz", ContentType="image/jpeg")
        assert isinstance(answer, list)
        assert len(answer) == BREED_CLASSES
        right += labels[answer.index(max(answer))] == label
    assert right / len(images) >= 3 / BREED_CLASSES
