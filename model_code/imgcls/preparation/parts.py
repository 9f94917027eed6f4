"""A data set that several instances look at: each sees some of the files, one merges what they saw.

The instances only decode and hash, which is the expensive half. What to keep depends on all images, so a second job
decides and writes, without decoding what it has a record of.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.preparation import work
from imgcls.preparation.inspection import Inspection, inspect
from imgcls.preparation.scan import Scan, Source, files

_UNPLACED = "?"
"""The class folder of an image in a part, whose layout cannot be told from some of the files."""


def host(resource_config: Path) -> str:
    """The name of this instance. Raises DatasetError for a file that is no resourceconfig.json."""
    try:
        return str(json.loads(resource_config.read_text())["current_host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{resource_config} names no current_host: {error}") from None


def look(
    folder: Path,
    target: Path,
    settings: DatasetSettings,
    name: str,
    *,
    workers: int = 0,
    progress: work.Progress = lambda line: None,
) -> int:
    """Write `target/<name>.jsonl`, a line per file of `folder`; the number of files, which may be 0."""
    sources = [Source(path.relative_to(folder).as_posix(), "", _UNPLACED) for path in files(folder)]
    inspected = partial(inspect, folder, settings=settings)
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f".{name}.jsonl"
    with unfinished.open("w") as lines:
        for image in work.run(inspected, sources, "checked", workers or work.available_cores(), progress):
            lines.write(json.dumps(image.to_dict()) + "\n")
    os.replace(unfinished, target / f"{name}.jsonl")
    return len(sources)


def merge(parts: Path, scan: Scan, settings: DatasetSettings) -> list[Inspection]:
    """What the parts saw of each file of `scan`, now with its split and class.

    Raises DatasetError when a file is in no part, because an instance failed, or changed since it was looked at.
    """
    seen = {image.path: image for image in _read(parts)}
    missing = [source.path for source in scan.sources if source.path not in seen]
    if missing:
        raise DatasetError(f"no instance looked at {missing[0]} and {len(missing) - 1} more files: prepare again")
    return [_placed(seen[source.path], source, scan.folder, settings) for source in scan.sources]


def _placed(image: Inspection, source: Source, folder: Path, settings: DatasetSettings) -> Inspection:
    if not source.label_folder:
        return inspect(folder, source, settings)
    size = (folder / source.path).stat().st_size if "unreadable" not in image.findings else image.num_bytes
    if size != image.num_bytes:
        raise DatasetError(f"{source.path} changed while the data set was prepared: prepare again")
    return replace(image, split=source.split, label_folder=source.label_folder)


def _read(parts: Path) -> Iterator[Inspection]:
    paths = sorted(parts.glob("*.jsonl"))
    if not paths:
        raise DatasetError(f"{parts} holds no part (*.jsonl) of any instance: run prepare.py --part-of first")
    for path in paths:
        with path.open() as lines:
            yield from (Inspection.from_dict(json.loads(line)) for line in lines)
