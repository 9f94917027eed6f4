"""Kinds 2 and 4: dog breeds with a tuned ResNet18 and a mobile model, two target models of one endpoint."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import BREED_CLASSES

CORE, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"
FLOOR = 3 / BREED_CLASSES


def test_the_default_run_publishes_both_models(default_run):
    assert default_run["status"] == "SUCCEEDED", default_run["cause"]
    outcomes = {item["model"]: item["outcome"] for item in default_run["output"]["outcomes"]}
    assert outcomes == {CORE: "published", MOBILE: "published"}


def test_tuning_tries_distinct_values_and_the_best_wins(deployed, default_run):
    (visit,) = [v for v in default_run["visits"] if v["job"] and v["job"]["kind"] == "tuning"]
    sagemaker = deployed.client("sagemaker")
    name = visit["job"]["name"]
    trials = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    summaries = trials["TrainingJobSummaries"]
    values = [tuple(sorted(item["TunedHyperParameters"].items())) for item in summaries]
    assert len(summaries) >= 3
    assert len(set(values)) == len(values)
    assert {key for key, _ in values[0]} == {"lr", "batch-size"}
    tuning = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    scores = {
        item["TrainingJobName"]: item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for item in summaries
    }
    best = tuning["BestTrainingJob"]
    assert scores[best["TrainingJobName"]] == max(scores.values())
    final = [v for v in default_run["visits"] if v["job"] and v["job"]["kind"] == "training" and _model(v) == CORE]
    trained = sagemaker.describe_training_job(TrainingJobName=final[-1]["job"]["name"])
    for key, value in best["TunedHyperParameters"].items():
        assert trained["HyperParameters"][key].strip('"') == value.strip('"')


def _model(visit):
    return visit["input"].get("model", {}).get("name")


@pytest.mark.parametrize("name", [CORE, MOBILE])
def test_both_target_models_answer_held_out_images(deployed, default_run, held_out, name):
    alias = json.loads(deployed.kennel("models", "show", name, "--json").stdout)
    images = held_out("breeds")
    for target in (f"{name}/model.tar.gz", alias["current"]):
        answers = [(deployed.ask(image, target), label) for image, label in images]
        assert all(answer["model"] == name for answer, _ in answers)
        assert all(answer["version"] == alias["current"].split("/")[1] for answer, _ in answers)
        right = sum(answer["label"] == label for answer, label in answers)
        assert right / len(answers) >= FLOOR


def test_the_two_models_are_different_networks(deployed, default_run, held_out):
    image, _ = held_out("breeds")[0]
    core, mobile = (deployed.ask(image, f"{name}/model.tar.gz") for name in (CORE, MOBILE))
    assert core["probabilities"] != mobile["probabilities"]


def test_custom_attributes_choose_the_format(deployed, default_run, held_out):
    image, _ = held_out("breeds")[0]
    answer = deployed.ask(image, f"{CORE}/model.tar.gz", CustomAttributes="format=array")
    assert len(answer) == BREED_CLASSES
    assert sum(answer) == pytest.approx(1, abs=1e-4)
    named = deployed.ask(image, f"{CORE}/model.tar.gz", CustomAttributes="format=named")
    assert "Affenpinscher_probability" in named


def test_the_version_is_in_the_answers_header(deployed, default_run, held_out):
    image, _ = held_out("breeds")[0]
    response = deployed.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=deployed.session.output("EndpointName"),
        TargetModel=f"{CORE}/model.tar.gz",
        ContentType="image/jpeg",
        Body=image.read_bytes(),
    )
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert json.loads(response["Body"].read())["version"]


def test_predict_command_shows_the_label(deployed, default_run, held_out):
    image, _ = held_out("breeds")[0]
    (answer,) = json.loads(deployed.kennel("predict", str(image), "--model", CORE, "--json").stdout)
    assert answer["model"] == CORE
    assert 0 < answer["probability"] <= 1


def test_an_unknown_target_model_is_the_services_error(deployed, default_run):
    with pytest.raises(ClientError) as error:
        deployed.ask(b"", "nobody/model.tar.gz")
    assert error.value.response["Error"]["Code"] in ("ValidationError", "ModelError")


def test_bytes_that_are_not_an_image_are_a_model_error_of_400(deployed, default_run):
    with pytest.raises(ClientError) as error:
        deployed.ask(b"not an image", f"{CORE}/model.tar.gz")
    assert error.value.response["OriginalStatusCode"] == 400
    assert json.loads(error.value.response["OriginalMessage"])["error"]


def test_reports_and_registry_are_there(deployed, default_run):
    s3, bucket = deployed.client("s3"), deployed.session.output("ArtifactsBucket")
    prefix = f"runs/{default_run['name']}/{CORE}/reports/"
    names = {item["Key"].removeprefix(prefix) for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]}
    assert {"training-report.html", "profiler-report.html", "evaluation-report.html"} <= names
    groups = deployed.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    packages = [
        package
        for group in groups
        for package in deployed.client("sagemaker").list_model_packages(
            ModelPackageGroupName=group["ModelPackageGroupName"]
        )["ModelPackageSummaryList"]
    ]
    assert len(packages) >= 2


def test_trials_hyperparameters_and_findings_are_shown(deployed, default_run, tmp_path):
    shown = deployed.kennel("pipeline", "show", default_run["name"]).stdout
    assert "best trial" in shown and f"runs/{default_run['name']}/{CORE}/reports/" in shown
    page = tmp_path / "trials.html"
    listed = deployed.kennel("pipeline", "trials", default_run["name"], "--json", "--html", str(page)).stdout
    (search,) = json.loads(listed)
    assert (search["model"], search["kind"]) == (CORE, "Bayesian")
    assert all(set(trial["values"]) == {"lr", "batch-size"} for trial in search["trials"])
    assert "Parallel coordinates" in page.read_text()
    s3, bucket = deployed.client("s3"), deployed.session.output("ArtifactsBucket")
    key = f"runs/{default_run['name']}/{CORE}/hyperparameters.json"
    saved = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert saved["tuning_job"] == search["name"]
    assert saved["best_trial"] in [trial["name"] for trial in search["trials"]]


def test_a_published_version_is_registered_where_it_does_not_expire(deployed, default_run):
    sagemaker = deployed.client("sagemaker")
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName=f"kennel-local-{CORE}")["ModelPackageSummaryList"]
    found = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    (container,) = found["InferenceSpecification"]["Containers"]
    published = {item["model"]: item["target_model"] for item in default_run["output"]["outcomes"]}
    assert container["ModelDataUrl"].endswith(f"/models/{published[CORE]}")
