"""Which command of this clone stands for which image in the local cloud."""

from __future__ import annotations

import sys
from typing import Any

from config.base import LOCAL_ACCOUNT
from config.presets import LOCAL_IMAGES
from kennel.workspace import clone


def local_images() -> list[dict[str, Any]]:
    """The image table, as `python -m localcloud --images` reads it: the same for every project and environment.

    Those of preset laptop are given. The others are AWS's training image, and what an environment built and pushed.
    Jobs run on every core; two of them at a time share the cores, so each gets its part of the threads.
    """
    serve = [sys.executable, str(clone.ROOT / "model_code" / "serve.py")]
    return [
        {"pattern": LOCAL_IMAGES["training_uri"], "kind": "training", "given": True},
        {"pattern": LOCAL_IMAGES["jobs_uri"], "kind": "processing", "given": True},
        {"pattern": LOCAL_IMAGES["serving_uri"], "kind": "serving", "command": serve, "given": True},
        {"pattern": "*.dkr.ecr.*/pytorch[:@]*", "kind": "training"},
        {"pattern": f"{LOCAL_ACCOUNT}.dkr.ecr.*/*/jobs:*", "kind": "processing"},
        {"pattern": f"{LOCAL_ACCOUNT}.dkr.ecr.*/*/serving:*", "kind": "serving", "command": serve},
    ]
