"""Checkpoints: a training's resumable state on disk, whole or not there at all.

A file is written beside its place, forced to the disk and renamed; its name holds the hash of its bytes, so a file
that was cut, changed or half uploaded is seen at load and the one before it is taken. Two are kept.
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

_KEEP = 2
_NAME = re.compile(r"checkpoint-(\d{5})-([0-9a-f]{16})\.pt")


class Checkpoints:
    """The checkpoints of one run in `folder`. `run` is JSON that tells the run from others: its settings and data."""

    def __init__(self, folder: Path, run: Mapping[str, Any], *, every_seconds: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._every_seconds = folder, every_seconds
        self._run = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether the last save is `every_seconds` ago: by the clock, as an epoch may take seconds or hours."""
        return time.monotonic() - self._last >= self._every_seconds

    def save(self, epoch: int, state: dict[str, Any]) -> None:
        buffer = io.BytesIO()
        torch.save({"run": self._run, "state": state}, buffer)
        data = buffer.getbuffer()
        partial = self._folder / "partial"
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._folder / f"checkpoint-{epoch:05d}-{_digest(data)}.pt")
        _sync(self._folder)
        for _, old in self._files()[_KEEP:]:
            old.unlink()
        self._last = time.monotonic()

    def load(self) -> tuple[int, dict[str, Any]] | None:
        """(finished epochs, state) of the newest whole checkpoint of this run, or None. Says what it passes over."""
        for epoch, path in self._files():
            data = path.read_bytes()
            if _digest(data) != path.stem.rpartition("-")[2]:
                print(f"{path.name} is damaged: trying the checkpoint before it", flush=True)
                continue
            saved = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
            if saved["run"] != self._run:
                print(f"{path.name} is of a run with other settings or data: it is not used", flush=True)
                continue
            return epoch, saved["state"]
        return None

    def _files(self) -> list[tuple[int, Path]]:
        """(epoch, path), newest first."""
        named = [(match, path) for path in self._folder.iterdir() if (match := _NAME.fullmatch(path.name))]
        return sorted(((int(match[1]), path) for match, path in named), reverse=True)


def _digest(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _sync(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
