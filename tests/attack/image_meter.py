"""What one image costs: decoded in a process of its own, whose memory and CPU time are read when it is done.

`python -m tests.attack.image_meter` is the process that forks the others: it has decoded nothing large, so nothing that
it freed hides what an image takes. The process with limits (`imgcls.images.limited`) is started once, and counted.
"""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from PIL import Image

_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Cost:
    """`code` is `ok`, or that of the refusal. Bytes above what the process had before, and seconds of one core."""

    code: str
    memory: int
    seconds: float
    sentence: str = ""


class Meter:
    """A context manager around the process that measures. `resize` is the short side that is asked for."""

    def __init__(self, resize: int = 256, max_pixels: int | None = None) -> None:
        self._command = [sys.executable, "-m", "tests.attack.image_meter", str(resize), str(max_pixels or 0)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def measure(self, data: bytes) -> Cost:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(_LENGTH.pack(len(data)) + data)
        self._process.stdin.flush()
        return Cost(**json.loads(self._process.stdout.readline()))


def _main(resize: int, max_pixels: int) -> None:
    from imgcls.contract.artifact import Preprocessing
    from imgcls.images import limited, preprocess

    spec = Preprocessing(resize=resize, crop=min(resize, 224))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "GIF")
    preprocess.preprocess(file.getvalue(), spec)  # no image is charged for what is imported at first use
    helper = _started(file.getvalue())
    while data := _read(requests):
        if helper._process.poll() is not None:
            helper = _started(file.getvalue())
        before = _usage(helper._process.pid)
        _forget_peak(helper._process.pid)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            limited._idle.put(helper)
            cost = _decode(data, lambda data: preprocess.preprocess(data, spec, max_pixels or preprocess.MAX_PIXELS))
            os.write(writer, json.dumps(cost).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as answer:
            said = answer.read()
        _, status, _ = os.wait4(child, 0)
        cost = json.loads(said) if said else {"code": f"died of {status}", "memory": 0, "seconds": 0.0}
        after = _usage(helper._process.pid)
        # The other process has its peak before it sends pixels, and this one once it has them all.
        helped, left = (max(0, after[index] - before[1]) for index in (0, 1))
        cost["memory"] = max(cost["memory"] + left, helped + 2 * len(data) if helped > 1 << 20 else 0)
        cost["seconds"] += max(0.0, after[2] - before[2])
        answers.write(json.dumps(cost).encode() + b"\n")
        answers.flush()


def _started(image: bytes) -> Any:
    """The process with limits, after its first image."""
    from imgcls.images import limited

    helper = limited._Process()
    helper.ask(
        {"format": "GIF", "orientation": 1, "size": (9, 9), "bytes": 1 << 30, "seconds": 9.0, "max_pixels": 100}, image
    )
    return helper


def _decode(data: bytes, function: Any) -> dict[str, Any]:
    from imgcls.images.errors import ImageError

    _forget_peak(os.getpid())
    before = _usage(os.getpid())[1]
    used = resource.getrusage(resource.RUSAGE_SELF)
    code, sentence = "ok", ""
    try:
        function(data)
    except ImageError as error:
        code, sentence = error.code, error.sentence
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"code": code, "memory": _usage(os.getpid())[0] - before, "seconds": seconds, "sentence": sentence}


def _usage(pid: int) -> tuple[int, int, float]:
    """(most bytes since the peak was forgotten, bytes now, seconds of CPU); zeros for a process that ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmHWM", "VmRSS"))}
        ticks = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return 0, 0, 0.0
    seconds = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return int(found.get("VmHWM", 0)) * 1024, int(found.get("VmRSS", 0)) * 1024, seconds


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _read(file: BinaryIO) -> bytes:
    head = file.read(_LENGTH.size)
    return file.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
