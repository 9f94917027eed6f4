"""A user's own project: made by `kennel init` outside the clone, deployed beside the clone's, trained and asked."""

from __future__ import annotations

import json

from samples import draw


def test_its_first_run_passes_the_gate_and_its_endpoint_answers(deployed, own_project, tmp_path):
    run = own_project.run()
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
