"""One training by several processes: the same losses, one writer, one checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import train as script
from imgcls.artifacts.archives import verify
from imgcls.contract import records
from tests.model_code import ranks
from tests.model_code.test_train import arguments, train

# With a frozen backbone no image's gradient depends on the others in its batch, so the metrics agree up to rounding.
EXACT = {
    "freeze-backbone": "true", "augmentation": "standard", "epochs": "3", "batch-size": "9", "lr": "0.05",
    "optimizer": "sgd", "class-weighting": "loss", "gradient-clipping": "0.5", "test-batch-size": "23",
}  # fmt: skip
WHOLE = {
    "epochs": "2",
    "batch-size": "12",
    "augmentation": "standard",
    "checkpoint-seconds": "1000",
    "head-epochs": "1",
}
JOB = {"TRAINING_JOB_NAME": "job"}
MEASURED = ("train:loss", "train:accuracy", "validation:loss", "validation:accuracy")


def curve(folder):
    rows = records.read_rows(folder / "model-records" / records.METRICS_FILE)
    return [
        (row["epoch"], row["name"], pytest.approx(row["value"], rel=1e-4)) for row in rows if row["name"] in MEASURED
    ]


def weights(folder):
    return verify(folder / "model").files["weights.safetensors"]


@pytest.fixture
def folders(tmp_path):
    """Two folders, of one process and of two."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path / "one", tmp_path / "two"


def test_two_processes_have_the_losses_of_one(splits, folders):
    """Batches of 9 and a validation batch of one image are shared unevenly."""
    one, two = folders
    assert train(splits, one, environment=JOB, **EXACT).returncode == 0
    assert ranks.run(two, 2, arguments(splits, two, **EXACT)) == [0, 0]
    assert len(curve(one)) == 3 * len(MEASURED) and curve(two) == curve(one)
    assert "best validation accuracy" in (two / "log-0").read_text()
    assert (two / "log-1").read_text() == "", "only the main process prints"


def test_sigterm_to_any_process_leaves_one_checkpoint_to_resume_from(splits, folders):
    whole, stopped = folders
    assert ranks.run(whole, 2, arguments(splits, whole, **WHOLE)) == [0, 0]
    options = {**WHOLE, "checkpoint-dir": stopped / "checkpoints"}
    assert ranks.run(stopped, 2, arguments(splits, stopped, **options), terminate=(1, 3)) == [143, 143]
    assert [path.name[:20] for path in (stopped / "checkpoints").iterdir()] == ["checkpoint-000000008"]
    assert ranks.run(stopped, 2, arguments(splits, stopped, **options)) == [0, 0]
    assert "resuming after step 8, epoch 2" in (stopped / "log-0").read_text()
    assert weights(stopped) == weights(whole) and curve(stopped) == curve(whole)


def test_a_batch_too_small_for_the_processes_is_refused(splits, tmp_path):
    assert ranks.run(tmp_path, 2, arguments(splits, tmp_path, **{"batch-size": "3"})) == [1, 1]
    assert "batch-size 3 in 2 parts" in (tmp_path / "log-0").read_text()


@pytest.mark.slow
def test_two_hosts_by_torchrun(splits, folders):
    """As AWS's toolkit starts it on two instances."""
    one, two = folders
    assert train(splits, one, environment=JOB, **EXACT).returncode == 0
    hosts = []
    for node, address in enumerate(("127.0.0.1", "127.0.0.2")):
        command = [str(Path(sys.executable).with_name("torchrun")), "--nnodes", "2", "--nproc_per_node", "1"]
        command += ["--master_addr", "127.0.0.1", "--master_port", "7777", "--node_rank", str(node)]
        command += ["--local_addr", address, script.__file__, *arguments(splits, two, **EXACT)]
        hosts.append(subprocess.Popen(command, env=os.environ | {"TRAINING_JOB_NAME": "job"}))
    assert [host.wait(120) for host in hosts] == [0, 0]
    assert curve(two) == curve(one)
