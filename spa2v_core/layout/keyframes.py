"""Sparse keyframes <-> dense boxes, with easing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from ..units import resample_frame
from .schema import Box, Keyframe, ObjectTrack


def ease(t: float, easing: str) -> float:
    """Share of the way at share `t` (0..1) of the time: linear, ease (smoothstep), ease-in (slow
    first), ease-out (slow last) or hold."""
    match easing:
        case "ease":
            return t * t * (3 - 2 * t)
        case "ease-in":
            return t * t
        case "ease-out":
            return t * (2 - t)
        case "hold":
            return 0.0 if t < 1 else 1.0
    return t


def box_at(track: ObjectTrack, frame: float) -> Box:
    """Interpolated box at a (fractional) layout frame; before the first and after the last
    keyframe the box stays."""
    keyframes = track.keyframes
    after = bisect_right(keyframes, frame, key=lambda keyframe: keyframe.frame)
    if after == 0 or after == len(keyframes):
        return keyframes[min(after, len(keyframes) - 1)].box
    left, right = keyframes[after - 1], keyframes[after]
    if frame == left.frame:
        return left.box
    t = ease((frame - left.frame) / (right.frame - left.frame), left.easing)
    return Box(*(a + (b - a) * t for a, b in zip(left.box, right.box, strict=True)))


def dense(track: ObjectTrack, frame_count: int, count: int | None = None) -> list[Box | None]:
    """Boxes of `count` frames spread over the layout's time (its own frames by default);
    None where the object is absent."""
    boxes: list[Box | None] = []
    for index in range(count or frame_count):
        frame = resample_frame(index, count or frame_count, frame_count)
        boxes.append(box_at(track, frame) if track.present(frame) else None)
    return boxes


def sparse(
    boxes: Sequence[Box], first_frame: int = 0, tolerance: float = 0.01
) -> tuple[Keyframe, ...]:
    """The fewest linear keyframes that stay within `tolerance` (every coordinate, frame widths)
    of `boxes`, which stand at first_frame, first_frame + 1, ...

    Shortest path over all segments that fit, so no other subset of the boxes is smaller: breadth
    first, from each box to all that its segments reach, so in time of about the boxes times the
    length of the segments.
    """
    count = len(boxes)
    if count == 0:
        raise ValueError("no boxes")
    path = np.array(boxes, np.float64)
    previous = [0] + [-1] * (count - 1)
    level = [0]
    while previous[-1] < 0:
        reached: list[int] = []
        for start in level:  # the earliest that reaches a box is its predecessor
            for stop in _reach(path, start, tolerance):
                if previous[stop] < 0:
                    previous[stop] = start
                    reached.append(stop)
            if previous[-1] >= 0:
                break
        level = sorted(reached)
    chosen = [count - 1]
    while chosen[-1] != 0:
        chosen.append(previous[chosen[-1]])
    chosen.reverse()
    if len(chosen) == 2 and np.all(np.abs(path[0] - path[-1]) <= tolerance):
        chosen = chosen[:1]
    return tuple(Keyframe(frame=first_frame + i, box=boxes[i]) for i in chosen)


#: Well above what arithmetic loses: nearer to the tolerance than this a segment is looked at anew.
_DOUBT = 1e-9


def _reach(path: np.ndarray, start: int, tolerance: float) -> list[int]:
    """All stops of segments from `start` that stay within `tolerance` of the (n, 4) path.

    The boxes passed on the way leave a cone of slopes in each coordinate (Imai and Iri, 1986); it
    is followed until it is closed.
    """
    size, left = 32, len(path) - start - 1
    while True:
        ahead = path[start + 1 : start + 1 + size] - path[start]
        steps = np.arange(1, len(ahead) + 1)[:, None]
        slopes = ahead / steps
        inside, possible = (
            _in_cone(slopes, (tolerance + doubt) / steps) for doubt in (-_DOUBT, _DOUBT)
        )
        if possible[1] or size >= left:
            break
        size *= 4
    doubtful = np.flatnonzero(possible[0] & ~inside[0])
    for index in doubtful:
        inside[0][index] = _fits(path, start, start + 1 + int(index), tolerance)
    return (np.flatnonzero(inside[0]) + start + 1).tolist()


def _in_cone(slopes: np.ndarray, margins: np.ndarray) -> tuple[np.ndarray, bool]:
    """(which of (m, 4) slopes are inside the cone that those before leave open, whether it is
    closed at the end)."""
    low = np.maximum.accumulate(slopes - margins)
    high = np.minimum.accumulate(slopes + margins)
    inside = np.ones(len(slopes), bool)
    inside[1:] = ((slopes[1:] >= low[:-1]) & (slopes[1:] <= high[:-1])).all(1)
    return inside, bool((low[-1] > high[-1]).any())


def _fits(path: np.ndarray, start: int, stop: int, tolerance: float) -> bool:
    t = (np.arange(1, stop - start) / (stop - start))[:, None]
    line = path[start] + (path[stop] - path[start]) * t
    return bool(np.all(np.abs(line - path[start + 1 : stop]) <= tolerance))
