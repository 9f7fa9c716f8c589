"""Pure edits of a layout: each returns a new, validated value; locked tracks refuse changes."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ..errors import LayoutError
from .schema import Box, Keyframe, ObjectTrack, VideoSceneLayout, explain


def revise(value: Any, **changes: Any) -> Any:
    """A validated copy of a layout, track or keyframe with fields changed."""
    fields = {name: getattr(value, name) for name in type(value).model_fields}
    try:
        return type(value)(**(fields | changes))
    except ValidationError as error:
        raise LayoutError(explain(error)) from error


def add_track(layout: VideoSceneLayout, track: ObjectTrack) -> VideoSceneLayout:
    """Add in front; a taken id is replaced by the next free one."""
    ids = {other.id for other in layout.objects}
    if track.id in ids:
        track = revise(track, id=max(ids) + 1)
    return revise(layout, objects=(*layout.objects, track))


def remove_track(layout: VideoSceneLayout, track_id: int) -> VideoSceneLayout:
    _unlocked(layout, track_id)
    return revise(layout, objects=tuple(t for t in layout.objects if t.id != track_id))


def update_track(layout: VideoSceneLayout, track_id: int, **changes: Any) -> VideoSceneLayout:
    """Change fields of one track; only `locked` of a locked one."""
    track = layout.track(track_id) if set(changes) == {"locked"} else _unlocked(layout, track_id)
    new = revise(track, **changes)
    return revise(layout, objects=tuple(new if t.id == track_id else t for t in layout.objects))


def set_box(layout: VideoSceneLayout, track_id: int, frame: int, box: Box) -> VideoSceneLayout:
    """Put a keyframe at `frame`, or move the one that is there (its easing stays)."""
    track = _unlocked(layout, track_id)
    there = next((k for k in track.keyframes if k.frame == frame), Keyframe(frame=frame, box=box))
    kept = [k for k in track.keyframes if k.frame != frame]
    kept.append(revise(there, box=box))
    kept.sort(key=lambda keyframe: keyframe.frame)
    return update_track(layout, track_id, keyframes=tuple(kept))


def delete_keyframe(layout: VideoSceneLayout, track_id: int, frame: int) -> VideoSceneLayout:
    """Remove the keyframe at `frame`; the last one can't be removed."""
    track = _unlocked(layout, track_id)
    kept = tuple(k for k in track.keyframes if k.frame != frame)
    if len(kept) == len(track.keyframes):
        raise LayoutError(f"object {track_id} has no keyframe at frame {frame}")
    if not kept:
        raise LayoutError("the only keyframe of an object can't be removed: remove the object")
    return update_track(layout, track_id, keyframes=kept)


def move_to_front(layout: VideoSceneLayout, track_id: int) -> VideoSceneLayout:
    track = layout.track(track_id)
    others = tuple(t for t in layout.objects if t.id != track_id)
    return revise(layout, objects=(*others, track))


def rescale(layout: VideoSceneLayout, duration_s: float) -> VideoSceneLayout:
    """The same motion over another duration."""
    return revise(layout, duration_s=duration_s)


def _unlocked(layout: VideoSceneLayout, track_id: int) -> ObjectTrack:
    track = layout.track(track_id)
    if track.locked:
        raise LayoutError(f"'{track.name}' is locked: unlock it first")
    return track
