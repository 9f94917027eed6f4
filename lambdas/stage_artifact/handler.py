"""StageArtifact: copy the candidate to its immutable key, verify the hash, and put what must outlive its run there."""

from __future__ import annotations

import os
from typing import Any

from imgcls.contract import artifact, evaluation, keys
from imgcls.contract.evaluation import Evaluation
from lambdas.common import s3
from lambdas.common.log import logged
from lambdas.stage_artifact.environment import Environment
from lambdas.stage_artifact.staging import copy_golden, stage


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"model", "run_uri", "version", "source"}` -> `{"target_model", "archive_uri", "sha256", "copied"}`.

    `source` is empty, or the lineage of a version of another environment, with the only `sha256` that may be staged.
    An execution that began before these functions were deployed does not send it.
    """
    bucket = Environment.from_environment(os.environ).artifacts_bucket
    _, prefix = keys.parse_uri(event["run_uri"])
    target_model = keys.target_model(event["model"], event["version"])
    key = keys.MODELS + target_model
    done = stage(bucket, prefix + artifact.ARCHIVE, key, expected=event.get("source", {}).get("sha256"))
    scored = Evaluation.from_dict(s3.read_json(bucket, prefix + evaluation.FILE))
    s3.write_json(bucket, keys.evaluation_of(target_model), scored.to_dict())
    s3.write_json(bucket, keys.labels(target_model), sorted(scored.per_class))
    copy_golden(bucket, prefix + evaluation.GOLDEN_FOLDER, keys.golden_of(target_model))
    return {
        "target_model": target_model,
        "archive_uri": keys.uri(bucket, key),
        "sha256": done.sha256,
        "copied": done.copied,
    }
