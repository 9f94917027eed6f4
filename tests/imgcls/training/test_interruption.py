"""Signals become requests to end the training."""

import os
import signal

import pytest

from imgcls.training.interruption import Interrupted, Interruption


def test_without_a_signal_nothing_is_requested():
    with Interruption() as interruption:
        assert interruption.requested(1) == 0


def test_a_second_sigterm_is_ignored():
    """torchrun sends one in addition to the one that the process group receives."""
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.requested(1) == signal.SIGTERM


def test_a_second_ctrl_c_ends_at_once():
    with pytest.raises(KeyboardInterrupt), Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.requested(1) == signal.SIGINT
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_previous_handlers_are_restored():
    before = signal.getsignal(signal.SIGTERM)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_exit_code_follows_the_shells_convention():
    error = Interrupted(signal.SIGTERM, 7, saved=True)
    assert error.exit_code == 143 and str(error).startswith("ended by SIGTERM after step 7; a checkpoint is saved")
