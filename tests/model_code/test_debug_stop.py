"""A rule whose action is stop: the training ends cleanly, in every process, and leaves its artifact."""

import json

from imgcls.artifacts.archives import verify
from imgcls.contract import records
from tests.model_code import ranks
from tests.model_code.test_train import arguments

DEBUG = {"interval": 2, "rules": {"learning-rate-too-low": {"action": "stop"}}}
OPTIONS = {"epochs": "9", "batch-size": "12", "lr": "1e-7", "warmup-epochs": "0", "debug": json.dumps(DEBUG)}


def test_a_rule_ends_the_training_of_two_processes(splits, tmp_path):
    assert ranks.run(tmp_path, 2, arguments(splits, tmp_path, **OPTIONS)) == [0, 0]
    log = (tmp_path / "log-0").read_text()
    assert log.count("debug:learning-rate-too-low=1;") == 1
    assert "learning-rate-too-low fired, and its action is stop: stopping" in log
    rows = list(records.read_rows(tmp_path / "model-records" / records.DEBUG_FILE))
    (finding,) = [row for row in rows if row["name"] == "learning-rate-too-low"]
    assert finding["epoch"] == 1 and finding["action"].startswith("training stops after this epoch")
    assert [row["step"] for row in rows if row["name"] == records.LOSS] == [1, 2, 4, 6], "one epoch, written once"
    assert (tmp_path / "log-1").read_text() == "", "the other process prints nothing"
    assert verify(tmp_path / "model").validation["accuracy"] >= 0
