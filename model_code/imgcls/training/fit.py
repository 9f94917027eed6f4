"""The epochs of a training: keep the best, stop when there is no improvement, resume after an interruption."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from imgcls.contract import metrics
from imgcls.data.loader import Batch
from imgcls.profiling.recording import Recorder
from imgcls.runtime import distributed
from imgcls.training.checkpoints import Checkpoints
from imgcls.training.interruption import Interrupted, Interruption
from imgcls.training.progress import track
from imgcls.training.results import TrainResult, ValidationResult
from imgcls.training.trainer import Trainer


class Batches(Protocol):
    """What training needs from a loader, of images or of features."""

    def __len__(self) -> int: ...
    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class Best:
    """The best epoch so far. `weights` is a copy on the CPU."""

    result: ValidationResult
    epoch: int
    weights: dict[str, torch.Tensor]


@dataclass
class Run:
    """The epochs so far: how many are finished, the best one, and what each reported: (step, time, metrics)."""

    num_epochs: int = 0
    best: Best | None = None
    reported: list[tuple[int, float, dict[str, float]]] = field(default_factory=list)


def fit(
    trainer: Trainer,
    train: Batches,
    validation: Batches,
    epochs: int,
    patience: int,
    recorder: Recorder,
    checkpoints: Checkpoints | None = None,
) -> Best:
    """Train epoch after epoch; keep the best; stop after `patience` epochs without improvement.

    Resumes from the newest checkpoint, which may be from the middle of an epoch, and then computes exactly what the
    uninterrupted run would have computed. Raises Interrupted after SIGTERM or Ctrl-C, once a checkpoint is saved.
    """
    run = _resume(trainer, recorder, checkpoints)
    with Interruption() as interruption:

        def after_step() -> None:
            number = interruption.requested(trainer.step)
            if checkpoints is not None and (number or checkpoints.due()):
                _save(checkpoints, trainer, run, recorder)
            if number:
                distributed.barrier()  # torchrun ends all processes as soon as one ends: one may still be writing
                raise Interrupted(number, trainer.step, saved=checkpoints is not None)

        while run.num_epochs < epochs and not _is_stale(run, patience) and not _is_stopped(trainer):
            epoch = run.num_epochs + 1
            batches = train.epoch(epoch, trainer.first_batch)
            shown = track(batches, total=len(train), done=trainer.first_batch, description=f"epoch {epoch}")
            with recorder.timed(f"epoch-{epoch}"):
                trained = trainer.train_epoch(shown, epoch, after_step)
                trainer.refresh_statistics()
            with recorder.timed(f"validation-{epoch}"):
                validated = trainer.validate(validation.epoch(epoch))
            reported = _finish_epoch(run, trainer, trained, validated, recorder)
            interruption.tell(metrics.line(reported))
            trainer.watch.end_epoch(trained.loss, validated.loss)
            if checkpoints is not None and checkpoints.due(epoch):
                _save(checkpoints, trainer, run, recorder)
    assert run.best is not None, "epochs is at least 1"
    return run.best


def _is_stale(run: Run, patience: int) -> bool:
    if not patience or run.best is None or run.num_epochs - run.best.epoch < patience:
        return False
    print(f"no improvement since epoch {run.best.epoch}: stopping", flush=True)
    return True


def _is_stopped(trainer: Trainer) -> bool:
    """Whether a rule asked for the end of the training. Only the main process evaluates the rules."""
    if not distributed.largest(int(trainer.watch.stopped_by is not None)):
        return False
    print(f"{trainer.watch.stopped_by} fired, and its action is stop: stopping", flush=True)
    return True


def _finish_epoch(
    run: Run, trainer: Trainer, trained: TrainResult, validated: ValidationResult, recorder: Recorder
) -> dict[str, float]:
    run.num_epochs += 1
    if run.best is None or validated.better_than(run.best.result):
        run.best = Best(validated, run.num_epochs, trainer.weights())
    reported = {
        "train:epoch": run.num_epochs,
        "train:loss": trained.loss,
        "train:accuracy": trained.accuracy,
        "validation:loss": validated.loss,
        "validation:accuracy": validated.accuracy,
        "train:learning-rate": trained.learning_rate,
        "train:images-per-second": trained.images_per_second,
        "train:data-wait-ratio": trained.data_wait_ratio,
        "best:epoch": run.best.epoch,
        "best:validation-accuracy": run.best.result.accuracy,
    }
    run.reported.append((trainer.step, time.time(), reported))
    recorder.metrics(reported, step=trainer.step, epoch=run.num_epochs)
    return reported


def _save(checkpoints: Checkpoints, trainer: Trainer, run: Run, recorder: Recorder) -> None:
    best = run.best and {
        "loss": run.best.result.loss, "accuracy": run.best.result.accuracy, "epoch": run.best.epoch,
        "weights": run.best.weights,
    }  # fmt: skip
    state = {
        "trainer": trainer.state(), "watch": trainer.watch.state(), "num_epochs": run.num_epochs,
        "best": best, "reported": run.reported,
    }  # fmt: skip
    with recorder.timed(f"checkpoint-{trainer.step}"):
        checkpoints.save(trainer.step, run.num_epochs, state)


def _resume(trainer: Trainer, recorder: Recorder, checkpoints: Checkpoints | None) -> Run:
    state: dict[str, Any] | None = checkpoints.load() if checkpoints is not None else None
    if state is None:
        return Run()
    with recorder.timed("resume"):
        trainer.restore(state["trainer"])
        trainer.watch.restore(state["watch"])
    best, run = state["best"], Run(state["num_epochs"], None, state["reported"])
    if best is not None:
        run.best = Best(ValidationResult(best["loss"], best["accuracy"]), best["epoch"], best["weights"])
    # The interrupted process wrote its records elsewhere, and these must cover the whole run.
    for epoch, (step, when, reported) in enumerate(run.reported, start=1):
        recorder.metrics(reported, step=step, epoch=epoch, when=when)
    print(f"resuming after step {trainer.step}, epoch {run.num_epochs + 1}", flush=True)
    return run
