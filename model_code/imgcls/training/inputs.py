"""From the loader's pixels to the network's input: copied to the device ahead of time, colour-jittered, normalised."""

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
"""uint8 images (N, 3, H, W) in channels-last order, a view of the loader's NHWC array; int64 targets (N,)."""


@dataclass(frozen=True)
class Arriving:
    """A batch that is on the device, or on its way there."""

    images: Tensor
    targets: Tensor
    event: torch.cuda.Event | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def tensors(self) -> Tensors:
        """Images and targets, which the current stream may use from here on."""
        if self.event is not None:
            stream = torch.cuda.current_stream(self.images.device)
            stream.wait_event(self.event)
            for tensor in (self.images, self.targets):
                tensor.record_stream(stream)  # or the allocator would reuse the memory too early
        return self.images.permute(0, 3, 1, 2), self.targets


def on_device(batches: Iterable[Batch], device: torch.device) -> Iterator[Arriving]:
    """The batches as tensors. Each is copied to a GPU while the network works on the one before it."""
    if device.type == "cpu":
        for batch in batches:
            yield Arriving(torch.from_numpy(batch.images), torch.from_numpy(batch.targets))
        return
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    ahead = None
    for batch in batches:
        # Pinning copies, so the loader may overwrite its buffer while the device still reads.
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
    """Turns pixels on the device into the network's input: float (N, 3, H, W), normalised by the model's mean and std.

    `jitter` is the strength of random changes to the colours; 0 changes none.
    """

    def __init__(self, spec: Preprocessing, device: torch.device, *, jitter: float, seed: int, compiled: bool) -> None:
        self._mean = 255 * torch.tensor(spec.mean, device=device).view(1, 3, 1, 1)
        self._std = 255 * torch.tensor(spec.std, device=device).view(1, 3, 1, 1)
        self._device, self._jitter, self._seed = device, jitter, seed
        # On a GPU this fuses a dozen passes over the pixels into one.
        self._jittered = torch.compile(self._jitter_and_normalise) if compiled else self._jitter_and_normalise

    def plain(self, images: Tensor) -> Tensor:
        """Normalised only, as in validation and serving."""
        return (images.float() - self._mean).div_(self._std)

    def factors(self, num: int, batch_size: int, step: int) -> Tensor | None:
        """This process's `num` columns of the whole batch's jitter factors, which follow from seed and step.

        float (3, num, 1, 1, 1); None without jitter.
        """
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
        """Colour-jittered by `factors`, then normalised."""
        return self.plain(images) if factors is None else self._jittered(images, factors)

    def _jitter_and_normalise(self, images: Tensor, factors: Tensor) -> Tensor:
        return jitter_colors(images.float(), factors).sub_(self._mean).div_(self._std)
