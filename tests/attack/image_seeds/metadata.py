"""What several formats carry, and the most bytes of a file."""

from __future__ import annotations

import struct

MAX_BYTES = 6 * 1024**2


def exif(orientation: int) -> bytes:
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


class Bits:
    """Written from the lowest bit of each byte on."""

    def __init__(self) -> None:
        self._value, self._num = 0, 0
        self._bytes = bytearray()

    def put(self, value: int, num: int) -> None:
        self._value |= value << self._num
        self._num += num
        while self._num >= 8:
            self._bytes.append(self._value & 255)
            self._value >>= 8
            self._num -= 8

    def __len__(self) -> int:
        return len(self._bytes)

    def done(self) -> bytes:
        return bytes(self._bytes) + bytes((self._value & 255,))
