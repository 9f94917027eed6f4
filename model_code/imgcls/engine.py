"""The training engine: optimizer steps over an epoch, batch statistics, validation."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from imgcls.augment import jitter_colors
from imgcls.contract.artifact import Preprocessing
from imgcls.data.loader import Batch
from imgcls.debug.watch import Watch
from imgcls.networks import NORMS
from imgcls.recipe import Recipe, make_optimizer, schedule
from imgcls.recording import Recorder

_GPU_TIMED_EVERY_STEPS = 20
_STATISTICS_IMAGES = 512


@dataclass(frozen=True)
class TrainResult:
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    data_wait_ratio: float


@dataclass(frozen=True)
class ValidationResult:
    loss: float
    accuracy: float

    def better_than(self, other: ValidationResult) -> bool:
        """Higher accuracy, and at equal accuracy, which small validation splits often have, a lower loss."""
        return (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


class Trainer:
    """Trains one network in place. Steps are counted over all epochs, from 1."""

    def __init__(
        self,
        network: nn.Module,
        spec: Preprocessing,
        recipe: Recipe,
        *,
        steps_per_epoch: int,
        device: torch.device,
        recorder: Recorder,
    ) -> None:
        self._network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._recipe, self._device, self._recorder = recipe, device, recorder
        self._mean = 255 * torch.tensor(spec.mean, device=device).view(1, 3, 1, 1)
        self._std = 255 * torch.tensor(spec.std, device=device).view(1, 3, 1, 1)
        self._optimizer = make_optimizer(network, recipe)
        self._total_steps = recipe.epochs * steps_per_epoch
        self._warmup_steps = recipe.warmup_epochs * steps_per_epoch
        self.watch = Watch(network, recorder)
        self._norms = [module for module in network.modules() if isinstance(module, NORMS)]
        self._frozen = not all(parameter.requires_grad for parameter in network.parameters())
        self._recent: deque[Tensor] = deque()
        self.step = 0

    def train_epoch(self, batches: Iterable[Batch], epoch: int) -> TrainResult:
        """One pass of optimizer steps. Raises TrainingDiverged."""
        self._network.train()
        if self._frozen:
            # A frozen layer's averages belong to its weights: new data must not move them.
            for norm in self._norms:
                norm.eval()
        self._recent.clear()
        generator = torch.Generator().manual_seed(self._recipe.seed * 1_000_003 + epoch)
        total = torch.zeros(2, device=self._device)
        num_images, waited, learning_rate, begin = 0, 0.0, 0.0, time.perf_counter()
        for batch, wait in self._recorder.steps(batches):
            self.step += 1
            learning_rate = self._set_learning_rate()
            self.watch.begin(self.step, epoch, learning_rate)
            total += self._train_step(batch, wait, epoch, generator)
            num_images += len(batch.targets)
            waited += wait
        loss, accuracy = (total / num_images).tolist()  # waits for the device
        seconds = time.perf_counter() - begin
        self.watch.loss(loss)
        return TrainResult(loss, accuracy, learning_rate, num_images / seconds, waited / seconds)

    def _train_step(self, batch: Batch, wait: float, epoch: int, generator: torch.Generator) -> Tensor:
        """Sums over the batch of the loss and of right answers."""
        clock = [self._now()]
        images, targets = self._to_device(batch)
        clock.append(self._now())
        self._remember(images)
        inputs = self._normalise(jitter_colors(images.float(), self._recipe.jitter, generator))
        self.watch.batch(inputs, targets)
        logits = self._forward(inputs)
        loss = cross_entropy(logits, targets, label_smoothing=self._recipe.label_smoothing)
        clock.append(self._now())
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clock.append(self._now())
        # On a GPU reading the loss waits for it; the epoch's sum is checked there, which is nan from here on.
        if self._device.type == "cpu":
            self.watch.loss(loss.item())
        self.watch.update(self._optimizer.step)
        clock.append(self._now())
        if self._is_timed():
            self._recorder.step(self.step, epoch, (wait, *np.diff(clock).tolist()))
        with torch.no_grad():
            right = (logits.argmax(1) == targets).sum()
            return torch.stack([loss.detach() * len(targets), right.to(loss.dtype)])

    def _is_timed(self) -> bool:
        """A GPU works behind the program's back: one must wait to see a part's time, so only some steps are timed."""
        return self._device.type == "cpu" or self.step % _GPU_TIMED_EVERY_STEPS == 1

    def _now(self) -> float:
        if self._device.type == "cuda" and self._is_timed():
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def refresh_statistics(self) -> None:
        """Recompute the normalisation layers' averages over recent training images under the weights of now.

        The running averages lag: torchvision's MobileNetV3 keeps 99 % of the old value a step, and a small data set
        has ten steps an epoch, so they would describe weights of long ago and validation would be near chance while
        training does well. A forward pass over 512 images costs little and makes evaluation exact.
        """
        if self._frozen or not self._norms or not self._recent:
            return
        momenta = [norm.momentum for norm in self._norms]
        for norm in self._norms:
            norm.reset_running_stats()
            norm.momentum = None  # the cumulative average over the batches that follow
        self._network.train()
        with torch.no_grad():
            for images in self._recent:
                self._forward(self._normalise(images.float()))
        for norm, momentum in zip(self._norms, momenta, strict=True):
            norm.momentum = momentum

    def validate(self, batches: Iterable[Batch]) -> ValidationResult:
        """Mean loss (without smoothing) and accuracy."""
        self._network.eval()
        total, num_images = torch.zeros(2, device=self._device), 0
        with torch.no_grad():
            for batch in batches:
                images, targets = self._to_device(batch)
                logits = self._forward(self._normalise(images.float()))
                right = (logits.argmax(1) == targets).sum()
                total += torch.stack([cross_entropy(logits, targets, reduction="sum"), right.to(logits.dtype)])
                num_images += len(targets)
        loss, accuracy = (total / num_images).tolist()
        return ValidationResult(loss, accuracy)

    def weights(self) -> dict[str, Tensor]:
        """A copy of the network's state, on the CPU."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self._network.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on; `restore` takes it back."""
        random = {"cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self._device)
        return {
            "step": self.step, "network": self.weights(), "optimizer": self._optimizer.state_dict(), "random": random,
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"]["cpu"])
        if self._device.type == "cuda" and "cuda" in state["random"]:
            torch.cuda.set_rng_state(state["random"]["cuda"], self._device)

    def _to_device(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """uint8 (N, 3, H, W) in channels-last order, which is the loader's NHWC seen differently; int64 targets."""
        images = torch.from_numpy(batch.images).to(self._device).permute(0, 3, 1, 2)
        return images, torch.from_numpy(batch.targets).to(self._device)

    def _normalise(self, images: Tensor) -> Tensor:
        return (images - self._mean) / self._std

    def _forward(self, images: Tensor) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bf16):
            logits = self._network(images)
        return logits.float()

    def _remember(self, images: Tensor) -> None:
        """Keep the last batches, as bytes, for `refresh_statistics`."""
        if not self._frozen:
            self._recent.append(images.clone())
            if (len(self._recent) - 1) * len(images) >= _STATISTICS_IMAGES:
                self._recent.popleft()

    def _set_learning_rate(self) -> float:
        rate = self._recipe.lr * schedule(self.step, self._total_steps, self._warmup_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        return rate
