"""Which network to train on a folder, on images of which size, and how: rules, each with its reason.

A rule looks at the number of images and at their size, never at what they show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from config.base import nearest
from config.models import UNTRAINED
from imgcls.contract.artifact import ARCHITECTURES
from kennel.errors import KennelError
from kennel.new_project.inspection import Inspection

SMALL = "simple_cnn"
TINY = 64
"""Pixels. Pretrained networks know things at about 224 pixels: smaller images would mostly be enlargement."""
MANY = 20_000
"""Images from which resnet50 pays, which takes about twice the time of resnet18."""


@dataclass(frozen=True)
class Choice:
    """A network. `given`: the user named it, so that it is trained everywhere."""

    network: str
    why: str
    given: bool = False


@dataclass(frozen=True)
class Training:
    """What a model in the project file says of its training in one environment, and why."""

    network: str
    image: dict[str, int]
    hyperparameters: dict[str, Any]
    why: str


def propose(found: Inspection) -> Choice:
    """The network where the user does not name one."""
    if found.short_side < TINY:
        return Choice(SMALL, f"A small network from scratch: pretrained ones know little below {TINY} pixels.")
    if found.num_usable >= MANY:
        return Choice("resnet50", f"Pretrained on ImageNet; {found.num_usable:,} images make use of a large network.")
    return Choice("resnet18", "Pretrained on ImageNet, so that a few dozen images per class are enough to begin with.")


def given(network: str) -> Choice:
    """The network that the user names. Raises KennelError for one that is not there."""
    if network not in ARCHITECTURES:
        raise KennelError(f"--architecture {network!r} is not a network; {nearest(network, ARCHITECTURES)}")
    known = "From scratch: it has no pretrained weights." if network in UNTRAINED else "Pretrained on ImageNet."
    return Choice(network, known, given=True)


_ACCOUNT_STEPS = 2000
"""Optimizer steps of a training, so that few images are seen often and many less often."""
_LAPTOP_SECONDS = 240
"""Of one core: about two and a half minutes on two."""
_MOST_EPOCHS = 60


def in_an_account(choice: Choice, found: Inspection, num_train: int) -> Training:
    """On an instance of AWS: fine-tuning where there are pretrained weights."""
    if choice.network in UNTRAINED:
        epochs = _epochs(num_train, _batch_size(num_train, largest=32), least=10, most=_MOST_EPOCHS)
        return _from_scratch(choice.network, found, num_train, epochs)
    batch = _batch_size(num_train, largest=64)
    hyperparameters = {
        "epochs": _epochs(num_train, batch, least=8, most=30),
        "batch-size": batch,
        "lr": 0.01 * batch / 64,
        "patience": 0,
    }
    why = (
        "Smaller batches for fewer images, so that there are enough steps; the learning rate in proportion to them "
        "(0.01 at 64). It falls to zero at the end, where the best epochs are: none is left out (patience 0)."
    )
    return Training(choice.network, _image(found, 224), hyperparameters, why)


def on_a_laptop(choice: Choice, found: Inspection, num_train: int) -> Training:
    """From scratch, on small images, for as many epochs as a few minutes have."""
    network = choice.network if choice.given else SMALL
    seconds = _SCRATCH[network].seconds_per_image
    epochs = max(4, min(_MOST_EPOCHS, round(_LAPTOP_SECONDS / seconds / num_train)))
    training = _from_scratch(network, found, num_train, epochs)
    if network == choice.network:
        why = "Two cores and no pretrained weights, which come over the internet: small images and few epochs."
    else:
        why = (
            f"Two cores and no pretrained weights, which come over the internet: from scratch {network} learns more "
            f"than {choice.network} in a fifth of the time. It shows that everything works, not how good "
            f"{choice.network} will be."
        )
    return replace(training, why=why)


@dataclass(frozen=True)
class _Scratch:
    """How a network learns from scratch. `largest` bounds the crop; an image takes `seconds_per_image` of one core."""

    largest: int
    seconds_per_image: float
    optimization: dict[str, Any]


_ADAM = {"optimizer": "adamw", "lr": 0.003}
_SCRATCH = {
    SMALL: _Scratch(128, 0.008, {**_ADAM, "weight-decay": 0.01, "label-smoothing": 0.1}),
    "resnet18": _Scratch(64, 0.045, {"lr": 0.01, "warmup-epochs": 1}),
    "resnet50": _Scratch(64, 0.08, {**_ADAM, "warmup-epochs": 1}),
    "mobilenet_v3_small": _Scratch(80, 0.012, {"lr": 0.05, "warmup-epochs": 2}),
    "mobilenet_v3_large": _Scratch(80, 0.02, {"lr": 0.05, "warmup-epochs": 2}),
}
"""With these they learned from 40 to 500 drawn and photographed images."""


def _from_scratch(network: str, found: Inspection, num_train: int, epochs: int) -> Training:
    hyperparameters = {
        "epochs": epochs,
        "batch-size": _batch_size(num_train, largest=32),
        "patience": 0,
        "augmentation": "light",
        **_SCRATCH[network].optimization,
    }
    why = (
        "From scratch and from few images, weak augmentation learns fastest. The learning rate falls to zero at the "
        "end, where the best epochs are: none is left out (patience 0)."
    )
    return Training(network, _image(found, _SCRATCH[network].largest), hyperparameters, why)


def _batch_size(num_train: int, largest: int) -> int:
    """16, or more from 1,000 images on: a GPU or a core computes larger batches in less time per image."""
    return next(size for size in (16, 32, 64) if size == largest or num_train < 60 * size)


def _epochs(num_train: int, batch_size: int, least: int, most: int) -> int:
    return max(least, min(most, round(_ACCOUNT_STEPS * batch_size / num_train)))


def _image(found: Inspection, largest: int) -> dict[str, int]:
    """Not larger than the images, in steps of 32 pixels: each network halves an image five times."""
    crop = max(64, min(largest, found.short_side // 32 * 32))
    # Images of one size are framed alike, so that their border belongs to them.
    return {"resize": crop if found.is_uniform else round(crop * 256 / 224), "crop": crop}
