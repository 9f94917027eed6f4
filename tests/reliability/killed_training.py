"""Kills training with SIGKILL at random points, inside the write of a checkpoint too, and starts it again.

Ends well when every training goes on from at most one checkpoint interval before it was killed, and its last weights
are those of the run that nobody killed, bit for bit. `python -m tests.reliability.killed_training [--kills 200]`.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch._dynamo  # noqa: F401  what the first optimizer would import, in every process

import samples

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "model_code"))

import train as script
from imgcls.artifacts.archives import verify
from imgcls.training.trainer import Trainer

ANY_TIME = "any time"
CALLS: dict[str, tuple[Any, str]] = {
    "write": (Path, "open"), "fsync": (os, "fsync"), "replace": (os, "replace"), "unlink": (Path, "unlink"),
}  # fmt: skip
"""What writing a checkpoint calls, in order: the places to die at, besides any time."""
STEPS_PER_EPOCH = 6
PROGRESS_KILLS = 20
OPTIONS = {
    "architecture": "simple_cnn", "pretrained": "false", "preprocessing": '{"resize": 36, "crop": 32}', "epochs": 3,
    "batch-size": 8, "lr": 0.01, "augmentation": "standard", "checkpoint-seconds": 0, "num-workers": 1,
}  # fmt: skip

# Processes are forked from one that has imported torch and done nothing with it: 0.1 s a start instead of 5.
_PROCESSES = multiprocessing.get_context("forkserver")
# Each of them then makes this file its main module, which it was not where it was imported.
warnings.filterwarnings("ignore", "'tests.reliability.killed_training' found in sys.modules", RuntimeWarning)


@dataclass
class Outcome:
    """`kills` by moment, the trainings that ended, the most steps that a kill undid, and what went wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    num_completed: int = 0
    most_steps_lost: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        moments = ", ".join(f"{num} at {moment}" for moment, num in self.kills.items())
        return (
            f"{self.kills.total()} kills ({moments}); {self.num_completed} trainings ended, "
            f"{len(self.problems)} of them wrong; at most {self.most_steps_lost} steps lost, checkpoints every step"
        )


def kill_training(
    num_kills: int, folder: Path, *, seed: int = 0, watch: Callable[[Outcome], object] = lambda _: None
) -> Outcome:
    """Kill `num_kills` times, then let the last training end. One that ends before is compared and started anew.

    `watch` is shown the outcome so far after each kill.
    """
    _PROCESSES.set_forkserver_preload([__spec__.name])  # `__name__` is `__main__` where this file is the program
    samples.draw(folder / "data", "breeds", classes=2, per_class=36, size=(40, 60), workers=1)
    seconds = [_timed(_Training(folder, "whole", number).run) for number in range(2)][-1]  # the first one imports torch
    wanted = _Training(folder, "whole", 1).weights()
    chance, outcome = random.Random(seed), Outcome()
    moments = itertools.chain(itertools.islice(itertools.cycle((ANY_TIME, *CALLS)), num_kills), [None])
    moment = next(moments)
    training = _Training(folder, "killed", 0)
    while True:
        code = training.run(moment, chance.uniform(0, seconds), chance.randrange(1, STEPS_PER_EPOCH))
        if code == -signal.SIGKILL and moment:
            outcome.kills[moment] += 1
            watch(outcome)
            moment = next(moments)
            continue
        outcome.num_completed += 1
        outcome.most_steps_lost = max(outcome.most_steps_lost, training.most_steps_lost())
        if code:
            outcome.problems.append(f"exit code {code}: {training.log()[-300:]}")
        elif training.weights() != wanted:
            outcome.problems.append(f"{training.folder} ended with other weights")
        if moment is None:
            return outcome
        training = _Training(folder, "killed", outcome.num_completed)


class _Training:
    """One training, which several processes may work on one after the other."""

    def __init__(self, folder: Path, name: str, number: int) -> None:
        self.folder = folder / f"{name}-{number}"
        self.folder.mkdir(exist_ok=True)
        places = {
            "train": folder / "data" / "train", "validation": folder / "data" / "valid",
            "model-dir": self.folder / "model", "checkpoint-dir": self.folder / "checkpoints",
        }  # fmt: skip
        self._arguments = [str(text) for name, value in {**places, **OPTIONS}.items() for text in (f"--{name}", value)]

    def run(self, moment: str | None = None, seconds: float = 0.0, nth_call: int = 0) -> int:
        """The exit code. At `moment` the process is killed: after `seconds`, or in the `nth_call` of the moment's."""
        call = moment if moment in CALLS else None
        process = _PROCESSES.Process(target=_train, args=(self.folder, self._arguments, call, nth_call))
        process.start()
        if moment == ANY_TIME:
            process.join(seconds)
            process.kill()
        process.join()
        return process.exitcode or 0

    def weights(self) -> str:
        return verify(self.folder / "model").files["weights.safetensors"]

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def most_steps_lost(self) -> int:
        """Steps were noted as they ended, by all processes: where the numbers go back, some were done again."""
        steps = [int(line) for line in (self.folder / "steps").read_text().split()]
        return max((before - after + 1 for before, after in itertools.pairwise(steps)), default=0)


def _train(folder: Path, arguments: list[str], call: str | None, nth_call: int) -> None:
    """In the child process."""
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    train_step = Trainer._train_step
    steps = (folder / "steps").open("a", buffering=1)

    def noted(self: Trainer, *step: Any) -> Any:
        result = train_step(self, *step)
        steps.write(f"{self.step}\n")
        return result

    Trainer._train_step = noted  # type: ignore[method-assign, assignment]
    if call:
        owner, name = CALLS[call]
        setattr(owner, name, _deadly(getattr(owner, name), nth_call))
    sys.exit(script.main(arguments, {"TRAINING_JOB_NAME": "job"}))


def _deadly(function: Callable[..., Any], nth_call: int) -> Callable[..., Any]:
    """`function`, which does not come back from its `nth_call` on behalf of `imgcls.training.checkpoints`."""
    calls = itertools.count(1)

    def call(*args: Any, **options: Any) -> Any:
        if sys._getframe(1).f_globals["__name__"] != "imgcls.training.checkpoints" or next(calls) < nth_call:
            return function(*args, **options)
        if function.__name__ == "open":
            with function(*args, **options) as file:
                file.write(b"half a checkpoint")
        os.kill(os.getpid(), signal.SIGKILL)

    return call


def _timed(action: Callable[[], object]) -> float:
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def _progress(outcome: Outcome) -> None:
    if outcome.kills.total() % PROGRESS_KILLS == 0:
        print(outcome, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    with tempfile.TemporaryDirectory() as folder:
        outcome = kill_training(parser.parse_args().kills, Path(folder), seed=time.time_ns(), watch=_progress)
    print("\n".join([str(outcome), *outcome.problems]))
    return 1 if outcome.problems or outcome.most_steps_lost > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
