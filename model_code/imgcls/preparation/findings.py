"""Every finding of the Prepare step: its code, what it means and what is done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Action = Literal["quarantined", "removed", "kept"]


@dataclass(frozen=True)
class Finding:
    """`action` says what happens to the image; `code` is what the manifest's rows contain."""

    code: str
    action: Action
    meaning: str


_FINDINGS = (
    Finding("unreadable", "quarantined", "the file cannot be opened"),
    Finding("empty-file", "quarantined", "the file has 0 bytes"),
    Finding("not-an-image", "quarantined", "the bytes are not an image of a known format"),
    Finding("truncated", "quarantined", "the image is cut short"),
    Finding("undecodable", "quarantined", "the image is damaged"),
    Finding("unsupported-pixels", "quarantined", "the pixels have a type that models cannot read"),
    Finding("decompression-bomb", "quarantined", "it has more pixels, or costs more to decode, than is allowed"),
    Finding("too-small", "quarantined", "the short side is below the limit"),
    Finding("extreme-aspect-ratio", "quarantined", "far longer than wide: a centre crop would miss most of it"),
    Finding("outside-class", "quarantined", "the file is not in a class folder, so it has no label"),
    Finding("duplicate", "removed", "a byte-for-byte copy of another image of its class"),
    Finding("label-conflict", "removed", "the same bytes are in several classes: no label can be trusted"),
    Finding("leak", "removed", "the same bytes are in a split that evaluates the model"),
    Finding("near-leak", "removed", "nearly the same image is in a split that evaluates the model"),
    Finding("near-duplicate", "kept", "nearly the same image is in the same class and split"),
    Finding("near-label-conflict", "kept", "nearly the same image is in another class"),
    Finding("wrong-extension", "kept", "the file name's extension does not fit its bytes"),
    Finding("exif-rotation", "kept", "rotated by its EXIF orientation, which is applied"),
    Finding("grey", "kept", "grey, read as RGB"),
    Finding("palette", "kept", "palette colours, read as RGB"),
    Finding("cmyk", "kept", "CMYK, converted without its colour profile"),
    Finding("16-bit", "kept", "16 bits per channel, the high byte is kept"),
    Finding("alpha", "kept", "transparent parts are blended with white"),
    Finding("animated", "kept", "animated, the first frame is used"),
    Finding("blank", "kept", "every pixel has the same colour"),
)
BY_CODE = {finding.code: finding for finding in _FINDINGS}


_CODES = tuple(BY_CODE)
_BITS = {code: 1 << number for number, code in enumerate(_CODES)}


def mask(codes: Iterable[str]) -> int:
    """The findings of one image as bits of one number, which fits into 32 bits."""
    return sum(_BITS[code] for code in set(codes))


def codes(mask: int) -> tuple[str, ...]:
    """The codes of a mask, sorted."""
    return tuple(sorted(code for code, bit in _BITS.items() if mask & bit))


QUARANTINED, REMOVED = (mask(f.code for f in _FINDINGS if f.action == done) for done in ("quarantined", "removed"))


def action(mask: int) -> Action:
    """What is done with an image that has these findings: the most severe of their actions."""
    if mask & QUARANTINED:
        return "quarantined"
    return "removed" if mask & REMOVED else "kept"
