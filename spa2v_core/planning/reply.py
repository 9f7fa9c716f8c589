"""A model's reply to a layout: the paper's dense form, or what models make of it.

Every departure from the form that was asked for is repaired where only one reading makes sense, and
told; else `ReplyError` says what is wrong, in words that can be sent back to the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import LayoutError
from ..layout import Box, VideoSceneLayout
from ..layout import io as layout_io
from ..layout.edit import revise
from ..layout.keyframes import dense, sparse
from ..layout.picture import HEIGHT, WIDTH
from ..layout.schema import MAX_FRAMES, MAX_ID
from .parse import ReplyError, json_value

MAX_OBJECTS = 12
#: Smallest side of a box, and how far it may reach outside the frame.
SMALLEST, REACH = 0.02, 1.0
#: Keyframes are the fewest that stay this near to the boxes of the reply.
TOLERANCE = 0.015

FRAMES = ("frames", "frame_layouts", "layouts", "video_layout")
CAPTION = ("video_caption", "global_caption", "caption", "description")
FRAME_CAPTION = ("caption", "frame_caption", "description", "text")
LAYOUT = ("layout", "objects", "boxes", "bboxes", "bounding_boxes", "annotations")
NAME = ("name", "label", "class", "object", "category")
BOX = ("box", "bbox", "bounding_box", "box_2d", "coordinates", "xyxy", "xywh")
CORNERS = (
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
)
SIZES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))


@dataclass(frozen=True)
class Reply:
    """layout: what the reply means. repairs: what had to be guessed for it."""

    layout: VideoSceneLayout
    repairs: tuple[str, ...]


@dataclass
class _Entry:
    """One box of one frame as it stands in the reply."""

    frame: int
    track: int
    name: str
    values: list[float]
    sized: bool  # x, y, width, height
    rows_first: bool  # y before x


def read_reply(text: str, *, frame_count: int, duration_s: float) -> Reply:
    """The layout of a reply, with `frame_count` frames over `duration_s` seconds."""
    value, repairs = json_value(text)
    if isinstance(value, dict) and _is_sparse(value):
        return Reply(_sparse_form(value, frame_count, duration_s), tuple(repairs))
    frames = _frames(value, repairs)
    entries = _entries(frames, repairs)
    if not entries:
        raise ReplyError("the reply has no boxes: every sounding object needs one per frame")
    boxes = _normalised(entries, repairs)
    captions = [_text(_first(f, FRAME_CAPTION)) if isinstance(f, dict) else "" for f in frames]
    head = value if isinstance(value, dict) else {}
    shown: list[dict[str, Any]] = [{"caption": caption, "layout": []} for caption in captions]
    for e, box in zip(entries, boxes, strict=True):
        shown[e.frame]["layout"].append({"id": e.track, "name": e.name, "box": list(box)})
    if len(frames) == 1:
        shown *= frame_count
        repairs.append("one frame was given: it stands for all")
    plan = {
        "reasoning": _text(head.get("reasoning") or head.get("thinking")),
        "video_caption": _text(_first(head, CAPTION)),
        "frames": shown,
    }
    try:
        layout = layout_io.from_dense(plan, duration_s, TOLERANCE)
    except LayoutError as error:
        raise ReplyError(str(error)) from error
    if len(layout.objects) > MAX_OBJECTS:
        raise ReplyError(
            f"the reply has {len(layout.objects)} objects, where what is gone for a frame and "
            f"comes back counts as another: at most {MAX_OBJECTS} are drawn"
        )
    if layout.frame_count != frame_count:
        repairs.append(f"{layout.frame_count} frames were given, not {frame_count}: stretched")
        layout = _stretched(layout, frame_count)
    return Reply(layout, tuple(repairs))


def _is_sparse(value: dict[str, Any]) -> bool:
    objects = value.get("objects")
    return isinstance(objects, list) and any(
        isinstance(one, dict) and "keyframes" in one for one in objects
    )


def _sparse_form(value: dict[str, Any], frame_count: int, duration_s: float) -> VideoSceneLayout:
    """Our own form with keyframes, as a model that was shown a layout may answer."""
    try:
        layout = layout_io.from_dict(
            {"frame_count": frame_count} | value | {"duration_s": duration_s}
        )
    except LayoutError as error:
        raise ReplyError(str(error)) from error
    return layout if layout.frame_count == frame_count else _stretched(layout, frame_count)


def _frames(value: Any, repairs: list[str]) -> list[Any]:
    if isinstance(value, dict) and len(value) == 1 and not _first(value, FRAMES):
        (value,) = value.values()  # {"result": {...}}
        repairs.append("unwrapped the reply")
    if isinstance(value, list):
        repairs.append("a bare list was read as the frames")
        frames: Any = value
    elif isinstance(value, dict):
        frames = _first(value, FRAMES)
        if isinstance(frames, dict):
            frames = list(frames.values())
            repairs.append("frames by name were read in their order")
    else:
        frames = None
    if not isinstance(frames, list) or not frames:
        raise ReplyError('the reply needs "frames": a list with the boxes of every frame')
    if len(frames) > MAX_FRAMES:
        raise ReplyError(f"the reply has {len(frames)} frames: at most {MAX_FRAMES} are read")
    return frames


def _entries(frames: list[Any], repairs: list[str]) -> list[_Entry]:
    found: list[_Entry] = []
    known: dict[tuple[str, int], int] = {}
    for index, frame in enumerate(frames):
        items = frame if isinstance(frame, list) else _first(frame, LAYOUT)
        if items is None and isinstance(frame, dict) and _first(frame, BOX) is not None:
            items = [frame]
        if isinstance(items, dict):
            items = [{"name": name, "box": box} for name, box in items.items()]
        if items is None:
            items = []
        if not isinstance(items, list):
            raise ReplyError(f"frames[{index}].layout: a list of objects is expected")
        seen: dict[str, int] = {}
        for place, item in enumerate(items):
            path = f"frames[{index}].layout[{place}]"
            entry = _entry(item, index, path)
            if entry is None:
                _once(repairs, "boxes of nothing but zeros were read as absence")
                continue
            # things are told apart by their id, or else by the order among those of one name
            which = seen[entry.name] = seen.get(entry.name, -1) + 1
            key = (entry.name, entry.track if entry.track >= 0 else which)
            entry.track = known.setdefault(key, len(known))
            found.append(entry)
    if len(known) > MAX_OBJECTS:
        raise ReplyError(f"the reply has {len(known)} objects: at most {MAX_OBJECTS} are drawn")
    return found


def _entry(item: Any, frame: int, path: str) -> _Entry | None:
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
        item = {"name": item[0], "box": item[1]}
    if not isinstance(item, dict):
        raise ReplyError(f"{path}: an object with a name and a box is expected")
    name = _text(_first(item, NAME))
    if not name:
        raise ReplyError(f"{path}.name: what sounds there is missing")
    values, sized = _values(item, path)
    if not any(values):
        return None
    track = item.get("id", -1)
    if isinstance(track, str):
        track = float(digits[-1]) if (digits := re.findall(r"\d+", track)) else -1
    if isinstance(track, float):
        track = int(track) if abs(track) <= MAX_ID else -1
    if not isinstance(track, int) or isinstance(track, bool):
        track = -1
    return _Entry(frame, max(track, -1), name[:200], values, sized, "box_2d" in item)


def _values(item: dict[str, Any], path: str) -> tuple[list[float], bool]:
    """(four numbers, whether the last two are a size)."""
    box = next((item[key] for key in BOX if item.get(key) is not None), None)
    if box is None:
        box = item
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


def _normalised(entries: list[_Entry], repairs: list[str]) -> list[Box]:
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
        _once(repairs, "boxes far outside the picture were moved in")
        x1, x2 = (min(max(v, low), high) for v in (x1, x2))
        y1, y2 = (min(max(v, low), high) for v in (y1, y2))
    if x2 - x1 < SMALLEST or y2 - y1 < SMALLEST:
        _once(repairs, "boxes without a size were given one")
        x1, x2 = _wide(x1, x2)
        y1, y2 = _wide(y1, y2)
    return Box(x1, y1, x2, y2)


def _wide(low: float, high: float) -> tuple[float, float]:
    missing = max(0.0, SMALLEST - (high - low)) / 2
    return low - missing, high + missing


def _stretched(layout: VideoSceneLayout, frame_count: int) -> VideoSceneLayout:
    """The same motion in another number of frames."""
    objects = []
    for track in layout.objects:
        boxes = dense(track, layout.frame_count, frame_count)
        there = [k for k, box in enumerate(boxes) if box is not None]
        first, last = (there[0], there[-1]) if there else (0, 0)
        kept = [box for box in boxes[first : last + 1] if box is not None]
        keyframes = sparse(kept or [track.keyframes[0].box], first, TOLERANCE)
        objects.append(revise(track, start=first, end=last, keyframes=keyframes))
    captions = layout.frame_captions
    if captions:
        step = len(captions) / frame_count
        captions = tuple(captions[int((k + 0.5) * step)] for k in range(frame_count))
    return revise(layout, frame_count=frame_count, objects=tuple(objects), frame_captions=captions)


def _first(value: Any, names: Sequence[str]) -> Any:
    if not isinstance(value, dict):
        return None
    return next((value[name] for name in names if value.get(name) is not None), None)


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = " ".join(str(one) for one in value)
    return " ".join(str(value).split())[:4000] if isinstance(value, str | int | float) else ""


def _once(repairs: list[str], text: str) -> None:
    if text not in repairs:
        repairs.append(text)
