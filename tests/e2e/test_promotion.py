"""A version of one project's environment is published in another's by its digest, and answers there as it did here."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import pytest

from imgcls.contract import keys
from kennel.cloud.session import Session
from kennel.workspace import project as workspace
from samples import draw

pytestmark = pytest.mark.slow  # it deploys a third project


@pytest.fixture(scope="module")
def source(own_project):
    """`pets`, with a published version."""
    run = own_project.run()
    assert run["output"]["outcomes"][0]["outcome"] == "published", run
    return own_project


@pytest.fixture(scope="module")
def target(source, tmp_path_factory):
    """The same project file under a name that begins like the other's, in the same account; it has no data."""
    folder = tmp_path_factory.mktemp("target") / "project"
    shutil.copytree(source.folder, folder, ignore=shutil.ignore_patterns("cdk.out", ".kennel"))
    text = (folder / "kennel.yaml").read_text()
    (folder / "kennel.yaml").write_text(text.replace("project: pets", "project: pets-two", 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(workspace.VARIABLE, str(folder))
        found = replace(source, session=Session("local"), folder=folder)
    found.kennel("deploy")
    return found


def test_it_is_published_by_its_digest_and_answers_the_same(source, target, tmp_path):
    taken = json.loads(source.kennel("models", "take", "pets", "--output", str(tmp_path / "pets"), "--json").stdout)
    archive = tmp_path / "pets" / "model.tar.gz"
    assert taken["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()

    wrong = target.kennel("models", "promote", str(tmp_path / "pets"), "--sha256", "0" * 64, check=False)
    assert wrong.returncode == 1 and "has the SHA-256" in wrong.stderr and "Traceback" not in wrong.stderr

    command = ("models", "promote", str(tmp_path / "pets"), "--sha256", taken["digest"], "--wait", "--json")
    answer = target.kennel(*command, check=False)
    assert answer.returncode == 0, answer.stderr
    done = json.loads(answer.stdout)
    assert (done["state"], done["version"]) == ("published", taken["version"])
    run = json.loads(target.kennel("pipeline", "show", done["execution"], "--json").stdout)
    assert run["input"]["promote"]["digest"] == taken["digest"]
    assert not [visit for visit in run["visits"] if visit["job"]], "nothing is prepared, trained or evaluated"

    draw(tmp_path / "images", "cats-dogs", 2, 3, seed=2029)
    [image, *_] = sorted((tmp_path / "images").glob("*/*.jpg"))
    key = keys.target_model("pets", taken["version"])
    here, there = (project.ask(image, key, CustomAttributes="format=full") for project in (source, target))
    assert here["probabilities"] == there["probabilities"] and here["label"] == there["label"]

    package = newest_package(target)
    assert package["ModelApprovalStatus"] == "Approved"
    metadata = package["CustomerMetadataProperties"]
    assert metadata["sha256"] == taken["sha256"] and metadata["manifest_id"] == taken["manifest_id"]
    assert (metadata["source_project"], metadata["source_environment"]) == ("pets", "local")
    assert metadata["source_package"] == taken["source_package"]
    assert metadata["source_package"].startswith("arn:aws:sagemaker:us-east-1::model-package/pets-local-pets/")

    again = json.loads(target.kennel(*command).stdout)
    assert (again["state"], again["execution"]) == ("published", "")


def newest_package(project):
    sagemaker = project.client("sagemaker")
    found = sagemaker.list_model_packages(ModelPackageGroupName="pets-two-local-pets")["ModelPackageSummaryList"]
    assert len(found) == 1
    return sagemaker.describe_model_package(ModelPackageName=found[0]["ModelPackageArn"])
