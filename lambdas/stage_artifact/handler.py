"""StageArtifact: copy the candidate to its immutable key and verify the hash."""

from __future__ import annotations

import os
from typing import Any

from imgcls.contract import artifact, keys
from lambdas.common.log import logged
from lambdas.stage_artifact.environment import Environment
from lambdas.stage_artifact.staging import stage


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"model", "run_uri", "version"}` -> `{"target_model", "archive_uri", "sha256", "copied"}`."""
    bucket = Environment.from_environment(os.environ).artifacts_bucket
    _, prefix = keys.parse_uri(event["run_uri"])
    target_model = keys.target_model(event["model"], event["version"])
    key = keys.MODELS + target_model
    done = stage(bucket, prefix + artifact.ARCHIVE, key)
    return {
        "target_model": target_model,
        "archive_uri": keys.uri(bucket, key),
        "sha256": done.sha256,
        "copied": done.copied,
    }
