"""An interrupted training goes on and ends with the weights of the uninterrupted one, bit for bit."""

import os
import signal
import subprocess
import sys
import time

import pytest

import train as script
from imgcls.artifact import verify
from imgcls.engine import Trainer
from tests.model_code.test_train import arguments, train

OPTIONS = {
    "epochs": "5", "augmentation": "standard", "checkpoint-seconds": "0", "architecture": "mobilenet_v3_small",
}  # fmt: skip
JOB = {"TRAINING_JOB_NAME": "job"}


def weights(folder):
    return verify(folder / "model").files["weights.safetensors"]


@pytest.fixture(scope="module")
def uninterrupted(splits, tmp_path_factory):
    """Dropout and augmentation are on: every random state must survive."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    result = train(splits, folder, environment=JOB, **OPTIONS)
    assert result.returncode == 0, result.stderr
    return weights(folder)


class PowerCut(BaseException):
    pass


def test_resuming_gives_the_same_weights(splits, tmp_path, uninterrupted, monkeypatch):
    train_epoch = Trainer.train_epoch

    def cut_in_epoch_4(self, batches, epoch):
        if epoch == 4:
            raise PowerCut
        return train_epoch(self, batches, epoch)

    monkeypatch.setattr(Trainer, "train_epoch", cut_in_epoch_4)
    options = {**OPTIONS, "checkpoint-dir": tmp_path / "checkpoints"}
    with pytest.raises(PowerCut):
        train(splits, tmp_path, environment=JOB, **options)
    monkeypatch.undo()
    result = train(splits, tmp_path, environment=JOB, **options)
    assert result.returncode == 0, result.stderr
    assert "resuming after epoch 3" in result.stdout and "train:epoch=3;" not in result.stdout
    assert weights(tmp_path) == uninterrupted


def test_a_job_finds_the_services_folder(splits, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    environment = {**JOB, "SM_MODEL_DIR": str(tmp_path / "model")}
    result = train(splits, tmp_path, environment=environment, model_dir=None, **{"checkpoint-seconds": "0"})
    assert result.returncode == 0, result.stderr
    assert [path.name[:16] for path in (tmp_path / "checkpoints").iterdir()] == ["checkpoint-00001"]


@pytest.mark.slow
def test_killed_at_random_points_it_ends_all_the_same(splits, tmp_path, uninterrupted):
    command = [sys.executable, script.__file__]
    command += arguments(splits, tmp_path, **OPTIONS, **{"checkpoint-dir": tmp_path / "checkpoints"})
    environment = {**os.environ, **JOB}
    for seconds in (2.0, 3.1, 3.7, 4.3, 5.1, 6.0):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert weights(tmp_path) == uninterrupted
