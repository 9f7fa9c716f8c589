"""One JSON form for files, API, editor and examples; what else is read as a layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import InputError, LayoutError
from ..files import write_text
from . import annotated
from .dense import from_dense, to_dense
from .schema import QUOTED, VERSION, VideoSceneLayout

__all__ = ["dumps", "from_dense", "from_dict", "loads", "read", "to_dense", "to_dict", "write"]

#: A layout file is small; anything larger is not one.
MAX_BYTES = 4_000_000


def to_dict(layout: VideoSceneLayout) -> dict[str, Any]:
    """Plain JSON values of a layout."""
    return layout.model_dump(mode="json")


def from_dict(value: Any) -> VideoSceneLayout:
    """A layout from plain JSON values: ours, the paper's dense form (it has "frames"), or a COCO
    video annotation (it has "annotations").

    Raises
    ------
    LayoutError
        with the path of the field that is wrong.
    """
    if not isinstance(value, dict):
        raise LayoutError("layout: a JSON object is expected")
    if "frames" in value and "objects" not in value:
        return from_dense(value)
    if "annotations" in value and "objects" not in value:
        return annotated.from_coco(value)
    if isinstance(version := value.get("version", VERSION), bool) or version not in (1, VERSION):
        raise LayoutError(
            f"version: {repr(version)[:QUOTED]} is not known here, this program reads versions 1 "
            f"and {VERSION}"
        )
    return VideoSceneLayout(**{str(key): v for key, v in value.items()} | {"version": VERSION})


def dumps(layout: VideoSceneLayout) -> str:
    return json.dumps(to_dict(layout), ensure_ascii=False, indent=1)


def loads(text: str | bytes) -> VideoSceneLayout:
    """A layout from JSON text, or CVAT's XML; LayoutError with the path of the field, or the line,
    if it isn't."""
    if isinstance(text, bytes):
        text = _decoded(text)
    text = text.removeprefix("\ufeff")  # some editors put a byte order mark before it
    if annotated.is_xml(text):
        return annotated.from_cvat(text)
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=whole)
    except json.JSONDecodeError as error:
        if annotated.is_yolo(text):
            raise LayoutError(f"layout: YOLO labels have no names: {annotated.EXPECTED}") from error
        raise LayoutError(f"layout: not JSON (line {error.lineno}: {error.msg})") from error
    except RecursionError as error:
        raise LayoutError("layout: nested too deeply") from error
    return from_dict(value)


def _decoded(data: bytes) -> str:
    """Text in the encoding that its first bytes show (UTF-8, 16 or 32)."""
    try:
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise LayoutError("layout: not a text file in UTF-8") from error


def _no_constant(name: str) -> float:
    raise LayoutError(f"layout: {name} is not a number")


def whole(digits: str) -> int | float:
    """No field holds more than 18 digits: a longer one is left to be refused with its path."""
    return int(digits) if len(digits) <= 18 else float(digits)


def read(path: Path) -> VideoSceneLayout:
    """The layout in a file: JSON (ours, the paper's dense form, COCO video) or CVAT's XML."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LayoutError(f"{path.name}: too large for a layout file (over 4 MB)")
        return loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except OSError as error:
        raise InputError(f"{path.name}: not a readable file") from error


def write(layout: VideoSceneLayout, path: Path) -> None:
    """As JSON; OutputError if it can't be written."""
    write_text(path, dumps(layout) + "\n")
