"""Checkpoints: a training's resumable state on disk, complete or absent.

A file is written under a temporary name, flushed to the disk and renamed; its final name contains the hash of its
bytes, so that a truncated, altered or half uploaded file is detected at load and the previous one is used. Two are
kept. Of several processes the main one writes and reads, and sends what it read to the others: they agree whatever is
on their own disks.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from imgcls.contract import disk_space
from imgcls.runtime import distributed

_KEEP = 2
_NAME = re.compile(r"checkpoint-(\d{9})-(\d{5})-(?P<run>[0-9a-f]{8})-([0-9a-f]{16})\.pt")


class CheckpointError(RuntimeError):
    """There are checkpoints and all of them are damaged; the message says what to do."""


class Checkpoints:
    """The checkpoints of one run in `folder`. `run` is JSON that identifies the run: its settings and data.

    One is due `every_seconds` after the last, and after every `every_epochs` epochs; with 0 epochs only by the clock.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any], *, every_seconds: float, every_epochs: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._every_seconds, self._every_epochs = folder, every_seconds, every_epochs
        self._run = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:8]
        self._last = time.monotonic()

    def due(self, finished_epoch: int | None = None) -> bool:
        """Whether to save now: after a step, or after the epoch `finished_epoch`. Always False but in the main process.

        The clock decides, because an epoch may take seconds or hours.
        """
        if not distributed.is_main():
            return False
        if finished_epoch is not None and self._every_epochs and finished_epoch % self._every_epochs == 0:
            return True
        return time.monotonic() - self._last >= self._every_seconds

    def save(self, step: int, num_epochs: int, state: dict[str, Any]) -> None:
        """Write the state after `step` steps and `num_epochs` finished epochs. Only in the main process.

        Raises DiskFull where there is no room for it; the checkpoints before stay.
        """
        if not distributed.is_main():
            return
        buffer = io.BytesIO()
        torch.save(state, buffer)
        data = buffer.getbuffer()
        partial = self._folder / "partial"
        left = partial.stat().st_size if partial.exists() else 0  # of a run that was killed, and overwritten
        disk_space.require(self._folder, len(data) - left, "a checkpoint")
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        os.replace(partial, self._folder / f"checkpoint-{step:09d}-{num_epochs:05d}-{self._run}-{_digest(data)}.pt")
        _sync(self._folder)
        for old in self._files()[0][_KEEP:]:
            old.unlink()
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The newest complete state of this run; None when there is none. Prints which files it skips.

        Raises CheckpointError when every file of this run is damaged.
        """
        data = distributed.from_main(self._newest() if distributed.is_main() else None)
        return None if data is None else torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)

    def _newest(self) -> bytes | None:
        files, others = self._files()
        for path in files:
            try:
                data = path.read_bytes()
            except OSError as error:
                data = b""
                print(f"{path.name} cannot be read ({error.strerror})", flush=True)
            if _digest(data) == path.stem.rpartition("-")[2]:
                return data
            print(f"{path.name} is damaged: trying the checkpoint before it", flush=True)
        if files:
            raise CheckpointError(f"every checkpoint in {self._folder} is damaged: empty the folder to start again")
        for path in others:
            print(f"{path.name} belongs to a run with other settings or data: it is not used", flush=True)
        return None

    def _files(self) -> tuple[list[Path], list[Path]]:
        """This run's checkpoints and those of others, the newest first."""
        found = [(match["run"], path) for path in self._folder.iterdir() if (match := _NAME.fullmatch(path.name))]
        found.sort(key=lambda item: item[1].name, reverse=True)
        return [path for run, path in found if run == self._run], [path for run, path in found if run != self._run]


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _sync(folder: Path) -> None:
    """Flush the folder's entries, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
