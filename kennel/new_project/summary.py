"""What `kennel init` found and proposes, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.app import AppConfig
from kennel.cloud import costs
from kennel.new_project.inspection import Inspection
from kennel.new_project.splits import SplitPlan
from kennel.new_project.write import NewProject

MOST_CLASSES = 6
FEW_TEST_IMAGES = 5
IMBALANCED = 5
"""Largest class to smallest, from which a model gains by leaving the small one out."""


def rows(found: Inspection, split: SplitPlan) -> Iterator[tuple[str, str]]:
    """A small table."""
    sampled = found.sampled < found.num_files
    yield "images", f"{'about ' * sampled}{found.num_usable:,} ({_megabytes(found.num_bytes)})"
    yield "classes", f"{len(found.classes)}: {_classes(found)}"
    sides = sorted(item.short_side for item in found.headers)
    if found.is_uniform:
        yield "size", f"{found.headers[0].width} x {found.headers[0].height} pixels, all of them"
    else:
        yield "shorter side", f"{sides[0]} to {sides[-1]} pixels, half of them at least {found.short_side}"
    kinds = [
        f"{share:.0%} {name}"
        for name, share in (
            ("grey", found.share(lambda item: item.grey)), ("with alpha", found.share(lambda item: item.alpha)),
        )
        if share
    ]  # fmt: skip
    yield "kinds", ", ".join([*sorted({item.format for item in found.headers}), *kinds])
    parts = (("train", split.train), ("validation", split.validation), ("test", split.test))
    yield "split", ", ".join(f"{sum(counts.values()):,} {name}" for name, counts in parts)
    if sampled:
        yield "looked at", f"the headers of {found.sampled:,} files, the same ones each time"


def _classes(found: Inspection) -> str:
    ordered = sorted(found.classes, key=lambda item: -item.num_usable())
    said = [f"{item.label} {item.num_usable():,}" for item in ordered]
    return ", ".join(said if len(said) <= MOST_CLASSES else [*said[:3], "...", *said[-2:]])


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:,.1f} MB"


def notes(found: Inspection, split: SplitPlan) -> Iterator[str]:
    """What is worth knowing before the first run, a sentence each."""
    yield from found.notes
    for problem, num in sorted(found.problems.items()):
        of = f" of {found.sampled:,} sampled" if found.sampled < found.num_files else ""
        yield (
            f"{num}{of} files cannot be used, for example because one {problem}" if num > 1 else f"1{of} file {problem}"
        )
    if found.loose:
        yield f"{found.loose} files lie in no class folder and will not be used"
    few = [name for name, num in split.test.items() if num < FEW_TEST_IMAGES]
    if few:
        yield (
            f"{_some(few)} will be judged by fewer than {FEW_TEST_IMAGES} test images: "
            "add some before you rely on the accuracy of a class"
        )
    sizes = split.train.values()
    if max(sizes) >= IMBALANCED * min(sizes):
        yield (
            f"the largest class is {max(sizes) / min(sizes):.0f} times the smallest: "
            "where the small ones count, try the hyperparameter class-weighting: loss"
        )


def _some(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def as_json(found: Inspection, split: SplitPlan) -> dict[str, Any]:
    sides = [item.short_side for item in found.headers]
    return {
        "layout": "splits" if found.is_split else "classes",
        "files": found.num_files,
        "sampled": found.sampled,
        "images": found.num_usable,
        "bytes": found.num_bytes,
        "classes": {item.name: item.num_usable() for item in found.classes},
        "short_side": {"smallest": min(sides), "median": found.short_side, "largest": max(sides)},
        "grey": found.share(lambda item: item.grey),
        "alpha": found.share(lambda item: item.alpha),
        "problems": dict(found.problems),
        "outside_classes": found.loose,
        "split": {"train": dict(split.train), "validation": dict(split.validation), "test": dict(split.test)},
        "notes": list(notes(found, split)),
    }


def prices(configs: Mapping[str, AppConfig]) -> dict[str, dict[str, float]]:
    """USD of each environment of an account: a run at most, and the endpoint while it is on."""
    found = {}
    for name, config in configs.items():
        if config.cloud == "local":
            continue
        endpoint = costs.of_endpoint(config)
        found[name] = {
            "run_at_most": costs.of_run(config, {}).usd,
            "endpoint_per_hour": round(endpoint.per_hour(endpoint.min_instances), 4),
            "endpoint_per_month": round(endpoint.per_month(endpoint.min_instances), 2),
        }
    return found


def proposed(new: NewProject, prices: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, str]]:
    """What the file says, environment by environment."""
    yield "project", str(new.values["project"])
    for name, config in new.configs.items():
        (model,) = config.models
        image, epochs = model.preprocessing, model.epochs
        weights = "pretrained" if model.pretrained else "from scratch"
        yield (
            name,
            (
                f"{model.name}: {model.architecture} {weights}, {image.crop} pixels, {epochs} epochs; "
                f"published from {config.pipeline.gate.min_accuracy:.0%} of the test images right"
            ),
        )
        if name in prices:
            price, endpoint = prices[name], config.endpoint
            yield (
                "",
                (
                    f"a run at most ${price['run_at_most']:.2f}; the endpoint, {endpoint.min_instances} x "
                    f"{endpoint.instance_type}, ${price['endpoint_per_month']:.0f} per month while it is on"
                ),
            )
