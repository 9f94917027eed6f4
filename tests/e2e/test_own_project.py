"""A user's own project: made by `kennel init` outside the clone, deployed beside the clone's, trained and asked."""

from __future__ import annotations

import json
import re

import pytest

from samples import draw


@pytest.fixture(scope="module")
def run(deployed, own_project):
    """Trained on two spot instances that are taken away once, when the fourth epoch is over."""
    deployed.interrupt("pets-*", after_line="train:epoch=4;", notice_seconds=60)
    return own_project.run()


def test_its_first_run_passes_the_gate_and_its_endpoint_answers(deployed, own_project, run, tmp_path):
    assert run["status"] == "SUCCEEDED", run["cause"]
    (result,) = run["output"]["outcomes"]
    assert (result["model"], result["outcome"]) == ("pets", "published"), result

    draw(tmp_path, "cats-dogs", 2, 15, seed=2027)
    images = sorted(tmp_path.glob("*/*.jpg"))
    answers = json.loads(own_project.kennel("predict", *map(str, images), "--json").stdout)
    right = sum(answer["label"] == image.parent.name for answer, image in zip(answers, images, strict=True))
    assert right / len(images) >= 0.7, "the gate is at 0.62"

    assert own_project.session.output("EndpointName") == "pets-local"
    assert deployed.session.output("EndpointName") == "kennel-local"
    assert own_project.session.output("DataBucket") != deployed.session.output("DataBucket")
    of_the_clone = json.loads(deployed.kennel("models", "list", "--json").stdout)
    assert "pets" not in [model["name"] for model in of_the_clone]


def test_two_spot_instances_trained_it_and_lost_no_epoch_to_an_interruption(deployed, run):
    """The interval of checkpoints is a minute; SIGTERM saves one more, so that not even a finished epoch is lost."""
    (visit,) = [v for v in run["visits"] if v["job"] and v["job"]["kind"] == "training"]
    job = deployed.client("sagemaker").describe_training_job(TrainingJobName=visit["job"]["name"])
    assert job["ResourceConfig"]["InstanceCount"] == 2 and job["EnableManagedSpotTraining"] is True
    assert "Interrupted" in [item["Status"] for item in job["SecondaryStatusTransitions"]]
    log = deployed.job_log(visit["job"]["name"])
    (resumed,) = [index for index, line in enumerate(log) if line.startswith("resuming after step")]
    before, after = (epochs(part) for part in (log[:resumed], log[resumed:]))
    assert before == list(range(1, len(before) + 1)) and len(before) >= 4
    # All processes agree on the end every eight steps, some epochs later here, and what they print then nobody reads.
    assert log[resumed].endswith(f"epoch {after[0]}") and after[0] > before[-1]
    assert sum("resuming" in line for line in log) == 1, "one process prints for both instances"


def epochs(log):
    found = (re.search(r"train:epoch=(\d+);", line) for line in log)
    return [int(match[1]) for match in found if match]
