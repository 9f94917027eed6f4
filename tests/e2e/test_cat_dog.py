"""Kind 1: cat or dog with a simple CNN, by configuration alone, and the same from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kennel.workspace import clone


@pytest.fixture(scope="module")
def run(cat_dog_run):
    return cat_dog_run


def test_the_run_publishes_the_model(run):
    assert run["status"] == "SUCCEEDED", run["cause"]
    (result,) = run["output"]["outcomes"]
    assert result["outcome"] == "published", result
    assert result["accuracy"] >= 0.86


def test_the_split_is_80_20_by_content(deployed, run):
    s3, bucket = deployed.client("s3"), deployed.session.output("ArtifactsBucket")
    prefix = f"prepared/{run['output']['manifest_id']}/manifest.jsonl"
    header, *rows = s3.get_object(Bucket=bucket, Key=prefix)["Body"].read().decode().splitlines()
    counts = json.loads(header)["counts"]
    assert len(rows) == 180
    assert 0.1 <= counts["test"] / 180 <= 0.3


def test_the_answer_names_both_animals(deployed, run, held_out):
    right = 0
    (result,) = run["output"]["outcomes"]
    images = held_out("cats-dogs")
    for image, label in images:
        answer = deployed.ask(image, result["target_model"], ContentType="image/jpeg")
        assert set(answer) == {"cat_probability", "dog_probability"}
        assert answer["cat_probability"] + answer["dog_probability"] == pytest.approx(1, abs=1e-4)
        right += max(answer, key=answer.get) == f"{label}_probability"
    assert right / len(images) >= 0.86


def test_other_labels_under_its_name_are_refused_before_anything_is_paid_for(deployed, run):
    s3, bucket = deployed.client("s3"), deployed.session.output("DataBucket")
    for name in ("rose", "tulip"):
        s3.put_object(Bucket=bucket, Key=f"datasets/flowers/{name}/1.jpg", Body=b"x")
    refused = deployed.run("--model", "cat-dog-classifier", "--dataset", "flowers")
    assert refused["status"] == "FAILED"
    assert "cat-dog-classifier is published with other labels than flowers has" in refused["cause"]
    assert "--replace-labels (flowers lacks cat, dog, and" in refused["cause"]
    assert "--as NAME" in refused["cause"]
    assert not [visit for visit in refused["visits"] if visit["job"]]


@pytest.mark.slow
def test_its_recipe_makes_another_model_under_another_name(deployed, run, held_out):
    again = deployed.run("--model", "cat-dog-classifier", "--as", "pet-classifier")
    (result,) = again["output"]["outcomes"]
    assert (result["model"], result["outcome"]) == ("pet-classifier", "published"), result
    assert "nothing was published before" in result["reason"]
    names = [item["name"] for item in json.loads(deployed.kennel("models", "list", "--json").stdout)]
    assert {"cat-dog-classifier", "pet-classifier"} <= set(names)
    answer = deployed.ask(held_out("cats-dogs")[0][0], result["target_model"], ContentType="image/jpeg")
    assert set(answer) == {"cat_probability", "dog_probability"}
    groups = deployed.client("sagemaker").list_model_package_groups(NameContains="kennel-local-pet-classifier")
    assert len(groups["ModelPackageGroupSummaryList"]) == 1


def test_the_same_model_from_a_shell_without_any_cloud(cats_dogs_folder, held_out, tmp_path):
    """train.py on the class folders, split here by hand, then `kennel predict --artifact`."""
    for folder in sorted(cats_dogs_folder.iterdir()):
        for index, image in enumerate(sorted(folder.iterdir())):
            split = "validation" if index % 5 == 0 else "train"
            target = tmp_path / split / folder.name / image.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(image)
    model = tmp_path / "model"
    command = [sys.executable, "model_code/train.py", "--architecture", "simple_cnn", "--pretrained", "false"]
    command += [
        "--train",
        str(tmp_path / "train"),
        "--validation",
        str(tmp_path / "validation"),
        "--model-dir",
        str(model),
    ]
    command += ["--epochs", "6", "--batch-size", "16", "--lr", "0.002", "--optimizer", "adamw"]
    command += ["--labels", '{"cats": "cat", "dogs": "dog"}', "--serving", '{"response_format": "named"}']
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SM_"))}
    trained = subprocess.run(command, cwd=clone.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert json.loads((model / "model.json").read_text())["labels"] == ["cat", "dog"]
    images = held_out("cats-dogs")
    ask = [sys.executable, "-m", "kennel", "predict", *[str(image) for image, _ in images]]
    asked = subprocess.run(
        [*ask, "--artifact", str(model), "--json"],
        cwd=clone.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(asked.stdout)
    right = sum(answer["label"] == label for answer, (_, label) in zip(answers, images, strict=True))
    assert right / len(images) >= 0.8


def test_a_folder_that_is_not_an_artifact_is_one_sentence(tmp_path, held_out):
    (tmp_path / "notes.txt").write_text("no model here")
    image = str(held_out("cats-dogs")[0][0])
    command = [sys.executable, "-m", "kennel", "predict", image, "--artifact", str(Path(tmp_path))]
    asked = subprocess.run(command, cwd=clone.ROOT, capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "model.json" in asked.stderr
    assert "Traceback" not in asked.stderr
