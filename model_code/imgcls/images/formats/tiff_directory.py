"""The first directory of a TIFF file: numbered tags with their values. Source: TIFF 6.0 and BigTIFF."""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass

from imgcls.images.errors import Damaged
from imgcls.images.structure import Bytes

MAX_ENTRIES = 1000
_TYPES = {1: (1, "B"), 2: (1, "B"), 3: (2, "H"), 4: (4, "I"), 7: (1, "B"), 13: (4, "I"), 16: (8, "Q"), 18: (8, "Q")}
"""Bytes and struct's letter of the types that hold whole numbers without a sign, or bytes."""


@dataclass(frozen=True)
class Directory:
    """`entries` by tag, as in the file; of several with one tag the first. `following` is where the next is."""

    data: Bytes
    order: str
    big: bool
    entries: dict[int, bytes]
    following: int

    def values(self, tag: int, most: int = 64) -> tuple[int, ...]:
        """Empty where there is no such tag. Raises Damaged for more than `most` values, or none that are numbers."""
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        kind, count = struct.unpack_from(self.order + ("HQ" if self.big else "HI"), entry, 2)
        size, letter = _TYPES.get(kind, (0, ""))
        if not size or not 0 < count <= most:
            raise Damaged(f"tag {tag} has {count} values of type {kind}")
        block = entry[12:] if self.big else entry[8:]
        if size * count > len(block):
            place = int.from_bytes(block, "little" if self.order == "<" else "big")
            block = self.data[place : place + size * count]
        if len(block) < size * count:
            raise Damaged(f"the values of tag {tag} are not in the file")
        return struct.unpack_from(f"{self.order}{count}{letter}", block)

    def value(self, tag: int, default: int) -> int:
        return (self.values(tag) or (default,))[0]

    def check_counts(self, tags: Collection[int], most: int) -> None:
        """Raises Damaged where one of these tags has more than `most` values: its reader would make them all."""
        for tag in self.entries.keys() & set(tags):
            (count,) = struct.unpack_from(self.order + ("Q" if self.big else "I"), self.entries[tag], 4)
            if count > most:
                raise Damaged(f"tag {tag} has {count} values")

    def pieces(self, tags: Collection[int]) -> tuple[bytes | slice, ...]:
        """The same file with a directory of these tags alone, which stands at its end, and no other page."""
        kept = [self.entries[tag] for tag in sorted(self.entries) if tag in tags]
        place = len(self.data) + len(self.data) % 2
        width = "Q" if self.big else "I"
        head = self.data[:8] if self.big else self.data[:4]
        return (
            head + struct.pack(self.order + width, place),
            slice(16 if self.big else 8, None),
            b"\0" * (len(self.data) % 2),
            struct.pack(self.order + ("Q" if self.big else "H"), len(kept)),
            *kept,
            struct.pack(self.order + width, 0),
        )


def read(data: Bytes) -> Directory:
    """Raises Damaged."""
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    try:
        if big:
            (start,) = struct.unpack(order + "Q", data[8:16])
            (num,) = struct.unpack(order + "Q", data[start : start + 8])
        else:
            (start,) = struct.unpack(order + "I", data[4:8])
            (num,) = struct.unpack(order + "H", data[start : start + 2])
    except (struct.error, OverflowError, ValueError):
        raise Damaged("its directory is not in the file") from None
    if num > MAX_ENTRIES:
        raise Damaged(f"its directory has {num} entries")
    size, first = (20, start + 8) if big else (12, start + 2)
    end = first + size * num
    if end > len(data):
        raise Damaged("its directory is cut short")
    entries: dict[int, bytes] = {}
    for place in range(first, end, size):
        entry = data[place : place + size]
        entries.setdefault(struct.unpack_from(order + "H", entry)[0], entry)
    following = int.from_bytes(data[end : end + (8 if big else 4)], "little" if order == "<" else "big")
    return Directory(data, order, big, entries, following)
