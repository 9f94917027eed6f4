"""QualityGate: compare evaluation.json with the thresholds and with the published model."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from imgcls.contract import evaluation, keys
from lambdas.common import s3
from lambdas.common.log import logged
from lambdas.quality_gate.environment import Environment
from lambdas.quality_gate.gate import judge


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"model", "run_uri"}` -> the verdict. Raises FileNotFoundError when there is no evaluation."""
    bucket, prefix = keys.parse_uri(event["run_uri"])
    found = evaluation.Evaluation.from_dict(s3.read_json(bucket, prefix + evaluation.FILE))
    return asdict(judge(found, Environment.from_environment(os.environ)))
