"""The Prepare step as a processing job, or from a shell: `python model_code/prepare.py --input DIR --output DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from imgcls.contract import disk_space
from imgcls.contract.dataset import LAYOUTS, PACKINGS, DatasetError, DatasetSettings
from imgcls.contract.prepared import leave_message
from imgcls.contract.run_plan import PLAN_FILE
from imgcls.preparation.parts import host, inspect_part
from imgcls.preparation.run import prepare
from imgcls.preparation.scan import files


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    work: dict[str, Any] = {"workers": options.workers, "progress": _say}
    try:
        with disk_space.told():
            message = _run(options, work)
    except (DatasetError, disk_space.DiskFull) as error:
        print(error, file=sys.stderr)
        message, status = str(error), 1
    else:
        print(message)
        status = 0
    if options.message:
        leave_message(options.message, message)
    return status


def _run(options: argparse.Namespace, work: dict[str, Any]) -> str:
    settings = _settings(options)
    if not options.part_of:
        return prepare(options.input, options.output, settings, parts=options.parts, **work).encode()
    name = host(options.part_of)
    paths = [path.relative_to(options.input).as_posix() for path in files(options.input)]
    inspect_part(options.input, paths, len(paths), options.output, name, settings, packed=True, **work)
    return f"inspected {len(paths)} files"


def _parser() -> argparse.ArgumentParser:
    # Abbreviations would change their meaning whenever an option is added.
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--input", "--dataset", type=Path, required=True, help="the data set: a folder of images")
    parser.add_argument("--output", type=Path, required=True, help="where <manifest id>/ is written, the prepared data")
    parser.add_argument("--plan", type=Path, help=f"folder with {PLAN_FILE}, whose `dataset` object has the settings")
    parser.add_argument("--message", type=Path, help="file for the exit message")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 is one per core")
    several = parser.add_argument_group("several instances")
    several.add_argument(
        "--part-of", type=Path, metavar="FILE", help="resourceconfig.json: only inspect this instance's part"
    )
    several.add_argument(
        "--parts", type=Path, metavar="DIR", help="the instances' results, used without inspecting again"
    )
    overrides = parser.add_argument_group("settings, which override the plan")
    overrides.add_argument("--name", help="name of the data set")
    overrides.add_argument("--layout", choices=LAYOUTS)
    overrides.add_argument("--packing", choices=PACKINGS, help="how the train split is written")
    overrides.add_argument("--split", help="train/validation/test, for example 0.8/0.1/0.1")
    for flag, field, kind in _NUMBERS:
        overrides.add_argument(flag, dest=field, type=kind, help=f"default {getattr(DatasetSettings(), field)}")
    return parser


_NUMBERS = (
    ("--split-seed", "split_seed", int),
    ("--min-images", "min_images_per_class", int),
    ("--min-side", "min_side", int),
    ("--max-pixels", "max_pixels", int),
    ("--max-aspect-ratio", "max_aspect_ratio", float),
    ("--max-quarantined", "max_quarantined", float),
    ("--near-duplicate-distance", "near_duplicate_distance", int),
    ("--imbalance-ratio", "imbalance_ratio", float),
    ("--max-short-side", "max_short_side", int),
    ("--jpeg-quality", "jpeg_quality", int),
    ("--shard-megabytes", "shard_megabytes", int),
)


def _settings(options: argparse.Namespace) -> DatasetSettings:
    """The plan's settings, overridden by those of the command line."""
    values: dict[str, Any] = {}
    if options.plan:
        try:
            plan = json.loads((options.plan / PLAN_FILE).read_text())
        except (OSError, ValueError) as error:
            raise DatasetError(f"{options.plan / PLAN_FILE} cannot be read: {error}") from None
        if not isinstance(plan, dict) or not isinstance(plan.get("dataset"), dict):
            raise DatasetError(f"{options.plan / PLAN_FILE} does not contain a `dataset` object")
        values |= plan["dataset"]
    fields = ("name", "layout", "packing", "split", *(field for _, field, _ in _NUMBERS))
    values |= {field: getattr(options, field) for field in fields if getattr(options, field) is not None}
    return DatasetSettings.from_dict(values)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
