"""Checkpoints: the newest undamaged one of the same run is loaded, whatever happened to the files."""

import os
from pathlib import Path

import pytest
import torch

from imgcls.training.checkpoints import CheckpointError, Checkpoints

RUN = {"lr": 0.1}


@pytest.fixture
def saved(tmp_path):
    checkpoints = Checkpoints(tmp_path, RUN, every_seconds=0)
    for step in (10, 20, 30):
        checkpoints.save(step, step // 10, {"weights": torch.full((50,), float(step)), "note": [1, "a", None]})
    return tmp_path


def load(folder, run=RUN):
    return Checkpoints(folder, run, every_seconds=0).load()


def test_two_are_kept_and_the_newest_is_loaded(saved):
    state = load(saved)
    assert state["weights"].eq(30).all() and state["note"] == [1, "a", None]
    assert len(list(saved.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:],
        lambda data: b"not a checkpoint at all",
    ],
)
def test_a_damaged_checkpoint_is_skipped_and_named(saved, capsys, damage):
    newest = sorted(saved.iterdir())[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    assert load(saved)["weights"].eq(20).all()
    assert f"{newest.name} is damaged" in capsys.readouterr().out


def test_when_one_is_deleted_the_other_is_loaded(saved):
    sorted(saved.iterdir())[-1].unlink()
    assert load(saved)["weights"].eq(20).all()


def test_when_all_are_damaged_training_stops_and_says_how_to_start_again(saved):
    for path in saved.iterdir():
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=f"every checkpoint in {saved} is damaged: empty the folder"):
        load(saved)


def test_an_empty_folder_is_a_new_training(tmp_path):
    assert load(tmp_path / "new") is None


def test_a_half_written_file_is_ignored_and_overwritten(saved):
    (saved / "partial").write_bytes(b"half")
    assert load(saved)["weights"].eq(30).all()
    Checkpoints(saved, RUN, every_seconds=0).save(40, 4, {"weights": torch.zeros(1)})
    assert load(saved)["weights"].eq(0).all() and not (saved / "partial").exists()


def test_the_end_of_an_epoch_is_newer_than_its_last_step(tmp_path):
    checkpoints = Checkpoints(tmp_path, RUN, every_seconds=0)
    for num_epochs in (0, 1):
        checkpoints.save(7, num_epochs, {"num_epochs": num_epochs})
    assert load(tmp_path) == {"num_epochs": 1}


@pytest.mark.parametrize("moment", ["write", "fsync", "replace", "unlink"])
def test_a_kill_during_a_save_leaves_an_undamaged_checkpoint(saved, monkeypatch, moment):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    if moment == "write":
        monkeypatch.setattr(torch, "save", lambda value, file: (file.write(b"some"), die()))
    elif moment == "unlink":
        monkeypatch.setattr(Path, "unlink", die)
    else:
        monkeypatch.setattr(os, moment, die)
    with pytest.raises(Killed):
        Checkpoints(saved, RUN, every_seconds=0).save(40, 4, {"weights": torch.full((50,), 40.0)})
    monkeypatch.undo()
    assert load(saved)["weights"][0] == (40 if moment == "unlink" else 30)


def test_another_runs_checkpoint_is_not_used_and_is_named(saved, capsys):
    assert load(saved, {"lr": 0.2}) is None
    assert "other settings or data" in capsys.readouterr().out


def test_another_runs_checkpoints_do_not_replace_those_of_this_one(saved):
    """The other run has more steps, so its file names sort after this one's."""
    others = set(saved.iterdir())
    for step in (1, 2, 3):
        Checkpoints(saved, {"lr": 0.2}, every_seconds=0).save(step, 0, {"weights": torch.full((50,), float(step))})
    assert load(saved, {"lr": 0.2})["weights"].eq(3).all() and load(saved)["weights"].eq(30).all()
    assert others < set(saved.iterdir()) and len(list(saved.iterdir())) == 4


def test_a_save_is_due_by_the_clock_and_by_epochs(tmp_path):
    assert Checkpoints(tmp_path, RUN, every_seconds=0).due()
    checkpoints = Checkpoints(tmp_path, RUN, every_seconds=1000, every_epochs=2)
    assert [checkpoints.due(epoch) for epoch in (None, 1, 2, 3, 4)] == [False, False, True, False, True]
    assert not Checkpoints(tmp_path, RUN, every_seconds=1000).due(2)
