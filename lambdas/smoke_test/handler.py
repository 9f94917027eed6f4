"""SmokeTest: send golden images to the endpoint with the staged key, before the alias names it."""

from __future__ import annotations

import os
import time
from typing import Any

from imgcls.contract import evaluation, keys
from lambdas.common import s3
from lambdas.common.log import logged
from lambdas.smoke_test.comparison import check
from lambdas.smoke_test.endpoint import Endpoint
from lambdas.smoke_test.environment import Environment


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"run_uri", "target_model"}` -> `{"tested", "note"}`. Raises SmokeTestFailed or NotReady."""
    environment = Environment.from_environment(os.environ)
    endpoint = Endpoint(environment.endpoint_name, time.monotonic() + environment.max_wait_seconds)
    if not endpoint.wait_until_answering():
        return {"tested": 0, "note": f"smoke test skipped: the endpoint {endpoint.name} is switched off"}
    bucket, run = keys.parse_uri(event["run_uri"])
    folder = f"{run}golden/"
    images = evaluation.parse_golden(s3.read_text(bucket, folder + evaluation.GOLDEN_FILE))
    version = event["target_model"].split("/")[1]
    for golden in images:
        body = s3.read_bytes(bucket, folder + golden.file)
        check(golden, endpoint.predict(event["target_model"], "application/x-image", body), version)
    return {"tested": len(images), "note": f"{len(images)} golden images were answered as in the evaluation"}
