"""Everything that a new project file says, with the reasons, as the tree of keys that is written."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from config.compute import JobCompute
from config.datasets import Split as DefaultSplit
from config.models import UNTRAINED, PreprocessingSpec
from config.pipeline import GateConfig
from config.presets import PRESETS
from imgcls.images import cost
from kennel.new_project import recipes
from kennel.new_project.inspection import Inspection
from kennel.new_project.names import Names
from kennel.new_project.splits import DEFAULT_MIN_IMAGES, SplitPlan
from kennel.new_project.yaml_text import Key

ENVIRONMENTS = {"local": "laptop", "dev": "small", "prod": "strict"}
_PURPOSES = {
    "local": "The local cloud on this machine: no AWS account, no Docker, no cost.",
    "dev": "An AWS account at small cost; all of it can be removed again. `kennel cost --env dev` says the price.",
    "prod": "Every control on: isolated jobs, two instances behind a canary with rollback alarms, retained data.",
}
_VOLUME_GB = JobCompute.model_fields["volume_gb"].default
_LARGEST_VOLUME_GB = 16384


def tree(found: Inspection, split: SplitPlan, names: Names, choice: recipes.Choice) -> tuple[Key, ...]:
    """The file from its top to its end."""
    return (
        Key("project", names.project, why="The first part of the names of everything in the cloud."),
        Key("notify", ["team@example.com"], why="Who hears of outcomes, alarms and the budget.", optional=True),
        Key("environments", keys=tuple(_environment(name, found, choice) for name in ENVIRONMENTS)),
        Key("datasets", keys=(Key(names.dataset, keys=tuple(_dataset(found, split)), why=_images(found)),)),
        Key("models", keys=(Key(names.model, keys=tuple(_model(found, split, names, choice))),)),
    )


def _environment(name: str, found: Inspection, choice: recipes.Choice) -> Key:
    preset = ENVIRONMENTS[name]
    keys = [Key("preset", preset)]
    if name != "local":
        keys += [
            Key(
                "account",
                "111122223333",
                why="Say both before you deploy: the credentials are compared with them.",
                optional=True,
            ),
            Key("region", "eu-central-1", optional=True),
            *_sizes(found, choice),
        ]
    if preset == "strict":
        keys.append(Key("notify", ["team@example.com"], why="Who hears of alarms: a deploy refuses this address."))
    keys += _gate(preset, found)
    return Key(name, keys=tuple(keys), why=_PURPOSES[name])


def _sizes(found: Inspection, choice: recipes.Choice) -> Iterator[Key]:
    """Where the preset's instances do not fit."""
    if choice.network in UNTRAINED:
        value = {"instance_type": "ml.c7i.2xlarge", "fallback_instance_types": ["ml.m5.2xlarge"]}
        yield Key("training", value, why=f"{choice.network} is too small to keep a GPU busy.")
    wanted = min(_LARGEST_VOLUME_GB, math.ceil(3 * found.num_bytes / 1e9))
    if wanted > _VOLUME_GB:
        yield Key(
            "preparation",
            {"volume_gb": wanted},
            why="Three times the images, which are copied while they are packed.",
        )


def _gate(preset: str, found: Inspection) -> Iterator[Key]:
    """Above what a model reaches that always gives the same answer, where the preset's gate is not."""
    largest = max(found.classes, key=lambda item: item.num_usable())
    share = largest.num_usable() / found.num_usable
    wanted = math.floor(100 * (share + (1 - share) / 4)) / 100
    default = PRESETS[preset]()["pipeline"].get("gate", {}).get("min_accuracy", GateConfig().min_accuracy)
    if wanted > default:
        yield Key(
            "pipeline",
            {"gate": {"min_accuracy": wanted}},
            why=f"Who always answers {largest.label!r} is right for {share:.0%} of the images: a model must do better.",
        )


def _images(found: Inspection) -> str:
    whole = "" if found.sampled == found.num_files else f" (estimated from {found.sampled:,} of them)"
    return (
        f"{found.num_usable:,} images of {len(found.classes)} classes, half of them at least {found.short_side} "
        f"pixels on their shorter side{whole}. `kennel data check FOLDER` looks at every pixel."
    )


