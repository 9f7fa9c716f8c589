"""Boxes as models write them: corners or sizes, shares, pixels, percentages or thousandths.

What has one reading is read so, and told; else `ReplyError` says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..layout import Box
from ..layout.picture import HEIGHT, WIDTH
from .parse import ReplyError

MAX_OBJECTS = 12
#: Keyframes are the fewest that stay this near to the boxes of the reply.
TOLERANCE = 0.015
#: Smallest side of a box, and how far it may reach outside the frame.
SMALLEST, REACH = 0.02, 1.0
NAME = ("name", "label", "class", "object", "category")
BOX = ("box", "bbox", "bounding_box", "box_2d", "coordinates", "xyxy", "xywh")
CAPTION = ("video_caption", "global_caption", "caption", "description")
FRAME_CAPTION = ("caption", "frame_caption", "description", "text")
CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
)
SIZES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))


@dataclass
class Entry:
    """One box of one track at one frame, as it stands in the reply."""

    frame: int
    track: int
    name: str
    values: list[float]
    sized: bool  # x, y, width, height
    rows_first: bool  # y before x


def values_of(item: Mapping[str, Any], path: str) -> tuple[list[float], bool]:
    """(four numbers, whether the last two are a size)."""
    box: Any = next((item[key] for key in BOX if item.get(key) is not None), item)
    sized = item.get("xywh") is not None
    if isinstance(box, str):
        box = re.findall(r"-?\d+(?:\.\d+)?", box)
    if isinstance(box, dict):
        names = next((n for n in (*CORNERS, *SIZES) if all(key in box for key in n)), None)
        if names is None:
            raise ReplyError(f"{path}.box: [x1, y1, x2, y2] is expected")
        sized, box = names in SIZES, [box[key] for key in names]
    if isinstance(box, list) and len(box) == 2 and all(isinstance(p, list) for p in box):
        box = [*box[0], *box[1]]
    if not isinstance(box, Sequence) or len(box) != 4:
        raise ReplyError(f"{path}.box: four numbers [x1, y1, x2, y2] are expected")
    try:
        values = [float(str(v).strip().removesuffix("px").removesuffix("%")) for v in box]
    except ValueError as error:
        raise ReplyError(f"{path}.box: four numbers are expected, not {box}") from error
    if not all(abs(v) < 1e5 for v in values):
        raise ReplyError(f"{path}.box: {values} is not in the picture")
    return values, sized


def normalised(entries: list[Entry], repairs: list[str]) -> list[Box]:
    """Boxes as corners in 0..1, read the same way throughout the reply."""
    rows = [[e.values[k] for k in (1, 0, 3, 2)] if e.rows_first else e.values for e in entries]
    thousand = any(e.rows_first for e in entries)
    if thousand:
        repairs.append("box_2d was read as [y1, x1, y2, x2]")
    unit_x, unit_y = _units(rows, thousand, repairs)
    rows = [[v / (unit_y if k % 2 else unit_x) for k, v in enumerate(row)] for row in rows]
    if any(e.sized for e in entries) or _are_sizes(rows):
        repairs.append("boxes were given as x, y, width, height")
        rows = [[x, y, x + w, y + h] for x, y, w, h in rows]
    elif any(row[0] > row[2] or row[1] > row[3] for row in rows):
        repairs.append("swapped corners were put in order")
    return [_tidy(row, repairs) for row in rows]


def _units(rows: list[list[float]], thousand: bool, repairs: list[str]) -> tuple[float, float]:
    """What a width and a height are in the reply."""
    across = max(abs(v) for row in rows for v in row[::2])
    down = max(abs(v) for row in rows for v in row[1::2])
    if max(across, down) <= 2.0 and not thousand:
        return 1.0, 1.0
    if thousand or across > 1.1 * WIDTH or down > 1.1 * HEIGHT:
        if max(across, down) > 1.1 * 1000:
            raise ReplyError("the boxes are not in 0..1: [x1, y1, x2, y2] as shares of the frame")
        repairs.append("coordinates of 0 to 1000 were scaled to 0..1")
        return 1000.0, 1000.0
    if max(across, down) <= 100:
        repairs.append("percentages were scaled to 0..1")
        return 100.0, 100.0
    repairs.append(f"pixels of {WIDTH}x{HEIGHT} were scaled to 0..1")
    return float(WIDTH), float(HEIGHT)


def _are_sizes(rows: list[list[float]]) -> bool:
    """Whether the last two numbers can only be a size: as corners some are the wrong way round,
    as sizes all boxes are in the picture."""
    reversed_ = any(row[0] >= row[2] or row[1] >= row[3] for row in rows)
    fits = all(w > 0.01 and h > 0.01 and x + w <= 1.25 and y + h <= 1.25 for x, y, w, h in rows)
    return reversed_ and fits


def _tidy(row: list[float], repairs: list[str]) -> Box:
    x1, x2 = sorted((row[0], row[2]))
    y1, y2 = sorted((row[1], row[3]))
    low, high = -REACH, 1 + REACH
    if x1 < low or y1 < low or x2 > high or y2 > high:
        once(repairs, "boxes far outside the picture were moved in")
        x1, x2 = (min(max(v, low), high) for v in (x1, x2))
        y1, y2 = (min(max(v, low), high) for v in (y1, y2))
    if x2 - x1 < SMALLEST or y2 - y1 < SMALLEST:
        once(repairs, "boxes without a size were given one")
        x1, x2 = _wide(x1, x2)
        y1, y2 = _wide(y1, y2)
    return Box(x1, y1, x2, y2)


def _wide(low: float, high: float) -> tuple[float, float]:
    missing = max(0.0, SMALLEST - (high - low)) / 2
    return low - missing, high + missing


def first(value: Any, names: Sequence[str]) -> Any:
    if not isinstance(value, dict):
        return None
    return next((value[name] for name in names if value.get(name) is not None), None)


def text_of(value: Any) -> str:
    if isinstance(value, list):
        value = " ".join(str(one) for one in value)
    return " ".join(str(value).split())[:4000] if isinstance(value, str | int | float) else ""


def once(repairs: list[str], text: str) -> None:
    if text not in repairs:
        repairs.append(text)
