"""SmokeTest: send golden images to the endpoint with the staged key, before the alias names it."""

from __future__ import annotations

import os
import time
from typing import Any

from imgcls.contract import evaluation, keys
from lambdas.common import s3
from lambdas.common.log import logged
from lambdas.smoke_test.comparison import SmokeTestFailed, check
from lambdas.smoke_test.endpoint import Endpoint, SwitchedOff
from lambdas.smoke_test.environment import Environment


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"target_model"}` -> `{"on", "tested", "note"}`. Raises SmokeTestFailed, NotReady or Refused.

    `on` is false if the endpoint is switched off, or was while it was asked: then nothing is known about the version.
    """
    environment = Environment.from_environment(os.environ)
    endpoint = Endpoint(environment.endpoint_name, time.monotonic() + environment.max_wait_seconds)
    try:
        endpoint.wait_until_answering()
        tested = _test(environment.artifacts_bucket, event["target_model"], endpoint)
    except SwitchedOff as off:
        note = f"{off}: `kennel endpoint on` turns it on, tests this version and publishes it"
        return {"on": False, "tested": 0, "note": note}
    return {"on": True, "tested": tested, "note": f"{tested} golden images were answered as in the evaluation"}


def _test(bucket: str, target_model: str, endpoint: Endpoint) -> int:
    """The number of golden images, all of them answered as in the evaluation."""
    folder = keys.golden_of(target_model)
    images = evaluation.parse_golden(s3.read_text(bucket, folder + evaluation.GOLDEN_FILE))
    if not images:
        raise SmokeTestFailed(f"{keys.uri(bucket, folder)} lists no golden images: nothing was tested")
    version = target_model.split("/")[1]
    for golden in images:
        body = s3.read_bytes(bucket, folder + golden.file, evaluation.GOLDEN_MAX_BYTES)
        check(golden, endpoint.predict(target_model, "application/x-image", body), version)
    return len(images)
