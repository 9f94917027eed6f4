"""The search for a last layer's hyperparameters: many trials on the same cached features, inside one training job."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from imgcls.contract import trials as contract
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameter import Value
from imgcls.contract.optimization import Optimization
from imgcls.debug.watch import TrainingDiverged
from imgcls.features import halving
from imgcls.features.heads import Heads
from imgcls.features.loader import Features
from imgcls.features.points import points
from imgcls.training.results import ValidationResult


@dataclass
class Trial:
    """One set of values and its results.

    `values` are the searched ones of `optimization`, by hyperparameter name; `results` is by epoch; `seconds` is the
    trial's share of its group's time; `ended` is the `time.time()` of its last result.
    """

    number: int
    values: Mapping[str, Value]
    optimization: Optimization
    results: dict[int, ValidationResult] = field(default_factory=dict)
    seconds: float = 0.0
    ended: float = 0.0
    state: str = contract.RUNNING

    @property
    def latest(self) -> ValidationResult:
        return self.results[max(self.results)]

    def row(self) -> dict[str, Any]:
        rungs = [(epoch, result.accuracy, result.loss) for epoch, result in self.results.items()]
        return contract.row(self.number, self.state, self.values, rungs, seconds=self.seconds, time=self.ended)


class Search:
    """The trials of one job. `run` leaves the winner's weights in the head's last layer."""

    def __init__(
        self,
        settings: HeadSearch,
        optimization: Optimization,
        features: Features,
        head: nn.Sequential,
        device: torch.device,
        folder: Path,
    ) -> None:
        """`optimization` is the job's; a trial changes some of its values. trials.jsonl is written into `folder`."""
        self._settings, self._features, self._head, self._folder = settings, features, head, folder
        self._device = device
        self._validation = torch.from_numpy(np.array(features.validation)).to(device)
        self._targets = torch.tensor(features.validation_targets, device=device)
        self.trials = [
            Trial(number, chosen, optimization.changed(chosen))
            for number, chosen in enumerate(points(settings.space, settings.trials, optimization.seed), start=1)
        ]
        self._longest = optimization.epochs
        self._groups = self._grouped()

    def run(self) -> Trial:
        """The best trial that got all its epochs. Raises TrainingDiverged when there is none."""
        winner: Trial | None = None
        for epoch in self._milestones():
            for group in self._groups:
                self._advance(group, epoch)
            for trial in self._close(epoch):
                if winner is None or trial.latest.better_than(winner.latest):
                    winner = trial
                    self._group_of(trial).load_into(self._head[-1], trial.number)  # type: ignore[arg-type]
            self._drop_closed()
            self._write()
            self._tell(epoch)
        if winner is None:
            raise TrainingDiverged(
                "the loss of every trial that got all its epochs is not finite: lower the lr of head-search's space"
            )
        return winner

    def _grouped(self) -> list[Heads]:
        """Trials with the same batch size and optimizer are trained together."""
        alike: dict[tuple[int, str], dict[int, Optimization]] = defaultdict(dict)
        for trial in self.trials:
            settings = trial.optimization
            alike[settings.batch_size, settings.optimizer][trial.number] = settings
        dropout = sum(module.p for module in self._head if isinstance(module, nn.Dropout))
        return [
            Heads(
                self._head[-1],  # type: ignore[arg-type]
                settings,
                self._features.train_loader(batch_size),
                dropout=dropout,
                device=self._device,
            )
            for (batch_size, _), settings in sorted(alike.items())
        ]

    def _milestones(self) -> list[int]:
        """The epochs after which trials are compared or finished."""
        if self._settings.strategy == "halving":
            return halving.rungs(self._longest, len(self.trials), self._settings.eta)
        return sorted({trial.optimization.epochs for trial in self.trials})

    def _advance(self, group: Heads, epoch: int) -> None:
        begin = time.perf_counter()
        group.train_to(epoch)
        # A trial with epochs left is judged by the mean of its weights, a finished one by what would be published.
        unfinished = group.evaluate(self._validation, self._targets, averaged=True)
        finished = group.evaluate(self._validation, self._targets, averaged=False)
        seconds = time.perf_counter() - begin
        for number in group.trials:
            trial = self.trials[number - 1]
            loss, accuracy = (finished if trial.optimization.epochs == epoch else unfinished)[number]
            trial.seconds += seconds / len(group.trials)
            trial.ended = time.time()
            if math.isfinite(loss):
                trial.results[epoch] = ValidationResult(loss, accuracy)
            else:
                trial.state = contract.DIVERGED

    def _close(self, epoch: int) -> list[Trial]:
        """Set the state of the trials that finish or stop here. Returns those that got all their epochs."""
        running = [trial for trial in self.trials if trial.state == contract.RUNNING]
        finished = [trial for trial in running if trial.optimization.epochs == epoch]
        for trial in finished:
            trial.state = contract.COMPLETED
        if self._settings.strategy == "halving" and not finished:
            scores = {trial.number: (trial.latest.accuracy, -trial.latest.loss) for trial in running}
            best = set(halving.survivors(scores, self._settings.eta))
            for trial in running:
                if trial.number not in best:
                    trial.state = contract.STOPPED
        return finished

    def _group_of(self, trial: Trial) -> Heads:
        return next(group for group in self._groups if trial.number in group.trials)

    def _drop_closed(self) -> None:
        running = [trial.number for trial in self.trials if trial.state == contract.RUNNING]
        for group in self._groups:
            group.keep(running)
        self._groups = [group for group in self._groups if group.trials]

    def _write(self) -> None:
        lines = [json.dumps(trial.row(), allow_nan=False) + "\n" for trial in self.trials]
        (self._folder / contract.FILE).write_text("".join(lines))

    def _tell(self, epoch: int) -> None:
        best = max((trial.latest.accuracy for trial in self.trials if trial.results), default=0.0)
        num_running = sum(trial.state == contract.RUNNING for trial in self.trials)
        print(
            f"head search after {epoch} epochs: best validation accuracy {best:.3f}, "
            f"{num_running} of {len(self.trials)} trials continue",
            flush=True,
        )
