"""A reply in the form that is asked for: objects with few keyframes, captions where they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import LayoutError
from ..layout import Box, ObjectTrack, VideoSceneLayout
from ..layout import io as layout_io
from ..layout.keyframes import sparse
from ..layout.schema import MAX_FRAMES, MAX_ID
from .parse import ReplyError
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

KEYFRAMES = ("keyframes", "keys", "boxes", "positions")
FRAME = ("frame", "frame_index", "index", "at", "from")
START, END = ("start", "start_frame", "first_frame"), ("end", "end_frame", "last_frame")
CAPTIONS = ("frame_captions", "captions")


def has_tracks(value: Any) -> bool:
    """Whether it lists objects over time, not frames with their boxes."""
    objects = value.get("objects") if isinstance(value, dict) else None
    return (
        isinstance(objects, list)
        and "frames" not in value
        and any(isinstance(one, dict) and first(one, (*KEYFRAMES, *BOX)) for one in objects)
    )


def read_tracks(
    value: dict[str, Any], frame_count: int, duration_s: float, repairs: list[str]
) -> VideoSceneLayout:
    """The layout of a reply, with as many frames as it says (`frame_count` if it doesn't)."""
    if "version" in value:  # a layout file of ours, as a model that saw one may answer
        try:
            return layout_io.from_dict(value | {"duration_s": duration_s})
        except LayoutError as error:
            raise ReplyError(str(error)) from error
    count = value.get("frame_count")
    if not isinstance(count, int) or not 1 <= count <= MAX_FRAMES:
        count = frame_count
    objects = [one for one in value["objects"] if one]
    if len(objects) > MAX_OBJECTS:
        raise ReplyError(f"the reply has {len(objects)} objects: at most {MAX_OBJECTS} are drawn")
    entries = [e for k, one in enumerate(objects) for e in _entries(one, k, count, repairs)]
    if not entries:
        raise ReplyError("the reply has no boxes: every sounding object needs one")
    from_one = _from_one(entries, count, repairs)
    boxes = normalised(entries, repairs)
    ids = _ids(objects)
    tracks = []
    for index, item in enumerate(objects):
        seen = {e.frame: box for e, box in zip(entries, boxes, strict=True) if e.track == index}
        if seen:
            span = _span(item, count, from_one, f"objects[{index}]", repairs)
            tracks.append(_track(ids[index], _name(item), seen, span))
    return VideoSceneLayout(
        frame_count=count,
        duration_s=duration_s,
        reasoning=text_of(value.get("reasoning") or value.get("thinking")),
        caption=text_of(first(value, CAPTION)),
        frame_captions=_captions(first(value, CAPTIONS), count, from_one),
        objects=tuple(tracks),
    )


def _entries(item: Any, index: int, count: int, repairs: list[str]) -> list[Entry]:
    """The keyframes of one object."""
    path = f"objects[{index}]"
    if not isinstance(item, dict) or not _name(item):
        raise ReplyError(f"{path}.name: what sounds there is missing")
    keys = first(item, KEYFRAMES)
    if keys is None and first(item, BOX) is not None:
        keys = [item]
    if not isinstance(keys, list) or len(keys) > MAX_FRAMES:
        raise ReplyError(f"{path}.keyframes: a list of frames with their boxes is expected")
    found = []
    for place, key in enumerate(keys):
        here = f"{path}.keyframes[{place}]"
        if isinstance(key, list) and len(key) == 5:
            key = {"frame": key[0], "box": key[1:]}
        if not isinstance(key, dict):
            raise ReplyError(f"{here}: a frame and a box are expected")
        said = first(key, FRAME)
        if said is None and len(keys) not in (1, count):
            raise ReplyError(f"{here}.frame: the frame of the box is missing")
        frame = place if said is None else _whole(said, f"{here}.frame")
        values, sized = values_of(key, here)
        if not any(values):
            once(repairs, "boxes of nothing but zeros were read as absence")
            continue
        found.append(Entry(frame, index, _name(item), values, sized, "box_2d" in key))
    return found


def _from_one(entries: Sequence[Entry], count: int, repairs: list[str]) -> bool:
    """Whether frames are counted from 1; they are from 0 after it."""
    low, high = (pick(e.frame for e in entries) for pick in (min, max))
    from_one = high == count and low >= 1
    if from_one:
        repairs.append("frames were counted from 1")
        for entry in entries:
            entry.frame -= 1
    elif low < 0 or high >= count:
        wrong = low if low < 0 else high
        raise ReplyError(f"frames run from 0 to {count - 1}: there is no frame {wrong}")
    return from_one


def _span(
    item: dict[str, Any], count: int, from_one: bool, path: str, repairs: list[str]
) -> tuple[int, int]:
    """First and last frame where it is there, all if it doesn't say."""
    ends = []
    for names, default in ((START, 0), (END, count - 1)):
        said = first(item, names)
        frame = default if said is None else _whole(said, f"{path}.{names[0]}") - from_one
        ends.append(min(max(frame, 0), count - 1))
    if ends[0] > ends[1]:
        once(repairs, "start and end were put in order")
    return min(ends), max(ends)


def _track(number: int, name: str, seen: dict[int, Box], span: tuple[int, int]) -> ObjectTrack:
    """Straight from keyframe to keyframe, and still before the first and after the last."""
    start, end = span
    at = sorted(seen)
    frames = np.arange(start, end + 1)
    sides = np.array([tuple(seen[k]) for k in at])
    path = np.stack([np.interp(frames, at, side) for side in sides.T], axis=1)
    keyframes = sparse([Box(*map(float, row)) for row in path], start, TOLERANCE)
    return ObjectTrack(id=number, name=name, start=start, end=end, keyframes=keyframes)


def _ids(objects: Sequence[Any]) -> list[int]:
    """Those that are said, if they tell the objects apart; else their order."""
    said = [one.get("id") for one in objects]
    good = all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i <= MAX_ID for i in said)
    return said if good and len(set(said)) == len(said) else list(range(len(objects)))


def _name(item: dict[str, Any]) -> str:
    name = text_of(first(item, NAME))
    return f"{text_of(item.get('appearance'))} {name}".strip()[:200] if name else ""


def _captions(said: Any, count: int, from_one: bool) -> tuple[str, ...]:
    """One a frame: each holds until the next one; () if there are none."""
    if not isinstance(said, list) or not said:
        return ()
    if all(isinstance(one, str) for one in said):
        return tuple(text_of(said[int(k * len(said) / count)]) for k in range(count))
    captions = [""] * count
    known = [one for one in said if isinstance(one, dict) and first(one, FRAME_CAPTION)]
    for one in known:
        frame = _whole(first(one, FRAME) or 0, "frame_captions.frame") - from_one
        for k in range(max(frame, 0), count):
            captions[k] = text_of(first(one, FRAME_CAPTION))
    return tuple(captions) if known else ()


def _whole(value: Any, path: str) -> int:
    try:
        number = float(value)
        if abs(number) > 1e6 or isinstance(value, bool):
            raise ValueError
        return round(number)
    except (TypeError, ValueError, OverflowError) as error:
        raise ReplyError(f"{path}: the number of a frame is expected, not {value!r:.40}") from error
