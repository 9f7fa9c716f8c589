"""Boxes frame by frame, as the paper and annotation tools have them, to tracks and back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ..errors import LayoutError
from .keyframes import dense, sparse
from .schema import (
    MAX_FRAMES,
    MAX_ID,
    MAX_OBJECTS,
    QUOTED,
    Box,
    ObjectTrack,
    VideoSceneLayout,
    explain,
    parse_box,
)

#: What the paper's form holds, and lengths that others add to it.
FIELDS = ("video_caption", "reasoning", "frames")
LENGTHS = ("duration_s", "duration", "fps", "frame_count")
SIZES = ("width", "height")
#: Frames a second of a dense form that does not say it.
DEFAULT_FPS = 8.0
#: Fields of one entry of a frame.
ENTRY = ("id", "name", "box")


@dataclass
class Seen:
    """One thing where it was seen: (frame -> box); `id` is kept if it is free."""

    id: int
    name: str
    boxes: dict[int, Box] = field(default_factory=dict)


def tracks(seen: Iterable[Seen], tolerance: float) -> tuple[ObjectTrack, ...]:
    """A track for each unbroken run of frames: what comes back after a gap is another track with
    the same name.

    Raises
    ------
    LayoutError
        more tracks than a layout holds.
    """
    runs = [(one, run) for one in seen for run in _runs(sorted(one.boxes))]
    if len(runs) > MAX_OBJECTS:
        raise LayoutError(
            f"objects: {len(runs)} tracks (a gap makes two of one), at most {MAX_OBJECTS}"
        )
    wanted = {one.id for one, _ in runs}
    spare = (number for number in range(len(wanted) + len(runs)) if number not in wanted)
    taken: set[int] = set()
    made = []
    for one, run in runs:
        number = next(spare) if one.id in taken else one.id
        taken.add(number)
        keyframes = sparse([one.boxes[k] for k in run], run[0], tolerance)
        fields: dict[str, Any] = {"id": number, "name": one.name, "start": run[0], "end": run[-1]}
        try:
            made.append(ObjectTrack(**fields, keyframes=keyframes))
        except ValidationError as error:
            raise LayoutError(f"objects[{len(made)}].{explain(error)}") from error
    return tuple(made)


def _runs(frames: Sequence[int]) -> list[list[int]]:
    """Consecutive numbers together."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][-1] + 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def check_frame_count(count: int, path: str) -> None:
    """LayoutError before any work if a layout can't hold so many frames."""
    if not 2 <= count <= MAX_FRAMES:
        raise LayoutError(
            f"{path}: {count} frames, at least 2 and at most {MAX_FRAMES} are read: "
            "leave out every second, or take a part"
        )


def to_dense(layout: VideoSceneLayout) -> dict[str, Any]:
    """The paper's form: every frame with its caption and boxes, clipped to 0..1."""
    per_track = [(track, dense(track, layout.frame_count)) for track in layout.objects]
    frames = []
    for index in range(layout.frame_count):
        caption = layout.frame_captions[index] if layout.frame_captions else layout.caption
        entries = [
            {
                "id": track.id,
                "name": track.name,
                "box": [round(min(max(v, 0.0), 1.0), 4) for v in box],
            }
            for track, boxes in per_track
            if (box := boxes[index]) is not None and _visible(box)
        ]
        frames.append({"caption": caption, "layout": entries})
    return {"video_caption": layout.caption, "reasoning": layout.reasoning, "frames": frames}


def _visible(box: Box) -> bool:
    return box.x1 < 1 and box.x2 > 0 and box.y1 < 1 and box.y2 > 0


