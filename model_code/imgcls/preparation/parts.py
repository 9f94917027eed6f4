"""What was looked at, on disk: by each of several instances a part of the data set, or by one all of it.

    algo-1.jsonl    a line an image: what `inspection` saw, and how many bytes it takes as a training image
    algo-1.bin      the training images' bytes, one after another; an image that serves as it is has none

Looking decodes, hashes and encodes every image once. What to keep depends on all images, so it is decided after the
parts were put together, without decoding anything again. One instance goes the same way, so the outcome is the same.
"""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from imgcls.contract.dataset import DatasetError, DatasetSettings
from imgcls.preparation import findings, work
from imgcls.preparation.catalogue import RECORD, SPLITS, THUMBNAIL_BYTES, Catalogue
from imgcls.preparation.inspection import Inspection, look_at, outside_class
from imgcls.preparation.scan import Scan

ALONE = "algo-1"
"""The part of an instance that has no others beside it."""


def host(resource_config: Path) -> str:
    """The name of this instance. Raises DatasetError for a file that is no resourceconfig.json."""
    try:
        name = str(json.loads(resource_config.read_text())["current_host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{resource_config} names no current_host: {error}") from None
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name):
        raise DatasetError(f"{resource_config} has the current_host {name!r}, which cannot name a file")
    return name


def look(
    folder: Path,
    paths: Iterable[str],
    num: int,
    target: Path,
    name: str,
    settings: DatasetSettings,
    *,
    packed: bool,
    workers: int = 0,
    progress: work.Progress = lambda line: None,
) -> None:
    """Write the part `name` in `target`: the `num` files `paths` of `folder`; `packed` with their training images."""
    look_at_one = partial(look_at, folder, settings=settings, packed=packed)
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f".{name}.jsonl"
    with unfinished.open("w") as lines, (target / f"{name}.bin").open("wb") as images:
        for seen, data in work.run(look_at_one, paths, num, "checked", workers or work.available_cores(), progress):
            lines.write(json.dumps({**seen.to_dict(), "packed": len(data)}) + "\n")
            images.write(data)
    os.replace(unfinished, target / f"{name}.jsonl")


def merge(parts: Path, scan: Scan, workspace: Path) -> Catalogue:
    """All that the parts saw, with the split and class of each file; `workspace` gets the thumbnails.

    Raises DatasetError when a file is in no part, because an instance failed, or changed since it was looked at.
    """
    lines = sorted(parts.glob("*.jsonl"))
    if not lines:
        raise DatasetError(f"{parts} holds no part (*.jsonl) of any instance: run prepare.py --part-of first")
    columns = _Columns(scan, workspace / "thumbnails.bin")
    for number, path in enumerate(lines):
        columns.read(number, path)
    return columns.catalogue(tuple(path.with_suffix(".bin") for path in lines))


class _Columns:
    """A catalogue while it is read."""

    def __init__(self, scan: Scan, thumbnails: Path) -> None:
        self._scan, self._thumbnails = scan, thumbnails
        self._labels: dict[str, int] = {}
        self._paths, self._ends = bytearray(), array("q", [0])
        self._records = bytearray()
        self._reasons: dict[int, str] = {}
        thumbnails.unlink(missing_ok=True)

    def read(self, part: int, path: Path) -> None:
        offset = 0
        with path.open() as lines, self._thumbnails.open("ab") as thumbnails:
            for number, line in enumerate(lines, start=len(self._ends) - 1):
                value = json.loads(line)
                size = value.pop("packed")
                seen = Inspection.from_dict(value)
                self._add(seen, number, part, offset, size)
                thumbnails.write(seen.thumbnail.ljust(THUMBNAIL_BYTES, b"\0"))
                offset += size

    def _add(self, seen: Inspection, number: int, part: int, offset: int, packed: int) -> None:
        split, label_folder = self._scan.place(seen.path)
        if not label_folder:
            seen, packed = outside_class(seen), 0
        if seen.reason:
            self._reasons[number] = seen.reason
        record = np.zeros((), RECORD)
        record["number"], record["part"], record["offset"], record["packed"] = number, part, offset, packed
        record["sha256"] = np.frombuffer(bytes.fromhex(seen.sha256).ljust(32, b"\0"), np.uint8)
        record["bytes"], record["width"], record["height"] = seen.num_bytes, seen.width, seen.height
        record["findings"], record["hash"] = findings.mask(seen.findings), seen.hash
        record["split"] = SPLITS.index(split)
        record["label"] = self._labels.setdefault(label_folder, len(self._labels))
        self._records += record.tobytes()
        self._paths += os.fsencode(seen.path)
        self._ends.append(len(self._paths))

    def catalogue(self, parts: tuple[Path, ...]) -> Catalogue:
        ends = self._ends
        longest = max((end - start for start, end in pairwise(ends)), default=0)
        paths = np.zeros(len(ends) - 1, dtype=f"S{longest + 1}")
        for index, (start, end) in enumerate(pairwise(ends)):
            paths[index] = bytes(self._paths[start:end])
        order = np.argsort(paths, kind="stable")
        paths, records = paths[order], np.frombuffer(self._records, RECORD)[order]
        self._paths, self._records = bytearray(), bytearray()
        there = self._found(paths, records)
        paths, records = paths[there], records[there]
        numbers = {int(number): index for index, number in enumerate(records["number"]) if number in self._reasons}
        return Catalogue(
            folder=self._scan.folder,
            paths=paths,
            records=records,
            label_folders=tuple(self._labels),
            reasons={index: self._reasons[number] for number, index in numbers.items()},
            thumbnails=np.memmap(self._thumbnails, np.uint8, "r").reshape(-1, THUMBNAIL_BYTES),
            parts=parts,
        )

    def _found(self, paths: np.ndarray, records: np.ndarray) -> np.ndarray:
        """Which rows are files of the data set. Raises DatasetError for a file without a row, or of another size."""
        there = np.zeros(len(paths), bool)
        missing: list[str] = []
        num_missing = 0
        for path in self._scan.paths():
            name = os.fsencode(path)
            index = int(np.searchsorted(paths, name))
            if index == len(paths) or paths[index] != name:
                missing, num_missing = missing or [path], num_missing + 1
                continue
            there[index] = True
            unread = records["findings"][index] & findings.mask(("unreadable",))
            if not unread and os.stat(self._scan.folder / path).st_size != records["bytes"][index]:
                raise DatasetError(f"{path} changed while the data set was prepared: prepare again")
        if missing:
            raise DatasetError(f"no instance looked at {missing[0]} and {num_missing - 1} more files: prepare again")
        return there
