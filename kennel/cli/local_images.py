"""Which command of this clone stands for which image in the local cloud."""

from __future__ import annotations

import sys

from kennel.cloud.session import load_config
from kennel.workspace import clone


def local_images() -> list[dict]:
    """The image table of the local environment, as `python -m localcloud --images` reads it.

    Jobs run on every core; two of them at a time share the cores, so each gets its part of the threads.
    """
    images = load_config("local").images
    serve = [sys.executable, str(clone.ROOT / "model_code" / "serve.py")]
    return [
        {"pattern": images.training_uri, "kind": "training"},
        {"pattern": images.jobs_uri, "kind": "processing"},
        {"pattern": images.serving_uri, "kind": "serving", "command": serve},
    ]
