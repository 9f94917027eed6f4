"""The prepared data set: what a Prepare job leaves below `prepared/<manifest id>/`, and its exit message.

train/        shards of the training split (imgcls.data.shards), or class folders
validation/   class folders, original bytes
test/         class folders, original bytes; only the evaluation job gets this channel
manifest.jsonl
quarantine/   bad images, each with a `.reason.txt`
reports/data-report.html
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from imgcls.contract.text import cut

TRAIN, VALIDATION, TEST = "train", "validation", "test"
QUARANTINE = "quarantine"
REPORTS = "reports"
DATA_REPORT = "data-report.html"
EXIT_MESSAGE_FILE = "/opt/ml/output/message"
"""Where a processing container leaves its ExitMessage."""
MAX_MESSAGE_BYTES = 1024
"""Limit of a processing job's ExitMessage, which must be UTF-8
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html)."""
STREAMED_BYTES = 50_000_000_000
"""A training split above this is not copied before training but read from S3 while it trains, shard after shard:
AWS advises File mode for up to 50 to 100 GB (https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html)."""


def leave_message(path: Path, text: str) -> None:
    """Write a job's ExitMessage."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(cut(text, MAX_MESSAGE_BYTES), encoding="utf-8")


@dataclass(frozen=True)
class PrepareMessage:
    """The ExitMessage of a Prepare job that succeeded. Counts are images.

    `train_input_mode` is how training jobs are to get the training split: File, or FastFile above STREAMED_BYTES.
    """

    manifest_id: str
    num_classes: int
    num_train: int
    num_validation: int
    num_test: int
    num_quarantined: int
    train_input_mode: str

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


@dataclass(frozen=True)
class EvaluateMessage:
    """The ExitMessage of an Evaluate job that succeeded. `champion_accuracy` is -1 when nothing is published."""

    version: str
    accuracy: float
    champion_accuracy: float
    num_images: int

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))
