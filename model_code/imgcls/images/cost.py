"""What decoding an image costs, known from its structure, and the budget that it must fit into.

One number, `max_pixels`, is the budget of both. At 65 million an image may take 256 MB of memory, and as much work as
65 million pixels of a baseline JPEG, about 0.6 s of one core. Twice the number allows twice of both; half of it halves
the pixels alone, so that what a small image costs never depends on it.

`tests/attack/test_image_cost.py` searches for images that cost more than they are counted, and says the worst it found.
"""

from __future__ import annotations

from imgcls.images.errors import TOO_MANY_PIXELS, ImageError
from imgcls.images.structure import Structure

MAX_PIXELS = 65_000_000
"""What cameras call 64 megapixels has up to 64.3 million pixels."""
BYTES_PER_PIXEL = 3.69
FIXED_BYTES = 16_000_000
"""Beside the pixels: the file once more, and what a decoder keeps whatever the image."""
FIXED_WORK = 1_000_000
CPU_SECONDS_PER_PIXEL = 10e-9
"""Of work: a process with limits is ended after 0.7 s."""
SHRUNK_PIXELS = 16_000_000
"""A JPEG of more is shrunk while it is decoded. It never depends on a setting, so train and serve see one picture."""
_ROW_BYTES = 8
_HANDED_OVER = 1.5
"""Work for each pixel that comes from a process with limits."""
_OUTPUT, _ROW, _HELD_BYTE = 1.0, 4.0, 0.03
"""Work for each decoded pixel (to RGB, upright, read by a resize), for each row, and for each byte that is held."""


def memory_limit(max_pixels: int) -> int:
    """Bytes that decoding may take."""
    return int(BYTES_PER_PIXEL * max(max_pixels, MAX_PIXELS)) + FIXED_BYTES


def work_limit(max_pixels: int) -> int:
    """In pixels of a baseline JPEG."""
    return max(max_pixels, MAX_PIXELS) + FIXED_WORK


def memory(structure: Structure, factor: int = 1) -> int:
    """Bytes at the peak of decoding, with sides shrunk by `factor`."""
    width, height = -(-structure.width // factor), -(-structure.height // factor)
    first = _picture(width, height, _pixel_bytes(structure))
    rgb = _picture(width, height, 4)
    decoded = structure.held + first
    between = _picture(width, height, 1) if structure.bits > 8 else 0
    converted = first + between + rgb if structure.colours != "rgb" or structure.alpha else first
    turned = rgb + _picture(height, width, 4) if structure.orientation > 1 else rgb
    handed_over = rgb + 3 * width * height if structure.limited else 0
    return max(decoded, converted, turned, handed_over) + FIXED_BYTES


def work(structure: Structure, factor: int = 1) -> float:
    """In pixels of a baseline JPEG."""
    width, height = -(-structure.width // factor), -(-structure.height // factor)
    rows = height + (width if structure.orientation > 1 else 0)
    output = _OUTPUT + (_HANDED_OVER if structure.limited else 0)
    return structure.work + output * width * height + _ROW * rows + _HELD_BYTE * structure.held


def needed(structure: Structure) -> int:
    """The smallest `max_pixels` with which the image is accepted."""
    factor = structure.factors[-1]
    budget = max((memory(structure, factor) - FIXED_BYTES) / BYTES_PER_PIXEL, work(structure, factor) - FIXED_WORK)
    pixels = structure.width * structure.height
    return pixels if budget <= MAX_PIXELS else max(pixels, round(budget))


def price(max_pixels: int) -> str:
    """What an image may cost, for a sentence: `256 MB of memory and 0.7 s of a core`."""
    seconds = CPU_SECONDS_PER_PIXEL * work_limit(max_pixels)
    return f"{memory_limit(max_pixels) / 1e6:.0f} MB of memory and {seconds:.1f} s of a core"


def admit(structure: Structure, max_pixels: int, factor: int = 1) -> int:
    """`factor`, or the next larger one with which the image fits into the budget. Raises ImageError where none does."""
    pixels = structure.width * structure.height
    if pixels > max_pixels:
        raise _refusal(structure, f"has more than the {max_pixels} pixels that are accepted")
    limit = memory_limit(max_pixels)
    fitting = [
        f for f in structure.factors if f >= factor and _is_small(structure, f) and memory(structure, f) <= limit
    ]
    if not fitting:
        needed = memory(structure, structure.factors[-1])
        raise _refusal(structure, f"takes {needed / 1e6:.0f} MB of memory to decode; {limit / 1e6:.0f} MB are allowed")
    if work(structure, fitting[0]) > work_limit(max_pixels):
        needed, limit = round(work(structure, fitting[0]) / 1e6), work_limit(max_pixels) // 1_000_000
        raise _refusal(structure, f"takes the work of {needed} million pixels to decode; {limit} million are allowed")
    return fitting[0]


def _is_small(structure: Structure, factor: int) -> bool:
    return structure.factors == (1,) or structure.width * structure.height <= factor**2 * SHRUNK_PIXELS


def _refusal(structure: Structure, why: str) -> ImageError:
    other = "" if structure.format == "JPEG" and not structure.detail else ", or a baseline JPEG"
    sides = f"{structure.width} x {structure.height} pixels{structure.detail}"
    return ImageError(TOO_MANY_PIXELS, f"the {structure.format} image of {sides} {why}: send a smaller one{other}")


def _picture(width: int, height: int, pixel_bytes: int) -> int:
    """Bytes of a picture in memory: its pixels, and where each of its rows is."""
    return height * (width * pixel_bytes + _ROW_BYTES)


def _pixel_bytes(structure: Structure) -> int:
    one_byte = structure.colours in ("grey", "palette") and structure.bits <= 8
    return 1 if one_byte and not (structure.alpha and structure.format in ("PNG", "TIFF")) else 4
