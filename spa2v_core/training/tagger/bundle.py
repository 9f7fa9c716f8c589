"""Variables of a TensorFlow checkpoint ("tensor bundle"), read without TensorFlow.

The index is a sorted string table of LevelDB's form whose values are small protocol buffers
(`BundleEntryProto`: 1 dtype, 2 shape, 4 offset, 5 size); the data file holds the numbers in a row.
Both forms are described in TensorFlow's `tensor_bundle.h` and LevelDB's `table_format.md`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...errors import InputError

_FLOAT = 1
_FOOTER_BYTES = 48


def read_bundle(folder: Path) -> dict[str, np.ndarray]:
    """Name -> float32 variable of a SavedModel's `variables` folder.

    Raises
    ------
    InputError
        the index is compressed, which TensorFlow does not do for checkpoints.
    """
    index = (folder / "variables.index").read_bytes()
    data = (folder / "variables.data-00000-of-00001").read_bytes()
    variables = {}
    for key, value in _entries(index):
        entry = _message(value)
        if key and entry.get(1) == _FLOAT:
            first, size = int(entry.get(4, 0)), int(entry[5])
            shape = [int(_message(dim).get(1, 0)) for dim in _repeated(entry.get(2, b""), 2)]
            variables[key.decode()] = np.frombuffer(
                data[first : first + size], dtype="<f4"
            ).reshape(shape)
    return variables


def _entries(index: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of all blocks of the table."""
    footer = index[-_FOOTER_BYTES:]
    at = 0
    for _ in range(2):  # the handle of the meta index is not needed
        _, at = _varint(footer, at)
    for _, handle in _block(index, footer[at:]):
        yield from _block(index, handle)


def _block(index: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Entries of the block that a handle (offset and size) points to; keys share prefixes."""
    first, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    if index[first + size] != 0:
        raise InputError("the checkpoint's index is compressed: it can't be read")
    block = index[first : first + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = len(block) - 4 - 4 * restarts, 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _message(data: bytes) -> dict[int, int | bytes]:
    """Field number -> last value of a protocol buffer: a number, or bytes."""
    return dict(_fields(data))


def _repeated(data: int | bytes, field: int) -> list[bytes]:
    """All values of a repeated field of bytes."""
    if not isinstance(data, bytes):
        return []
    return [
        value for number, value in _fields(data) if number == field and isinstance(value, bytes)
    ]


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        elif kind == 2:
            length, at = _varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:  # fixed width: checksums, which are not needed
            at += 4 if kind == 5 else 8


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, position after it) of a base-128 number."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
