"""Sound files inside the containers of games: Qt resources, OpenTTD sound sets and zips."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = (".wav", ".ogg", ".oga", ".mp3", ".flac", ".aif", ".aiff", ".au", ".opus")


def unpack(container: Path, folder: Path) -> None:
    """Write the sounds of a .rcc, .cat or .zip file below `folder`."""
    read = {".rcc": _qt_resource, ".cat": _openttd, ".zip": _zip}[container.suffix]
    for name, payload in read(container):
        parts = [part for part in Path(name).parts if part not in ("/", "..")]
        target = folder.joinpath(*parts)
        if target.suffix.lower() in SUFFIXES and payload:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(payload)


def _qt_resource(path: Path) -> Iterator[tuple[str, bytes]]:
    """Files of a Qt binary resource (big endian; from format 2 on nodes carry a time stamp)."""
    blob = path.read_bytes()
    version, tree, data, names = struct.unpack_from(">4I", blob, 4)
    node_size = 14 if version < 2 else 22

    def walk(index: int, parent: str) -> Iterator[tuple[str, bytes]]:
        at = tree + index * node_size
        name_at, flags = struct.unpack_from(">IH", blob, at)
        name = ""
        if index:
            (length,) = struct.unpack_from(">H", blob, names + name_at)
            start = names + name_at + 6
            name = f"{parent}/{blob[start : start + 2 * length].decode('utf-16-be')}"
        if flags & 2:
            count, first = struct.unpack_from(">2I", blob, at + 6)
            for child in range(first, first + count):
                yield from walk(child, name)
            return
        (offset,) = struct.unpack_from(">I", blob, at + 10)
        (size,) = struct.unpack_from(">I", blob, data + offset)
        payload = blob[data + offset + 4 : data + offset + 4 + size]
        yield name, zlib.decompress(payload[4:]) if flags & 1 else payload

    yield from walk(0, "")


def _openttd(path: Path) -> Iterator[tuple[str, bytes]]:
    """Entries of an OpenTTD sound set: (offset, size) pairs, then name, RIFF data each."""
    blob = path.read_bytes()
    (first,) = struct.unpack_from("<I", blob, 0)
    for index in range((first & 0x7FFFFFFF) // 8):
        (offset,) = struct.unpack_from("<I", blob, 8 * index)
        start = offset & 0x7FFFFFFF
        title = blob[start + 1 : start + 1 + blob[start]].split(b"\0")[0].decode("utf-8", "replace")
        at = start + 1 + blob[start]
        (size,) = struct.unpack_from("<I", blob, at + 4)
        short = re.sub(r"[^A-Za-z0-9]+", "_", title.split(".")[0]).strip("_")[:50]
        yield f"{index:03d}_{short}.wav", blob[at : at + 8 + size]


def _zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and Path(info.filename).suffix.lower() in SUFFIXES:
                yield info.filename, archive.read(info)
