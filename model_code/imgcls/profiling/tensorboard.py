"""TensorBoard's event file of a training, written without TensorBoard, which the stock training image does not have.

A record is a length, the checksum of the length, the bytes and their checksum (TensorFlow's
core/lib/io/record_writer.h); the bytes are an Event message (tensorboard/compat/proto/event.proto), of which scalars
need five fields.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from pathlib import Path


class EventFile:
    """One file of scalars in `folder`, for `tensorboard --logdir FOLDER`; complete after every call."""

    def __init__(self, folder: Path) -> None:
        for earlier in folder.glob("events.out.tfevents.*"):
            earlier.unlink()  # TensorBoard would show both runs as one
        self._file = (folder / f"events.out.tfevents.{int(time.time())}.kennel").open("wb")
        self._write(_double(1, time.time()) + _bytes(3, b"brain.Event:2"))

    def scalars(self, values: Mapping[str, float], step: int, when: float) -> None:
        """Write one event with all `values`; the part of a name before `:` groups the charts."""
        summary = b"".join(
            _bytes(1, _bytes(1, name.replace(":", "/").encode()) + _float(2, value)) for name, value in values.items()
        )
        self._write(_double(1, when) + _integer(2, step) + _bytes(5, summary))

    def close(self) -> None:
        self._file.close()

    def _write(self, event: bytes) -> None:
        length = struct.pack("<Q", len(event))
        self._file.write(length + _checksum(length) + event + _checksum(event))
        self._file.flush()


# Protocol buffers: a field is its number and wire type in one byte, then the value. Wire types: 0 varint, 1 eight
# bytes, 2 length and bytes, 5 four bytes.


def _integer(field: int, value: int) -> bytes:
    return bytes([field << 3]) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return bytes([field << 3 | 1]) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(value)) + value


def _float(field: int, value: float) -> bytes:
    return bytes([field << 3 | 5]) + struct.pack("<f", value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _checksum(data: bytes) -> bytes:
    """CRC-32C, rotated and offset as the format requires."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _table() -> list[int]:
    """CRC-32C of every byte: the Castagnoli polynomial, bits reversed."""
    table = list(range(256))
    for _ in range(8):
        table = [value >> 1 ^ (0x82F63B78 if value & 1 else 0) for value in table]
    return table


_TABLE = _table()
