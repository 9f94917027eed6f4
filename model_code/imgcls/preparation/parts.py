"""Inspections on disk: each instance inspects a part of the data set and writes two files, which are then merged.

    algo-1.jsonl    one line per image: its `inspection`, and the number of its bytes in the other file
    algo-1.bin      the training images' bytes, one after another; none of an image whose original file is used

Every image is decoded, hashed and encoded once. Which images are kept depends on all of them, so it is decided after
the merge, without decoding anything again. A single instance takes the same path, so the outcome is the same.
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
from imgcls.preparation import findings, parallel
from imgcls.preparation.catalogue import RECORD, SPLITS, THUMBNAIL_BYTES, Catalogue
from imgcls.preparation.inspection import Inspection, inspect_file, outside_class
from imgcls.preparation.scan import Scan

ONLY_PART = "algo-1"
"""The name of the part when one instance inspects the whole data set."""


def host(resource_config: Path) -> str:
    """The name of this instance. Raises DatasetError for a file that is not a resourceconfig.json."""
    try:
        name = str(json.loads(resource_config.read_text())["current_host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{resource_config} does not contain a current_host: {error!r}") from None
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name):
        raise DatasetError(f"{resource_config} has the current_host {name!r}, which cannot name a file")
    return name


def inspect_part(
    folder: Path,
    paths: Iterable[str],
    num: int,
    target: Path,
    name: str,
    settings: DatasetSettings,
    *,
    packed: bool,
    workers: int = 0,
    progress: parallel.Progress = lambda line: None,
) -> None:
    """Inspect the `num` files `paths` of `folder` and write the part `name` into `target`.

    `packed`: with the bytes of the training images.
    """
    inspect_one = partial(inspect_file, folder, settings=settings, packed=packed)
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f".{name}.jsonl"
    with unfinished.open("w") as lines, (target / f"{name}.bin").open("wb") as images:
        for seen, data in parallel.run(
            inspect_one, paths, num, "checked", workers or parallel.available_cores(), progress
        ):
            lines.write(json.dumps({**seen.to_dict(), "packed": len(data)}) + "\n")
            images.write(data)
    os.replace(unfinished, target / f"{name}.jsonl")


def merge(parts: Path, scan: Scan, workspace: Path) -> Catalogue:
    """The inspections of all parts, with the split and class of each file; the thumbnails go to `workspace`.

    Raises DatasetError if a file is missing in all parts because an instance failed, or has changed meanwhile.
    """
    lines = sorted(parts.glob("*.jsonl"))
    if not lines:
        raise DatasetError(f"{parts} does not contain any instance's part (*.jsonl): run prepare.py --part-of first")
    columns = _Columns(scan, workspace / "thumbnails.bin")
    for number, path in enumerate(lines):
        columns.read(number, path)
    return columns.catalogue(tuple(path.with_suffix(".bin") for path in lines))


class _Columns:
    """Collects the columns of a catalogue."""

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
        present = self._present(paths, records)
        paths, records = paths[present], records[present]
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

    def _present(self, paths: np.ndarray, records: np.ndarray) -> np.ndarray:
        """Mask of the rows that are files of the data set. Raises DatasetError if a file has no row or another size."""
        present = np.zeros(len(paths), bool)
        missing: list[str] = []
        num_missing = 0
        for path in self._scan.paths():
            name = os.fsencode(path)
            index = int(np.searchsorted(paths, name))
            if index == len(paths) or paths[index] != name:
                missing, num_missing = missing or [path], num_missing + 1
                continue
            present[index] = True
            unread = records["findings"][index] & findings.mask(("unreadable",))
            if not unread and os.stat(self._scan.folder / path).st_size != records["bytes"][index]:
                raise DatasetError(f"{path} changed while the data set was prepared: prepare again")
        if missing:
            raise DatasetError(f"no instance inspected {missing[0]} and {num_missing - 1} more files: prepare again")
        return present
