"""What a clause in words does to one track; `words` finds out which clause and which track."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import LayoutError
from ..vocabulary import COLOURS
from .edit import revise
from .keyframes import box_at
from .picture import HORIZON
from .schema import Box, Easing, Keyframe, ObjectTrack, VideoSceneLayout

#: Where words put a centre, in shares of the width or height.
COLUMNS = {"left": 0.2, "right": 0.8, "middle": 0.5, "centre": 0.5, "center": 0.5}
ROWS = {"top": 0.22, "bottom": 0.78}
#: A relative step to a side, and a change of size or speed, where no number is given.
STEP, GROWTH, PACE, SHIFT_S = 0.12, 1.3, 1.5, 0.5


class Clause(NamedTuple):
    """One edit of one track: its text without times, what its pattern found, and the frame and time
    that it names."""

    layout: VideoSceneLayout
    track: ObjectTrack
    found: re.Match[str]
    text: str
    at: int | None
    seconds: float | None


Edit = Callable[[Clause], tuple[ObjectTrack, str]]


def _times(text: str, usual: float) -> float:
    """The factor that a text names: "twice", "3 times", "50%", "a bit"."""
    if found := re.search(r"(\d+(?:\.\d+)?) ?(?:x|times|fold)\b", text):
        return min(max(float(found[1]), 0.05), 20.0)
    if found := re.search(r"(\d+(?:\.\d+)?) ?(?:%|percent)", text):
        return 1 + min(float(found[1]), 900.0) / 100
    if re.search(r"\b(twice|double|much)\b", text):
        return 2.0
    return 1 + (usual - 1) / 3 if re.search(r"\b(a bit|a little|slightly)\b", text) else usual


def moved(box: Box, dx: float, dy: float) -> Box:
    return Box(box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy)


def _scaled(box: Box, factor: float, ground: bool = False) -> Box:
    """About its middle; ground: as if nearer, standing on the ground if it does."""
    (x, y), width, height = box.centre, box.width * factor, box.height * factor
    if ground and box.y2 > HORIZON + 0.06:
        bottom = HORIZON + (box.y2 - HORIZON) * factor
        return Box(x - width / 2, bottom - height, x + width / 2, bottom)
    return Box.from_centre(x, y, width, height)


def each_box(track: ObjectTrack, change: Callable[[Box], Box]) -> ObjectTrack:
    keys = tuple(revise(key, box=change(key.box)) for key in track.keyframes)
    return revise(track, keyframes=keys)


def _set(track: ObjectTrack, frame: int, box: Box) -> ObjectTrack:
    """With a keyframe there."""
    easing: Easing = next((k.easing for k in track.keyframes if k.frame == frame), "linear")
    others = [key for key in track.keyframes if key.frame != frame]
    keys = sorted([*others, Keyframe(frame=frame, box=box, easing=easing)], key=lambda k: k.frame)
    return revise(track, keyframes=tuple(keys))


def _here_or_all(track: ObjectTrack, at: int | None, change: Callable[[Box], Box]) -> ObjectTrack:
    return each_box(track, change) if at is None else _set(track, at, change(box_at(track, at)))


def _place(c: Clause) -> tuple[ObjectTrack, str]:
    """ "to the left", "top right at 2 s", "further left"."""
    words = [word for word in re.findall(r"[a-z]+", c.found[0]) if word in COLUMNS or word in ROWS]
    x = next((COLUMNS[word] for word in words if word in COLUMNS), None)
    y = next((ROWS[word] for word in words if word in ROWS), None)
    if re.search(r"\b(more|further|farther|a bit|a little|slightly)\b", c.text):
        step = STEP / 2 if re.search(r"\b(a bit|a little|slightly)\b", c.text) else STEP
        dx = 0.0 if x is None else step * ((x > 0.5) - (x < 0.5))
        dy = 0.0 if y is None else step * ((y > 0.5) - (y < 0.5))
        where = " and ".join(words)
        return _here_or_all(c.track, c.at, lambda b: moved(b, dx, dy)), f"further {where}"
    frames = range(c.track.start, c.track.end + 1) if c.at is None else [c.at]
    boxes = [box_at(c.track, frame) for frame in frames]
    now = [sum(box.centre[axis] for box in boxes) / len(boxes) for axis in (0, 1)]
    dx, dy = (0 if x is None else x - now[0]), (0 if y is None else y - now[1])
    where = " ".join(words)
    return _here_or_all(c.track, c.at, lambda b: moved(b, dx, dy)), f"to the {where}"


def _cross(c: Clause) -> tuple[ObjectTrack, str]:
    """ "from left to right"."""
    ends = [COLUMNS[c.found[1]], COLUMNS[c.found[2]]]
    frames = (c.track.start, c.track.end)
    keys = []
    for frame, x in zip(frames, ends, strict=True):
        box = box_at(c.track, frame)
        keys.append(Keyframe(frame=frame, box=moved(box, x - box.centre[0], 0)))
    unique = {key.frame: key for key in keys}
    across = revise(c.track, keyframes=tuple(unique[frame] for frame in sorted(unique)))
    return across, f"from {c.found[1]} to {c.found[2]}"


def _pace(c: Clause) -> tuple[ObjectTrack, str]:
    """ "faster", "twice as slow": the same path in less or more time."""
    factor = _times(c.text, PACE)
    if c.found[0] in ("slower", "slow"):
        factor = 1 / factor
    first, last = c.track.keyframes[0].frame, c.track.keyframes[-1].frame
    if first == last:
        raise LayoutError(f"{c.track.name} does not move: say where it goes")
    end = c.layout.frame_count - 1
    keys: dict[int, Keyframe] = {}
    for key in c.track.keyframes:
        at = first + (key.frame - first) / factor
        if at > end + 0.5:  # slower than the clip is long: as far as it gets
            keys[end] = Keyframe(frame=end, box=box_at(c.track, first + (end - first) * factor))
            break
        keys.setdefault(round(at), revise(key, frame=round(at)))
    if len(keys) < 2:
        raise LayoutError(f"{c.track.name} can't be that fast: its path is shorter than a frame")
    faster = "faster" if factor > 1 else "slower"
    said = f"{max(factor, 1 / factor):.3g} times {faster}"
    return revise(c.track, keyframes=tuple(keys.values())), said


def _shift(c: Clause) -> tuple[ObjectTrack, str]:
    """ "later", "1 s earlier"."""
    said = re.search(r"(\d+(?:\.\d+)?) ?s", c.text)
    seconds = float(said[1]) if said else c.seconds or SHIFT_S
    sign = 1 if c.found[0] == "later" else -1
    frames = sign * max(1, round(seconds / c.layout.duration_s * c.layout.frame_count))
    last = c.layout.frame_count - 1
    start, end = c.track.start + frames, c.track.end + frames
    if start > last or end < 0:
        raise LayoutError(f"{c.track.name} would not be in the clip any more")
    start = 0 if c.track.start == 0 and frames < 0 else max(start, 0)
    end = last if c.track.end == last and frames > 0 else min(end, last)
    if c.track.start == 0 and frames > 0 and len(c.track.keyframes) > 1:
        start = 0  # it waits where it begins
    keys = {
        frame: Keyframe(frame=frame, box=box_at(c.track, frame - frames), easing=key.easing)
        for key in c.track.keyframes
        for frame in [min(max(key.frame + frames, 0), last)]
    }
    shifted = revise(c.track, start=start, end=end, keyframes=tuple(keys[k] for k in sorted(keys)))
    return shifted, f"{abs(frames) / c.layout.frame_count * c.layout.duration_s:.2g} s {c.found[0]}"


def _size(c: Clause) -> tuple[ObjectTrack, str]:
    factor = _times(c.text, GROWTH)
    if re.search(r"\bhalf\b", c.text):
        factor = 2.0
    near = c.found[0] in ("nearer", "closer", "farther", "further away", "away")
    grows = c.found[0] in ("bigger", "larger", "nearer", "closer", "taller")
    factor = factor if grows else 1 / factor
    changed = _here_or_all(c.track, c.at, lambda box: _scaled(box, factor, near))
    return changed, {"away": "farther", "further away": "farther"}.get(c.found[0], c.found[0])


def _stop(c: Clause) -> tuple[ObjectTrack, str]:
    """ "stops at 3 s"."""
    at = c.track.end if c.at is None else c.at
    kept = [key for key in c.track.keyframes if key.frame < at]
    keys = (*kept, Keyframe(frame=at, box=box_at(c.track, at)))
    return revise(c.track, keyframes=keys), "stops"


def _stay(c: Clause) -> tuple[ObjectTrack, str]:
    """ "stays", "stands still": where it is in the middle of its time."""
    at = (c.track.start + c.track.end) // 2 if c.at is None else c.at
    return revise(c.track, keyframes=(Keyframe(frame=at, box=box_at(c.track, at)),)), "stands still"


def _presence(c: Clause) -> tuple[ObjectTrack, str]:
    """ "appears at 2 s", "is gone at 4 s"."""
    if c.at is None:
        raise LayoutError(f'say when {c.track.name} {c.found[0]}, for example "at 2 s"')
    if c.found[0] in ("appears", "starts", "comes in", "enters"):
        return revise(c.track, start=c.at, end=max(c.track.end, c.at)), "appears"
    return revise(c.track, end=c.at, start=min(c.track.start, c.at)), "disappears"


def _colour(c: Clause) -> tuple[ObjectTrack, str]:
    return revise(c.track, appearance=c.found[1]), f"is {c.found[1]}"


WHERE = (
    r"\b(?:(?:top|bottom) )?(?:left|right|middle|centre|center)\b|\b(?:top|bottom)\b"
    r"(?: (?:left|right|middle|centre|center)\b)?"
)
_COLUMN = "|".join(COLUMNS)
#: Tried in this order: (what a clause says, the edit).
EDITS: tuple[tuple[str, Edit], ...] = (
    (rf"from (?:the )?({_COLUMN}) to (?:the )?({_COLUMN})", _cross),
    (r"\b(left|right) to (?:the )?(right|left)\b", _cross),
    (r"\bfaster\b|\bslower\b|\bfast\b|\bslow\b", _pace),
    (r"\blater\b|\bearlier\b|\bsooner\b", _shift),
    (r"\bfurther away\b|\bnearer\b|\bcloser\b|\bfarther\b|\baway\b", _size),
    (r"\bbigger\b|\blarger\b|\bsmaller\b|\btaller\b", _size),
    (r"\bdisappears\b|\bis gone\b|\bgoes away\b|\bends\b|\bleaves\b", _presence),
    (r"\bappears\b|\bcomes in\b|\benters\b|\bstarts\b", _presence),
    (r"\bstops?\b", _stop),
    (r"\bstays?\b|\bstands? still\b|\bstill\b", _stay),
    (WHERE, _place),
    (rf"\b({'|'.join(COLOURS)})\b", _colour),
)
