"""The prepared data set's names, and the messages of the jobs before and after training."""

from __future__ import annotations

import json

from imgcls.contract import prepared
from imgcls.contract.prepared import EvaluateMessage, PrepareMessage


def test_folders_and_files_have_these_names() -> None:
    assert (prepared.TRAIN, prepared.VALIDATION, prepared.TEST) == ("train", "validation", "test")
    assert (prepared.QUARANTINE, prepared.REPORTS, prepared.DATA_REPORT) == (
        "quarantine", "reports", "data-report.html",
    )  # fmt: skip
    # Where SageMaker looks for a processing job's ExitMessage, and how many bytes of it are kept.
    assert (prepared.EXIT_MESSAGE_FILE, prepared.MAX_MESSAGE_BYTES) == ("/opt/ml/output/message", 1024)
    assert prepared.STREAMED_BYTES == 50 * 10**9


def test_a_message_is_one_compact_json_object() -> None:
    text = PrepareMessage("1a2b", 2, 10, 3, 4, 1, "File").encode()
    assert json.loads(text) == {
        "manifest_id": "1a2b", "num_classes": 2, "num_train": 10, "num_validation": 3, "num_test": 4,
        "num_quarantined": 1, "train_input_mode": "File",
    }  # fmt: skip
    assert " " not in text
    text = EvaluateMessage("v1", 0.5, -1.0, 4).encode()
    assert json.loads(text) == {"version": "v1", "accuracy": 0.5, "champion_accuracy": -1.0, "num_images": 4}
    assert " " not in text
