"""The endpoint off, a version staged; the endpoint on, the version tested, published and answering; off again."""

from __future__ import annotations

import json

import pytest

from imgcls.contract import keys
from samples import draw

pytestmark = pytest.mark.slow  # test_rehearsal.py tells the same story, in another environment
NAME = "pets-again"


@pytest.fixture
def image(tmp_path):
    draw(tmp_path, "cats-dogs", 2, 4, seed=2028)
    return str(sorted(tmp_path.glob("*/*.jpg"))[0])


@pytest.fixture
def switched_off(own_project):
    own_project.kennel("endpoint", "off")
    yield own_project
    own_project.kennel("endpoint", "on", "--no-publish")


def test_a_version_waits_for_the_endpoint_and_is_published_when_it_is_turned_on(switched_off, image):
    project = switched_off
    run = project.run("--model", "pets", "--as", NAME)
    assert run["status"] == "SUCCEEDED", run["cause"]
    (result,) = run["output"]["outcomes"]
    assert (result["model"], result["outcome"]) == (NAME, "staged"), result
    assert approval(project) == "PendingManualApproval"
    assert NAME not in aliases(project)
    listed = {item["name"]: item for item in json.loads(project.kennel("models", "list", "--json").stdout)}
    assert (listed[NAME]["current"], listed[NAME]["staged"]["target_model"]) == ("", result["target_model"])
    refused = project.kennel("predict", image, "--model", NAME, check=False)
    assert refused.returncode == 1 and "is staged; `kennel endpoint on --env local`" in " ".join(refused.stderr.split())

    turned_on = project.kennel("endpoint", "on").stdout
    assert f"tests and publishes {NAME}" in turned_on and f"{NAME} published: " in turned_on
    assert approval(project) == "Approved" and aliases(project)[NAME] == result["target_model"]
    (answer,) = json.loads(project.kennel("predict", image, "--model", NAME, "--json").stdout)
    assert answer["target_model"] == result["target_model"] and answer["label"]

    project.kennel("endpoint", "off")
    refused = project.kennel("predict", image, "--model", NAME, check=False)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "the endpoint pets-local is off: turn it on with `kennel endpoint on" in " ".join(refused.stderr.split())


def approval(project):
    sagemaker = project.client("sagemaker")
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName=f"pets-local-{NAME}")["ModelPackageSummaryList"]
    return package["ModelApprovalStatus"]


def aliases(project):
    """Model -> the version that its alias names."""
    s3, bucket = project.client("s3"), project.session.output("ArtifactsBucket")
    found = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=keys.ALIASES).get("Contents", ())]
    documents = [
        json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in found if key.endswith(".json")
    ]
    return {document["name"]: document["current"] for document in documents}
