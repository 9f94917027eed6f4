"""An interrupted training resumes and ends with the weights of the uninterrupted one, bit for bit."""

import functools
import json
import os
import signal
import sys

import pytest

from imgcls.artifacts.archives import verify
from imgcls.contract import records
from imgcls.training.trainer import Trainer
from tests.model_code.test_train import train

# Colour changes, moving averages and, in MobileNet, dropout: state that a step could take from outside the checkpoint.
OPTIONS = {
    "architecture": "simple_cnn", "epochs": "2", "batch-size": "12", "augmentation": "standard",
    "checkpoint-seconds": "0", "accumulation-steps": "2", "head-epochs": "1",
}  # fmt: skip
STEPS_PER_EPOCH = 6
JOB = {"TRAINING_JOB_NAME": "job"}


def weights(folder):
    return verify(folder / "model").files["weights.safetensors"]


def measured(folder):
    """The metrics of every epoch that do not depend on the clock."""
    rows = records.read_rows(folder / "model-records" / records.METRICS_FILE)
    return [(row["step"], row["epoch"], row["name"], row["value"]) for row in rows if row["name"] not in TIMES]


TIMES = {"train:images-per-second", "train:data-wait-ratio"}


@pytest.fixture(scope="module")
def uninterrupted(splits, tmp_path_factory):
    """A function that returns the folder of an uninterrupted run of the architecture."""

    @functools.cache
    def run(architecture):
        folder = tmp_path_factory.mktemp("uninterrupted")
        result = train(splits, folder, environment=JOB, **OPTIONS | {"architecture": architecture})
        assert result.returncode == 0, result.stderr
        return folder

    return run


class PowerCut(BaseException):
    pass


def interrupt(monkeypatch, step, action):
    """Run `action` in place of the step's optimizer update."""
    update = Trainer._update

    def cut(self):
        if self.step == step:
            action()
        update(self)

    monkeypatch.setattr(Trainer, "_update", cut)


def power_cut():
    raise PowerCut


CASES = [
    ("simple_cnn", 2, (1, 1)), ("simple_cnn", 7, (6, 2)), ("simple_cnn", 9, (8, 2)), ("mobilenet_v3_small", 9, (8, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("architecture", "step", "resumed"), CASES)
def test_resuming_from_any_step_gives_the_same_weights(
    splits, tmp_path, uninterrupted, monkeypatch, architecture, step, resumed
):
    options = {**OPTIONS, "architecture": architecture, "checkpoint-dir": tmp_path / "checkpoints"}
    interrupt(monkeypatch, step, power_cut)
    with pytest.raises(PowerCut):
        train(splits, tmp_path, environment=JOB, **options)
    monkeypatch.undo()
    result = train(splits, tmp_path, environment=JOB, **options)
    assert result.returncode == 0, result.stderr
    assert "resuming after step {}, epoch {}".format(*resumed) in result.stdout
    assert weights(tmp_path) == weights(uninterrupted(architecture))
    assert measured(tmp_path) == measured(uninterrupted(architecture)), "the records cover the whole run"


def test_resuming_between_an_epochs_last_step_and_its_validation(splits, tmp_path, uninterrupted, monkeypatch):
    options = {**OPTIONS, "checkpoint-dir": tmp_path / "checkpoints"}
    monkeypatch.setattr(Trainer, "validate", lambda *_: power_cut())
    with pytest.raises(PowerCut):
        train(splits, tmp_path, environment=JOB, **options)
    monkeypatch.undo()
    result = train(splits, tmp_path, environment=JOB, **options)
    assert f"resuming after step {STEPS_PER_EPOCH}, epoch 1" in result.stdout
    assert weights(tmp_path) == weights(uninterrupted("simple_cnn")) and measured(tmp_path) == measured(
        uninterrupted("simple_cnn")
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_ends_with_the_shells_code(splits, tmp_path, uninterrupted, monkeypatch, number, code):
    options = {**OPTIONS, "checkpoint-seconds": "1000", "checkpoint-dir": tmp_path / "checkpoints"}
    before = signal.getsignal(number)
    interrupt(monkeypatch, 4, lambda: os.kill(os.getpid(), number))
    result = train(splits, tmp_path, environment=JOB, **options)
    assert result.returncode == code and signal.getsignal(number) == before
    assert f"ended by {number.name} after step 4; a checkpoint is saved" in result.stderr
    outcome = json.loads((tmp_path / "model-records" / records.ENVIRONMENT_FILE).read_text())
    assert outcome["outcome"] == "failed" and number.name in outcome["reason"]
    monkeypatch.undo()
    result = train(splits, tmp_path, environment=JOB, **options)
    assert "resuming after step 4, epoch 1" in result.stdout
    assert weights(tmp_path) == weights(uninterrupted("simple_cnn"))


def test_a_checkpoint_is_saved_even_if_the_signal_ended_the_reader_too(splits, tmp_path, uninterrupted, monkeypatch):
    """AWS's toolkit reads what training prints, and the signal ends it at once."""
    options = {**OPTIONS, "checkpoint-seconds": "1000", "checkpoint-dir": tmp_path / "checkpoints"}
    validate = Trainer.validate

    def terminated(self, batches):
        os.kill(os.getpid(), signal.SIGTERM)
        monkeypatch.setattr(sys.stdout, "write", broken_pipe)
        return validate(self, batches)

    monkeypatch.setattr(Trainer, "validate", terminated)
    assert train(splits, tmp_path, environment=JOB, **options).returncode == 143
    monkeypatch.undo()
    result = train(splits, tmp_path, environment=JOB, **options)
    assert f"resuming after step {STEPS_PER_EPOCH + 1}, epoch 2" in result.stdout
    assert weights(tmp_path) == weights(uninterrupted("simple_cnn"))


def broken_pipe(_):
    raise BrokenPipeError


def test_a_signal_ends_a_training_without_a_checkpoint_folder(splits, tmp_path, monkeypatch):
    interrupt(monkeypatch, 1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    result = train(splits, tmp_path)
    assert result.returncode == 143 and "there is no checkpoint folder" in result.stderr


def test_a_job_finds_the_services_folder(splits, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    environment = {**JOB, "SM_MODEL_DIR": str(tmp_path / "model"), "KENNEL_CHECKPOINT_SECONDS": "0"}
    result = train(splits, tmp_path, environment=environment, model_dir=None)
    assert result.returncode == 0, result.stderr
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert [name[:26] for name in names] == ["checkpoint-000000009-00000", "checkpoint-000000009-00001"]
