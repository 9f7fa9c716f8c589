"""One JSON form for files, API, editor and examples; the paper's dense form in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import InputError, LayoutError
from .keyframes import dense, sparse
from .schema import VERSION, Box, ObjectTrack, VideoSceneLayout, parse_box

#: A layout file is small; anything larger is not one.
MAX_BYTES = 4_000_000


def to_dict(layout: VideoSceneLayout) -> dict[str, Any]:
    """Plain JSON values of a layout."""
    return layout.model_dump(mode="json")


def from_dict(value: Any) -> VideoSceneLayout:
    """A layout from plain JSON values, ours or the paper's dense form (it has "frames")."""
    if not isinstance(value, dict):
        raise LayoutError("layout: a JSON object is expected")
    if "frames" in value and "objects" not in value:
        return from_dense(value)
    if value.get("version", VERSION) not in (1, VERSION):
        raise LayoutError(
            f"version: {value['version']!r} is not known here, this program reads versions 1 and "
            f"{VERSION}"
        )
    return VideoSceneLayout(**{str(key): v for key, v in value.items()} | {"version": VERSION})


def dumps(layout: VideoSceneLayout) -> str:
    return json.dumps(to_dict(layout), ensure_ascii=False, indent=1)


def loads(text: str) -> VideoSceneLayout:
    """A layout from JSON text; LayoutError with the path of the field, or the line, if it isn't."""

    def no_constant(name: str) -> float:
        raise LayoutError(f"layout: {name} is not a number")

    try:
        value = json.loads(text, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        raise LayoutError(f"layout: not JSON (line {error.lineno}: {error.msg})") from error
    except RecursionError as error:
        raise LayoutError("layout: nested too deeply") from error
    return from_dict(value)


def read(path: Path) -> VideoSceneLayout:
    """The layout in a file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LayoutError(f"{path.name}: too large for a layout file (over 4 MB)")
        return loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: not a readable JSON text file") from error


def write(layout: VideoSceneLayout, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps(layout) + "\n", encoding="utf-8")


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


def from_dense(
    value: dict[str, Any], duration_s: float | None = None, tolerance: float = 0.01
) -> VideoSceneLayout:
    """A layout from the paper's form; it has no duration (default: 8 frames a second)."""
    frames = value.get("frames")
    if not isinstance(frames, list) or len(frames) < 2:
        raise LayoutError("frames: a list of at least two frames is expected")
    boxes: dict[int, dict[int, Box]] = {}
    names: dict[int, str] = {}
    for index, frame in enumerate(frames):
        if not isinstance(frame, dict) or not isinstance(frame.get("layout", []), list):
            raise LayoutError(f"frames[{index}]: an object with a layout list is expected")
        for position, entry in enumerate(frame.get("layout", [])):
            path = f"frames[{index}].layout[{position}]"
            track_id, name, box = _entry(entry, path)
            names.setdefault(track_id, name)
            boxes.setdefault(track_id, {})[index] = box
    captions = [str(frame.get("caption", "")) for frame in frames]
    return VideoSceneLayout(
        frame_count=len(frames),
        duration_s=duration_s or len(frames) / 8,
        reasoning=value.get("reasoning", ""),
        caption=value.get("video_caption", ""),
        frame_captions=captions if any(captions) else [],
        objects=[_track(i, names[i], found, tolerance) for i, found in boxes.items()],
    )


def _entry(entry: Any, path: str) -> tuple[int, str, Box]:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), int):
        raise LayoutError(f"{path}.id: a whole number is expected")
    try:
        box = parse_box(entry.get("box"))
    except ValueError as error:
        raise LayoutError(f"{path}.box: {error}") from error
    return entry["id"], str(entry.get("name") or "object"), box


def _track(track_id: int, name: str, found: dict[int, Box], tolerance: float) -> ObjectTrack:
    """One track from its boxes per frame; gaps inside the span are closed by interpolation."""
    start, end = min(found), max(found)
    filled: list[Box] = []
    for frame in range(start, end + 1):
        if frame in found:
            filled.append(found[frame])
            continue
        before = max(f for f in found if f < frame)
        after = min(f for f in found if f > frame)
        t = (frame - before) / (after - before)
        filled.append(
            Box(*(a + (b - a) * t for a, b in zip(found[before], found[after], strict=True)))
        )
    keyframes = sparse(filled, start, tolerance)
    return ObjectTrack(id=track_id, name=name, start=start, end=end, keyframes=keyframes)


def _visible(box: Box) -> bool:
    return box.x1 < 1 and box.x2 > 0 and box.y1 < 1 and box.y2 > 0
