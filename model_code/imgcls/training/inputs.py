"""From the loader's bytes to what the network takes: copied to the device ahead of time, coloured, normalised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from imgcls.contract.artifact import Preprocessing
from imgcls.data.augment import jitter_colors, jitter_factors
from imgcls.data.loader import Batch
from imgcls.data.sampling import share
from imgcls.runtime import distributed

Tensors = tuple[Tensor, Tensor]
"""uint8 images (N, 3, H, W) in channels-last order, which is the loader's NHWC seen differently; int64 targets (N,)."""


@dataclass(frozen=True)
class Arriving:
    """A batch that is on the device, or on its way there."""

    images: Tensor
    targets: Tensor
    event: torch.cuda.Event | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def tensors(self) -> Tensors:
        """What the current stream may use from here on."""
        if self.event is not None:
            stream = torch.cuda.current_stream(self.images.device)
            stream.wait_event(self.event)
            for tensor in (self.images, self.targets):
                tensor.record_stream(stream)  # or the allocator would give the memory away too early
        return self.images.permute(0, 3, 1, 2), self.targets


def on_device(batches: Iterable[Batch], device: torch.device) -> Iterator[Arriving]:
    """The batches as tensors. To a GPU each is copied while the one before it is in the network."""
    if device.type == "cpu":
        for batch in batches:
            yield Arriving(torch.from_numpy(batch.images), torch.from_numpy(batch.targets))
        return
    stream, ahead = torch.cuda.Stream(device), None
    for batch in batches:
        # Pinning is a copy, so the loader may overwrite its buffer while the device still reads.
        images, targets = torch.from_numpy(batch.images).pin_memory(), torch.from_numpy(batch.targets).pin_memory()
        with torch.cuda.stream(stream):
            copies = images.to(device, non_blocking=True), targets.to(device, non_blocking=True)
            arriving = Arriving(*copies, stream.record_event())
        if ahead is not None:
            yield ahead
        ahead = arriving
    if ahead is not None:
        yield ahead


class InputMaker:
    """Makes the network's input of bytes on the device: float (N, 3, H, W), normalised by the model's mean and std."""

    def __init__(self, spec: Preprocessing, device: torch.device, *, jitter: float, seed: int, compiled: bool) -> None:
        self._mean = 255 * torch.tensor(spec.mean, device=device).view(1, 3, 1, 1)
        self._std = 255 * torch.tensor(spec.std, device=device).view(1, 3, 1, 1)
        self._device, self._jitter, self._seed = device, jitter, seed
        # On a GPU a dozen passes over the pixels become one.
        self._colored = torch.compile(self._colour_and_normalise) if compiled else self._colour_and_normalise

    def plain(self, images: Tensor) -> Tensor:
        """As validation and serving see them."""
        return (images.float() - self._mean).div_(self._std)

    def factors(self, num: int, batch_size: int, step: int) -> Tensor | None:
        """This process's `num` columns of the colour factors of a whole batch, which follow from seed and step."""
        if self._jitter == 0:
            return None
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        mine = share(batch_size, distributed.rank(), distributed.world_size())
        factors = jitter_factors(batch_size, self._jitter, generator)[:, mine]
        assert factors.shape[1] == num, "the loader gives each process its share of the batch"
        if self._device.type == "cuda":
            factors = factors.pin_memory()
        return factors.to(self._device, non_blocking=True)

    def augmented(self, images: Tensor, factors: Tensor | None) -> Tensor:
        return self.plain(images) if factors is None else self._colored(images, factors)

    def _colour_and_normalise(self, images: Tensor, factors: Tensor) -> Tensor:
        return jitter_colors(images.float(), factors).sub_(self._mean).div_(self._std)
