"""The `sagemaker` SDK's typed resources talk to the local cloud as they talk to AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys

SCRIPT = """
import json, sys
from sagemaker.core.resources import Endpoint, TrainingJob

name, image = sys.argv[1:]
job = TrainingJob.get(training_job_name=next(iter(TrainingJob.get_all())).training_job_name)
endpoint = Endpoint.get(endpoint_name=name)
answer = endpoint.invoke(
    body=open(image, "rb").read(), content_type="application/x-image", target_model="dog-breed-classifier/model.tar.gz"
)
seen = {"job": job.training_job_status, "endpoint": endpoint.endpoint_status, "answer": answer.body.read().decode()}
print(json.dumps(seen))
"""


def test_typed_resources(deployed, default_run, held_out):
    image, _ = held_out("breeds")[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, deployed.session.output("EndpointName"), str(image)],
        env=environment | deployed.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    assert (seen["job"], seen["endpoint"]) == ("Completed", "InService")
    assert json.loads(seen["answer"])["model"] == "dog-breed-classifier"
