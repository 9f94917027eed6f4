"""Decodes what cannot be bounded from its headers in a process with limits on memory and time.

The process is started when the first such image comes, and kept for the next. It ends with its parent.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from io import BufferedReader
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, cast

import numpy as np

from imgcls.images.cost import CPU_SECONDS_PER_PIXEL, memory_limit, work_limit
from imgcls.images.errors import CORRUPT, TOO_MANY_PIXELS, ImageError
from imgcls.images.gate import OPTIONAL_FORMATS
from imgcls.images.structure import Structure

LENGTH = struct.Struct("<Q")
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from imgcls.images import limited_process; limited_process.main()"
_RETURNED = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""glibc then gives the memory of pictures back when they are freed; it would keep it for the next ones."""
_idle: SimpleQueue[_Process] = SimpleQueue()


class _Process:
    """One image at a time. Messages are a length and that many bytes; pixels follow their message, band by band."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _PROGRAM, *sys.path]
        environment = {**os.environ, **_RETURNED}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._requests = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BufferedReader, self._process.stdout)

    def ask(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], np.ndarray] | None:
        """(answer, pixels), or None where the process ended instead."""
        try:
            for message in (json.dumps(request).encode(), data):
                self._requests.write(LENGTH.pack(len(message)))
                self._requests.write(message)
            self._requests.flush()
        except BrokenPipeError:
            return None
        head = read_message(self._answers)
        if head is None:
            return None
        answer = json.loads(head)
        pixels = np.empty((answer.get("height", 0), answer.get("width", 0), 3), np.uint8)
        complete = self._answers.readinto(pixels.reshape(-1).data) == pixels.size
        return (answer, pixels) if complete else None

    def end(self) -> int:
        """Wait for a process that ended. Returns its exit code, negative for the number of a signal."""
        self._requests.close()
        self._answers.close()
        return self._process.wait()


def decode(data: bytes, structure: Structure, max_pixels: int) -> np.ndarray:
    """The upright pixels, uint8 RGB (height, width, 3). Raises ImageError, also where the limits were not enough."""
    seconds = CPU_SECONDS_PER_PIXEL * work_limit(max_pixels)
    request = {
        "format": structure.format,
        "orientation": structure.orientation,
        "size": None if structure.format in OPTIONAL_FORMATS else (structure.width, structure.height),
        "bytes": memory_limit(max_pixels),
        "seconds": seconds,
        "max_pixels": max_pixels,
    }
    process = _take()
    answer = process.ask(request, data)
    if answer is None:
        time = f"{seconds:.1f} s of a core"
        why = time if process.end() == -signal.SIGPROF else f"{memory_limit(max_pixels) / 1e6:.0f} MB of memory"
        raise ImageError(
            TOO_MANY_PIXELS,
            f"the {structure.format} image takes more than {why} to decode: send a smaller one, or a baseline JPEG",
        )
    _idle.put(process)
    said, pixels = answer
    if "sentence" in said:
        raise ImageError(said.get("code", CORRUPT), said["sentence"])
    return pixels


def _take() -> _Process:
    try:
        return _idle.get_nowait()
    except Empty:
        return _Process()


def read_message(file: Any) -> bytes | None:
    """The content of the next message; None at the end of the file."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    content: bytes = file.read(size)
    return content if len(content) == size else None