def _dataset(found: Inspection, split: SplitPlan) -> Iterator[Key]:
    yield Key("layout", "splits" if found.is_split else "classes", why=_layout(found))
    default = DefaultSplit()
    if split.shares is not None:
        shares = {"train": split.shares.train, "validation": split.shares.validation, "test": split.shares.test}
        if (shares, split.seed) != ({name: getattr(default, name) for name in shares}, default.seed):
            yield Key("split", {**shares, "seed": split.seed}, why=_why_split(split))
    limits: dict[str, int] = dict(found.limits.changed)
    if split.min_images < DEFAULT_MIN_IMAGES:
        limits = {"min_images": split.min_images, **limits}
    if limits:
        yield Key("limits", limits, why=_why_limits(split, limits))
    first = found.classes[0].label
    yield Key(
        "labels", {first: f"another name of {first}"}, why="What answers say instead of a folder's name.", optional=True
    )


def _layout(found: Inspection) -> str:
    if found.is_split:
        return "The folders train/, valid/ and test/ have class folders each, and are kept as they are."
    return "Class folders, split by a hash of each image's content: an image stays where it is when others are added."


def _why_split(split: SplitPlan) -> str:
    smallest = min(split.test, key=lambda name: split.test[name])
    return (
        f"The classes are small. With this seed every one has images in each part: {smallest!r} has "
        f"{split.train[smallest]} to train on, {split.validation[smallest]} to choose the epoch by and "
        f"{split.test[smallest]} to test with."
    )


def _why_limits(split: SplitPlan, limits: dict[str, int]) -> str:
    smallest = min(split.train, key=lambda name: split.train[name])
    reasons = {
        "min_images": f"{smallest!r} has {split.train[smallest]} images to train on, and 10 are asked for by default",
        "min_side": "many images have a side below 16 pixels",
        "max_pixels": "some images need more than 65 million, so one may take "
        f"{cost.price(limits.get('max_pixels', cost.MAX_PIXELS))}; the endpoint takes smaller ones only",
    }
    sentence = "; ".join(reasons[name] for name in limits)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _model(found: Inspection, split: SplitPlan, names: Names, choice: recipes.Choice) -> Iterator[Key]:
    account = recipes.in_an_account(choice, found, split.num_train)
    laptop = recipes.on_a_laptop(choice, found, split.num_train)
    yield Key("dataset", names.dataset)
    yield Key("network", account.network, why=choice.why)
    if account.image != _DEFAULT_IMAGE:
        yield Key("image", account.image, why=_why_image(found))
    yield Key("hyperparameters", account.hyperparameters, why=account.why)
    space: dict[str, Any] = {"lr": {"low": 0.001, "high": 0.1, "scale": "log"}, "batch-size": {"values": [16, 32, 64]}}
    yield Key(
        "search", {"space": space, "max_jobs": 8}, optional=True,
        why="A search before each training: better values, for the price of as many trainings (`kennel cost`).",
    )  # fmt: skip
    yield Key(
        "answer",
        "full",
        why='full, array (probabilities alone) or named ({"cat_probability": 0.1, ...}).',
        optional=True,
    )
    changes = tuple(_changes(account, laptop))
    if changes:
        yield Key("on", keys=(Key("local", keys=changes, why=laptop.why),))


_DEFAULT_IMAGE = {"resize": PreprocessingSpec().resize, "crop": PreprocessingSpec().crop}


def _why_image(found: Inspection) -> str:
    if found.is_uniform:
        return "All images have one size, so they are framed alike: nothing is cut off at the border."
    return f"The shorter side is resized and the centre cropped; the images have about {found.short_side} pixels there."


def _changes(account: recipes.Training, laptop: recipes.Training) -> Iterator[Key]:
    """What the laptop's training changes of the account's."""
    if laptop.network != account.network:
        yield Key("network", laptop.network)
    elif account.network not in UNTRAINED:
        yield Key("weights", "none")
    if laptop.image != account.image:
        yield Key("image", laptop.image)
    values: dict[str, Any] = {
        name: value for name, value in laptop.hyperparameters.items() if account.hyperparameters.get(name) != value
    }
    if values:
        yield Key("hyperparameters", values)
