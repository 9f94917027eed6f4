"""Signals as requests."""

import os
import signal

import pytest

from imgcls.training.interruption import Interrupted, Interruption


def test_no_signal_is_no_request():
    with Interruption() as interruption:
        assert interruption.requested(1) == 0


def test_sigterm_may_come_twice():
    """torchrun sends one more than the process group gets."""
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


def test_the_handlers_of_before_are_back():
    before = signal.getsignal(signal.SIGTERM)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_exit_code_is_the_shells():
    error = Interrupted(signal.SIGTERM, 7, saved=True)
    assert error.exit_code == 143 and str(error).startswith("ended by SIGTERM after step 7; a checkpoint is saved")