def from_dense(
    value: dict[str, Any], duration_s: float | None = None, tolerance: float = 0.01
) -> VideoSceneLayout:
    """A layout from the paper's form.

    Its duration is the argument, or what it says itself (`duration_s`, `duration`, or `fps`), or
    8 frames a second. Things are told apart by id and name: an id that is used for two names is
    two tracks.

    Raises
    ------
    LayoutError
        with the path of what is wrong: unknown fields too, so that no box is lost unsaid.
    """
    only(value, (*FIELDS, *LENGTHS, *SIZES), "")
    frames = value.get("frames")
    if not isinstance(frames, list) or len(frames) < 2:
        raise LayoutError("frames: a list of at least two frames is expected")
    check_frame_count(len(frames), "frames")
    seen: dict[Hashable, Seen] = {}
    captions = []
    for index, frame in enumerate(frames):
        path = f"frames[{index}]"
        if not isinstance(frame, dict):
            raise LayoutError(f"{path}: an object with a layout list is expected")
        only(frame, ("caption", "layout"), f"{path}.")
        if not isinstance(frame.get("layout"), list):
            raise LayoutError(f"{path}.layout: a list of objects is expected")
        captions.append(text(frame.get("caption", ""), f"{path}.caption"))
        for position, entry in enumerate(frame["layout"]):
            _see(seen, entry, index, f"{path}.layout[{position}]")
    return VideoSceneLayout(
        frame_count=len(frames),
        duration_s=duration_s or _duration(value, len(frames)),
        reasoning=text(value.get("reasoning", ""), "reasoning"),
        caption=text(value.get("video_caption", ""), "video_caption"),
        frame_captions=captions if any(captions) else [],
        objects=tracks(seen.values(), tolerance),
        **{name: value[name] for name in SIZES if name in value},
    )


def _see(seen: dict[Hashable, Seen], entry: Any, frame: int, path: str) -> None:
    """Put one entry of a frame to those of the same id and name."""
    if not isinstance(entry, dict):
        raise LayoutError(f"{path}: an object with id, name and box is expected")
    only(entry, ENTRY, f"{path}.")
    number, name = entry.get("id"), entry.get("name")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_ID:
        raise LayoutError(f"{path}.id: a whole number of 0 or more is expected")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise LayoutError(f"{path}.name: a name of 1 to 200 letters is expected")
    try:
        box = parse_box(entry.get("box"))
    except ValueError as error:
        raise LayoutError(f"{path}.box: {error}") from error
    if (number, name) not in seen and len(seen) >= MAX_OBJECTS:
        raise LayoutError(f"{path}: more than {MAX_OBJECTS} objects")
    boxes = seen.setdefault((number, name), Seen(number, name)).boxes
    if frame in boxes:
        raise LayoutError(f"{path}.id: {number} is there twice in this frame")
    boxes[frame] = box


def _duration(value: dict[str, Any], frames: int) -> float:
    """Seconds that the form says it lasts; two that differ are refused."""
    given = {name: number(value[name], name) for name in LENGTHS if name in value}
    if given.get("frame_count", frames) != frames:
        raise LayoutError(f"frame_count: there are {frames} frames, not {value['frame_count']}")
    said: dict[str, float] = {
        name: given[name] for name in ("duration_s", "duration") if name in given
    }
    if "fps" in given:
        said["fps"] = frames / given["fps"]
    for name, seconds in said.items():
        first = next(iter(said))
        if abs(seconds - said[first]) > max(0.02 * said[first], said[first] / frames):
            raise LayoutError(f"{name}: it is {seconds:g} s by this and {said[first]:g} by {first}")
    return next(iter(said.values()), frames / DEFAULT_FPS)


def only(value: dict[str, Any], names: Sequence[str], path: str) -> None:
    """LayoutError if there are other fields than these."""
    for name in value:
        if name not in names:
            raise LayoutError(
                f"{path}{str(name)[:QUOTED]}: unknown field, here are {', '.join(names)}"
            )


def text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise LayoutError(f"{path}: text is expected")
    return value


def number(value: Any, path: str, least: float = 0.0) -> float:
    """A number above `least` and under 1e9 (NaN and what no float holds are not)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least < value < 1e9:
        raise LayoutError(f"{path}: a number above {least:g} is expected")
    return float(value)
