"""A model's reply to a layout: objects with keyframes, the paper's dense form, or what models make
of them.

Every departure from the form that was asked for is repaired where only one reading makes sense, and
told; else `ReplyError` says what is wrong, in words that can be sent back to the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..errors import LayoutError
from ..layout import VideoSceneLayout
from ..layout import io as layout_io
from ..layout.edit import revise
from ..layout.keyframes import dense, sparse
from ..layout.schema import MAX_FRAMES, MAX_ID
from .parse import ReplyError, json_value
from .reply_tracks import has_tracks, read_tracks
from .reply_values import (
    BOX,
    CAPTION,
    FRAME_CAPTION,
    MAX_OBJECTS,
    NAME,
    TOLERANCE,
    Entry,
    first,
    normalised,
    once,
    text_of,
    values_of,
)

FRAMES = ("frames", "frame_layouts", "layouts", "video_layout")
LAYOUT = ("layout", "objects", "boxes", "bboxes", "bounding_boxes", "annotations")


@dataclass(frozen=True)
class Reply:
    """layout: what the reply means. repairs: what had to be guessed for it."""

    layout: VideoSceneLayout
    repairs: tuple[str, ...]


def read_reply(text: str, *, frame_count: int, duration_s: float) -> Reply:
    """The layout of a reply, with `frame_count` frames over `duration_s` seconds."""
    value, repairs = json_value(text)
    value = _unwrapped(value, repairs)
    if has_tracks(value):
        layout = read_tracks(value, frame_count, duration_s, repairs)
    else:
        layout = _dense_form(value, frame_count, duration_s, repairs)
    if layout.frame_count != frame_count:
        repairs.append(f"{layout.frame_count} frames were given, not {frame_count}: stretched")
        layout = _stretched(layout, frame_count)
    return Reply(layout, tuple(repairs))


def _unwrapped(value: Any, repairs: list[str]) -> Any:
    """What is inside of {"result": {...}}."""
    if isinstance(value, dict) and len(value) == 1 and not first(value, (*FRAMES, "objects")):
        (value,) = value.values()
        repairs.append("unwrapped the reply")
    return value


def _dense_form(
    value: Any, frame_count: int, duration_s: float, repairs: list[str]
) -> VideoSceneLayout:
    """The paper's form: the boxes of every frame."""
    frames = _frames(value, repairs)
    entries = _entries(frames, repairs)
    if not entries:
        raise ReplyError("the reply has no boxes: every sounding object needs one per frame")
    boxes = normalised(entries, repairs)
    captions = [text_of(first(f, FRAME_CAPTION)) if isinstance(f, dict) else "" for f in frames]
    head = value if isinstance(value, dict) else {}
    shown: list[dict[str, Any]] = [{"caption": caption, "layout": []} for caption in captions]
    for e, box in zip(entries, boxes, strict=True):
        shown[e.frame]["layout"].append({"id": e.track, "name": e.name, "box": list(box)})
    if len(frames) == 1:
        shown *= frame_count
        repairs.append("one frame was given: it stands for all")
    plan = {
        "reasoning": text_of(head.get("reasoning") or head.get("thinking")),
        "video_caption": text_of(first(head, CAPTION)),
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
    return layout


def _frames(value: Any, repairs: list[str]) -> list[Any]:
    if isinstance(value, list):
        repairs.append("a bare list was read as the frames")
        frames: Any = value
    elif isinstance(value, dict):
        frames = first(value, FRAMES)
        if isinstance(frames, dict):
            frames = list(frames.values())
            repairs.append("frames by name were read in their order")
    else:
        frames = None
    if not isinstance(frames, list) or not frames:
        raise ReplyError('the reply needs "objects": a list of what sounds, with its keyframes')
    if len(frames) > MAX_FRAMES:
        raise ReplyError(f"the reply has {len(frames)} frames: at most {MAX_FRAMES} are read")
    return frames


def _entries(frames: list[Any], repairs: list[str]) -> list[Entry]:
    found: list[Entry] = []
    known: dict[tuple[str, int], int] = {}
    for index, frame in enumerate(frames):
        items = frame if isinstance(frame, list) else first(frame, LAYOUT)
        if items is None and isinstance(frame, dict) and first(frame, BOX) is not None:
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
                once(repairs, "boxes of nothing but zeros were read as absence")
                continue
            # things are told apart by their id, or else by the order among those of one name
            which = seen[entry.name] = seen.get(entry.name, -1) + 1
            key = (entry.name, entry.track if entry.track >= 0 else which)
            entry.track = known.setdefault(key, len(known))
            found.append(entry)
    if len(known) > MAX_OBJECTS:
        raise ReplyError(f"the reply has {len(known)} objects: at most {MAX_OBJECTS} are drawn")
    return found


def _entry(item: Any, frame: int, path: str) -> Entry | None:
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
        item = {"name": item[0], "box": item[1]}
    if not isinstance(item, dict):
        raise ReplyError(f"{path}: an object with a name and a box is expected")
    name = text_of(first(item, NAME))
    if not name:
        raise ReplyError(f"{path}.name: what sounds there is missing")
    values, sized = values_of(item, path)
    if not any(values):
        return None
    track = item.get("id", -1)
    if isinstance(track, str):
        track = float(digits[-1]) if (digits := re.findall(r"\d+", track)) else -1
    if isinstance(track, float):
        track = int(track) if abs(track) <= MAX_ID else -1
    if not isinstance(track, int) or isinstance(track, bool):
        track = -1
    return Entry(frame, max(track, -1), name[:200], values, sized, "box_2d" in item)


def _stretched(layout: VideoSceneLayout, frame_count: int) -> VideoSceneLayout:
    """The same motion in another number of frames."""
    objects = []
    for track in layout.objects:
        boxes = dense(track, layout.frame_count, frame_count)
        there = [k for k, box in enumerate(boxes) if box is not None]
        start, end = (there[0], there[-1]) if there else (0, 0)
        kept = [box for box in boxes[start : end + 1] if box is not None]
        keyframes = sparse(kept or [track.keyframes[0].box], start, TOLERANCE)
        objects.append(revise(track, start=start, end=end, keyframes=keyframes))
    captions = layout.frame_captions
    if captions:
        step = len(captions) / frame_count
        captions = tuple(captions[int((k + 0.5) * step)] for k in range(frame_count))
    return revise(layout, frame_count=frame_count, objects=tuple(objects), frame_captions=captions)
