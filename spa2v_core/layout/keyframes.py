"""Sparse keyframes <-> dense boxes, with easing."""

from __future__ import annotations

from collections.abc import Sequence

from ..units import resample_frame
from .schema import Box, Keyframe, ObjectTrack


def ease(t: float, easing: str) -> float:
    """Share of the way at share `t` (0..1) of the time: linear, ease (smoothstep) or hold."""
    if easing == "hold":
        return 0.0 if t < 1 else 1.0
    return t * t * (3 - 2 * t) if easing == "ease" else t


def box_at(track: ObjectTrack, frame: float) -> Box:
    """Interpolated box at a (fractional) layout frame; before the first and after the last
    keyframe the box stays."""
    keyframes = track.keyframes
    if frame <= keyframes[0].frame:
        return keyframes[0].box
    for left, right in zip(keyframes, keyframes[1:], strict=False):
        if frame < right.frame:
            t = ease((frame - left.frame) / (right.frame - left.frame), left.easing)
            return Box(*(a + (b - a) * t for a, b in zip(left.box, right.box, strict=True)))
    return keyframes[-1].box


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

    Shortest path over all segments that fit, so no other subset of the boxes is smaller.
    """
    count = len(boxes)
    if count == 0:
        raise ValueError("no boxes")
    fewest = [0] + [count] * (count - 1)
    previous = [0] * count
    for stop in range(1, count):
        for start in range(stop):
            if fewest[start] + 1 < fewest[stop] and _fits(boxes, start, stop, tolerance):
                fewest[stop], previous[stop] = fewest[start] + 1, start
    chosen = [count - 1]
    while chosen[-1] != 0:
        chosen.append(previous[chosen[-1]])
    chosen.reverse()
    if len(chosen) == 2 and _same(boxes[0], boxes[-1], tolerance):
        chosen = chosen[:1]
    return tuple(Keyframe(frame=first_frame + i, box=boxes[i]) for i in chosen)


def _fits(boxes: Sequence[Box], start: int, stop: int, tolerance: float) -> bool:
    for index in range(start + 1, stop):
        t = (index - start) / (stop - start)
        line = Box(*(a + (b - a) * t for a, b in zip(boxes[start], boxes[stop], strict=True)))
        if not _same(line, boxes[index], tolerance):
            return False
    return True


def _same(a: Box, b: Box, tolerance: float) -> bool:
    return all(abs(p - q) <= tolerance for p, q in zip(a, b, strict=True))
