"""Pretrained weights, where training jobs without internet find them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcls.contract import keys
from imgcls.contract.artifact import sha256
from kennel.workspace import scripts


@dataclass(frozen=True)
class Staged:
    """A file in the artifacts bucket."""

    architecture: str
    uri: str
    bytes: int
    sha256: str


def stage(s3: Any, bucket: str, architecture: str, source: Path | None = None) -> Staged:
    """Download or take `source`, check, convert and upload. Raises KennelError with the fix."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = () if source is None else ("--from", source.resolve())
        scripts.run("stage_weights.py", architecture, *chosen, "--output", folder)
        path, key = Path(folder) / f"{architecture}.safetensors", keys.weights(architecture)
        s3.upload_file(str(path), bucket, key, ExtraArgs={"ChecksumAlgorithm": "SHA256"})
        return Staged(architecture, keys.uri(bucket, key), path.stat().st_size, sha256(path))
