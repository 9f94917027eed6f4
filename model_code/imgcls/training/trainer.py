"""The training engine: optimizer steps over an epoch, validation, and a state to resume from after any step."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.debugging import DebugSettings
from imgcls.contract.optimization import Optimization
from imgcls.data.loader import Batch
from imgcls.debug.watch import Watch
from imgcls.networks import architectures
from imgcls.profiling.recording import Recorder
from imgcls.runtime import distributed
from imgcls.training.batch_statistics import BatchStatistics
from imgcls.training.inputs import Arriving, InputMaker, on_device
from imgcls.training.optimizer import make_optimizer, schedule
from imgcls.training.results import TrainResult, ValidationResult
from imgcls.training.step_clock import StepClock

_GPU_TIMED_EVERY_STEPS = 20


@dataclass
class Progress:
    """How much of an epoch is done: steps, batches kept for the statistics, seconds, seconds waited for data."""

    num_steps: int = 0
    num_remembered: int = 0
    seconds: float = 0.0
    waited: float = 0.0


class Trainer:
    """Trains one network in place. Steps are counted over all epochs, from 1.

    `batch_size` is that of all processes together; `jitter` is the strength of random colour changes. Every random
    number of a step follows from the seed, the step and the process, so the steps after any step depend on `state`
    alone.
    """

    def __init__(
        self,
        network: nn.Module,
        spec: Preprocessing,
        settings: Optimization,
        *,
        steps_per_epoch: int,
        batch_size: int,
        device: torch.device,
        recorder: Recorder,
        jitter: float = 0.0,
        class_weights: npt.NDArray[np.float32] | None = None,
        debug: DebugSettings | None = None,
    ) -> None:
        network = distributed.with_shared_statistics(network, device)
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._settings, self._device, self._recorder, self._batch_size = settings, device, recorder, batch_size
        self._inputs = InputMaker(spec, device, jitter=jitter, seed=settings.seed, compiled=settings.compile)
        self._class_weights = None if class_weights is None else torch.from_numpy(class_weights).to(device)
        self._optimizer = make_optimizer(network, settings)
        self._total_steps = settings.epochs * steps_per_epoch
        self._warmup_steps = settings.warmup_epochs * steps_per_epoch
        self._statistics = BatchStatistics(network)
        self._backbone = architectures.trainable_backbone(network)
        self._model, self._trains_backbone = self._network, False
        self._sums = torch.zeros(3, device=device)  # of this epoch, over all processes: loss, correct answers, images
        self.watch = Watch(
            network, recorder, debug, samples=distributed.is_main(), label_smoothing=settings.label_smoothing
        )
        self.step = 0
        self.progress = Progress()

    def train_epoch(
        self, batches: Iterable[Batch], epoch: int, after_step: Callable[[], None] = lambda: None
    ) -> TrainResult:
        """One epoch of optimizer steps, or the rest of an interrupted one. Raises TrainingDiverged.

        `batches` starts at `first_batch`.
        """
        self._begin_epoch(epoch)
        arriving = on_device(batches, self._device)
        for known in itertools.islice(arriving, self.progress.num_remembered):
            self._statistics.remember(known.tensors()[0])
        begin = time.perf_counter() - self.progress.seconds
        for batch, wait in self._recorder.steps(arriving):
            self.step += 1
            # In every step, not at the end: a checkpoint in mid-epoch must contain the sums over all processes.
            self._sums += distributed.all_reduce_sum(self._train_step(batch, wait, epoch))
            self.progress.num_steps += 1
            self.progress.num_remembered = len(self._statistics)
            self.progress.waited += wait
            self.progress.seconds = time.perf_counter() - begin
            after_step()
        return self._end_epoch(begin)

    @property
    def first_batch(self) -> int:
        """The batch to begin an epoch with: 0, or where a resumed epoch finds the batches that the statistics need."""
        return self.progress.num_steps - self.progress.num_remembered

    def _begin_epoch(self, epoch: int) -> None:
        """Train the head alone in the first `head_epochs`, then the backbone too."""
        trains_backbone = bool(self._backbone) and epoch > self._settings.head_epochs
        for parameter in self._backbone:
            parameter.requires_grad_(trains_backbone)
        if self._model is self._network or trains_backbone != self._trains_backbone:
            model = self._network
            if self._settings.compile:
                model = torch.compile(model)
            self._model = distributed.parallel(model, self._device)
            self._trains_backbone = trains_backbone
        self._network.train()
        self._statistics.begin_epoch(fixed=not trains_backbone)

    def _end_epoch(self, begin: float) -> TrainResult:
        total = self._sums.tolist()  # waits for the device
        seconds = time.perf_counter() - begin
        waited, self.progress = self.progress.waited, Progress()
        self._sums.zero_()
        loss, accuracy = total[0] / total[2], total[1] / total[2]
        self.watch.loss(loss)
        return TrainResult(loss, accuracy, self._learning_rate(), total[2] / seconds, waited / seconds)

    def _train_step(self, batch: Arriving, wait: float, epoch: int) -> Tensor:
        """Sums over this process's rows: float (3,), the loss, correct answers, images."""
        exact = self._device.type == "cpu" or self.step % _GPU_TIMED_EVERY_STEPS == 1
        clock = StepClock(self._device, exact=exact, data_wait=wait)
        torch.manual_seed(self._settings.seed * 1_000_003 + self.step * distributed.world_size() + distributed.rank())
        self._set_learning_rate()
        self.watch.begin(self.step, epoch, self._learning_rate())
        images, targets = batch.tensors()
        clock.lap("host-to-device")
        self._statistics.remember(images)
        self._optimizer.zero_grad(set_to_none=True)
        sums = self._accumulate(images, targets, clock)
        # On a GPU reading the loss waits for the device; there the epoch's sum is checked, which stays nan.
        if self._device.type == "cpu" or self.watch.is_sampling:
            self.watch.loss(sums[0].item() / len(targets))
        self.watch.update(self._update)
        clock.lap("optimizer")
        if clock.seconds:
            self._recorder.step(self.step, epoch, clock.seconds)
        return torch.cat([sums, sums.new_full((1,), len(targets))])

    def _accumulate(self, images: Tensor, targets: Tensor, clock: StepClock) -> Tensor:
        """Compute the gradient of the batch's mean loss part by part. Sums of the loss and of correct answers, (2,)."""
        num_parts = min(self._settings.accumulation_steps, len(targets))
        factors = self._inputs.factors(len(targets), self._batch_size, self.step)
        factor_parts = [None] * num_parts if factors is None else factors.tensor_split(num_parts, dim=1)
        sums = torch.zeros(2, device=self._device)
        parts = zip(images.tensor_split(num_parts), targets.tensor_split(num_parts), factor_parts, strict=True)
        for number, (part, labels, colors) in enumerate(parts, start=1):
            inputs = self._inputs.augmented(part, colors)
            self.watch.batch(inputs, labels)
            # The processes exchange gradients in the last part's backward pass.
            last = number == num_parts or not isinstance(self._model, nn.parallel.DistributedDataParallel)
            with nullcontext() if last else self._model.no_sync():
                logits = self._forward(self._model, inputs)
                loss = cross_entropy(
                    logits, labels, self._class_weights,
                    label_smoothing=self._settings.label_smoothing, reduction="sum",
                )  # fmt: skip
                clock.lap("forward")
                # The processes average their gradients, and the gradient of the mean over all rows is wanted.
                (loss * (distributed.world_size() / self._batch_size)).backward()  # type: ignore[no-untyped-call]
                clock.lap("backward")
            correct = (logits.detach().argmax(1) == labels).sum()
            sums += torch.stack([loss.detach(), correct.to(loss.dtype)])
        return sums

    def _update(self) -> None:
        if self._settings.gradient_clipping:
            nn.utils.clip_grad_norm_(self._network.parameters(), self._settings.gradient_clipping)
        self._optimizer.step()

    def refresh_statistics(self) -> None:
        """Recompute the normalisation layers' averages; see `batch_statistics`."""
        self._statistics.refresh(lambda images: self._forward(self._network, self._inputs.plain(images)))

    def validate(self, batches: Iterable[Batch]) -> ValidationResult:
        """Mean loss (without smoothing and class weights) and accuracy, over the images of all processes."""
        self._network.eval()
        total = torch.zeros(3, device=self._device)
        with torch.no_grad():
            for batch in on_device(batches, self._device):
                images, targets = batch.tensors()
                if len(targets):  # the last batch may have fewer images than there are processes
                    logits = self._forward(self._network, self._inputs.plain(images))
                    correct = (logits.argmax(1) == targets).sum().to(logits.dtype)
                    count = torch.full_like(correct, len(targets))
                    total += torch.stack([cross_entropy(logits, targets, reduction="sum"), correct, count])
        loss, num_correct, num_images = distributed.all_reduce_sum(total).tolist()
        return ValidationResult(loss / num_images, num_correct / num_images)

    def weights(self) -> dict[str, Tensor]:
        """A copy of the network's state, on the CPU."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self._network.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on; `restore` reads it."""
        return {
            "step": self.step, "progress": asdict(self.progress), "sums": self._sums.cpu().clone(),
            "network": self.weights(), "optimizer": self._optimizer.state_dict(),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.progress = state["step"], Progress(**state["progress"])
        self._sums.copy_(state["sums"])
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])

    def _forward(self, model: nn.Module, images: Tensor) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._settings.bf16):
            logits: Tensor = model(images)
        return logits.float()

    def _learning_rate(self) -> float:
        return self._settings.lr * schedule(self.step, self._total_steps, self._warmup_steps)

    def _set_learning_rate(self) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = group["lr_ratio"] * self._learning_rate()
