"""The process behind `imgcls.images.limited`: limits itself, then decodes one image after the other."""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from imgcls.images import decoders
from imgcls.images.errors import CORRUPT, TOO_MANY_PIXELS, ImageError
from imgcls.images.limited import LENGTH, read_message


def main() -> None:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    own = _address_space()
    while (head := read_message(requests)) is not None and (data := read_message(requests)) is not None:
        request = json.loads(head)
        resource.setrlimit(resource.RLIMIT_AS, (own + request["bytes"], resource.RLIM_INFINITY))
        # The signal of this timer ends the process, also in the middle of a decoder.
        signal.setitimer(signal.ITIMER_PROF, request["seconds"])
        answer, image = _answer(request, data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        message = json.dumps(answer).encode()
        answers.write(LENGTH.pack(len(message)) + message)
        if image is not None:
            for _, part in decoders.bands(image):
                answers.write(part.tobytes())
        answers.flush()
        del image, data


def _answer(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], Image.Image | None]:
    size = request["size"] and tuple(request["size"])
    allowed = f"{request['bytes'] / 1e6:.0f} MB"
    try:
        image = decoders.decode(
            data, request["format"], request["orientation"], size=size, max_pixels=request["max_pixels"]
        )
        return {"width": image.width, "height": image.height}, image
    except ImageError as error:
        # Most decoders say only that they failed, also where it was for lack of memory.
        also = f", or takes more than {allowed} of memory to decode" if error.code == CORRUPT else ""
        return {"code": error.code, "sentence": error.sentence + also}, None
    except MemoryError:
        sentence = f"the {request['format']} image takes more than {allowed} of memory to decode"
        return {"code": TOO_MANY_PIXELS, "sentence": f"{sentence}: send a smaller one, or a baseline JPEG"}, None


def _address_space() -> int:
    """Bytes that this process has before its first image."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
