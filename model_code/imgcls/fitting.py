"""The epochs of a training: keep the best, stop when it does not get better, go on after an interruption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from imgcls.checkpoints import Checkpoints
from imgcls.contract import metrics
from imgcls.data.loader import Loader
from imgcls.engine import Trainer, TrainResult, ValidationResult
from imgcls.progress import track
from imgcls.recording import Recorder


@dataclass(frozen=True)
class Best:
    """The epoch that is kept. `weights` is a copy on the CPU."""

    result: ValidationResult
    epoch: int
    weights: dict[str, torch.Tensor]


def fit(
    trainer: Trainer,
    train: Loader,
    validation: Loader,
    epochs: int,
    patience: int,
    recorder: Recorder,
    checkpoints: Checkpoints | None = None,
) -> Best:
    """Train epoch after epoch; keep the best; stop after `patience` epochs that were not better.

    Goes on from the newest checkpoint, and then computes what the uninterrupted run would have: every random choice
    comes from the seed and the epoch, or from a generator that is saved.
    """
    best, done = _resume(trainer, recorder, checkpoints)
    for epoch in range(done + 1, epochs + 1):
        if patience and best is not None and epoch - 1 - best.epoch >= patience:
            print(f"no improvement since epoch {best.epoch}: stopping", flush=True)
            break
        batches = track(train.epoch(epoch), total=len(train), description=f"epoch {epoch}")
        with recorder.timed(f"epoch-{epoch}"):
            trained = trainer.train_epoch(batches, epoch)
            trainer.refresh_statistics()
        with recorder.timed(f"validation-{epoch}"):
            validated = trainer.validate(validation.epoch(epoch))
        if best is None or validated.better_than(best.result):
            best = Best(validated, epoch, trainer.weights())
        reported = _reported(epoch, trained, validated, best)
        recorder.metrics(reported, step=trainer.step, epoch=epoch)
        print(metrics.line(reported), flush=True)
        trainer.watch.end_epoch(trained.loss, validated.loss)
        if checkpoints is not None and checkpoints.due():
            with recorder.timed(f"checkpoint-{epoch}"):
                checkpoints.save(epoch, _state(trainer, best))
    assert best is not None, "epochs is at least 1"
    return best


def _reported(epoch: int, trained: TrainResult, validated: ValidationResult, best: Best) -> dict[str, float]:
    return {
        "train:epoch": epoch,
        "train:loss": trained.loss,
        "train:accuracy": trained.accuracy,
        "validation:loss": validated.loss,
        "validation:accuracy": validated.accuracy,
        "train:learning-rate": trained.learning_rate,
        "train:images-per-second": trained.images_per_second,
        "train:data-wait-ratio": trained.data_wait_ratio,
        "best:epoch": best.epoch,
        "best:validation-accuracy": best.result.accuracy,
    }


def _state(trainer: Trainer, best: Best) -> dict[str, Any]:
    """What a later process needs to go on; `_resume` reads it."""
    kept = {"loss": best.result.loss, "accuracy": best.result.accuracy, "epoch": best.epoch, "weights": best.weights}
    return {"trainer": trainer.state(), "best": kept, "history": trainer.watch.state()}


def _resume(trainer: Trainer, recorder: Recorder, checkpoints: Checkpoints | None) -> tuple[Best | None, int]:
    """(best, number of finished epochs)."""
    found = checkpoints.load() if checkpoints is not None else None
    if found is None:
        return None, 0
    epoch, state = found
    with recorder.timed("resume"):
        trainer.restore(state["trainer"])
    trainer.watch.restore(state["history"])
    kept = state["best"]
    best = Best(ValidationResult(kept["loss"], kept["accuracy"]), kept["epoch"], kept["weights"])
    print(f"resuming after epoch {epoch}", flush=True)
    return best, epoch
