"""Checkpoints: the newest whole one of the same run, whatever happened to the files."""

import pytest
import torch

from imgcls.checkpoints import Checkpoints

RUN = {"lr": 0.1}


@pytest.fixture
def saved(tmp_path):
    checkpoints = Checkpoints(tmp_path, RUN, every_seconds=0)
    for epoch in (1, 2, 3):
        checkpoints.save(epoch, {"weights": torch.full((50,), float(epoch)), "note": [1, "a", None]})
    return tmp_path


def load(folder, run=RUN):
    return Checkpoints(folder, run, every_seconds=0).load()


def test_two_are_kept_and_the_newest_is_loaded(saved):
    epoch, state = load(saved)
    assert epoch == 3 and state["weights"].eq(3).all() and state["note"] == [1, "a", None]
    assert len(list(saved.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:],
        lambda data: b"no checkpoint at all",
    ],
)
def test_a_damaged_one_is_passed_over_and_said(saved, capsys, damage):
    newest = sorted(saved.iterdir())[-1]
    newest.write_bytes(damage(newest.read_bytes()))
    assert load(saved)[0] == 2
    assert f"{newest.name} is damaged" in capsys.readouterr().out


def test_without_a_whole_one_training_starts_anew(saved):
    for path in saved.iterdir():
        path.write_bytes(b"")
    assert load(saved) is None


def test_a_half_written_file_is_no_checkpoint(saved):
    (saved / "partial").write_bytes(b"half")
    assert load(saved)[0] == 3


def test_another_runs_checkpoint_is_not_used_and_said(saved, capsys):
    assert load(saved, {"lr": 0.2}) is None
    assert "other settings or data" in capsys.readouterr().out


def test_saves_go_by_the_clock(tmp_path):
    assert not Checkpoints(tmp_path, RUN, every_seconds=1000).due()
    assert Checkpoints(tmp_path, RUN, every_seconds=0).due()
