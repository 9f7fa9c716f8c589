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


def replan(
    current: VideoSceneLayout, before: VideoSceneLayout, plan: VideoSceneLayout
) -> tuple[VideoSceneLayout, VideoSceneLayout]:
    """(a new plan with the person's work kept, that plan under the ids used there).

    Kept are tracks that are locked, were added, or differ from `before`, the plan that `current`
    was made from; each stands for the new track of its id or name. Captions are kept where they
    were changed. A plan with another number of frames keeps nothing.
    """
    if current.frame_count != plan.frame_count:
        return plan, plan
    planned = {track.id: track for track in before.objects}
    kept = [t for t in current.objects if t.locked or t != planned.get(t.id)]
    mine = _stand_ins(kept, plan, planned)
    free = max([-1, *(t.id for t in kept), *(t.id for t in plan.objects)]) + 1
    objects, proposed = [], []
    for track in plan.objects:
        if track.id in mine:
            objects.append(mine[track.id])
            proposed.append(revise(track, id=mine[track.id].id))
            continue
        if any(t.id == track.id for t in kept):
            track, free = revise(track, id=free), free + 1
        objects.append(track)
        proposed.append(track)
    waiting = [t for t in kept if t not in mine.values()]
    captions = {
        name: getattr(current, name)
        for name in ("caption", "frame_captions")
        if getattr(current, name) != getattr(before, name)
    }
    merged = revise(plan, objects=(*objects, *waiting), **captions)
    return merged, revise(plan, objects=tuple(proposed))


def _stand_ins(
    kept: list[ObjectTrack], plan: VideoSceneLayout, planned: dict[int, ObjectTrack]
) -> dict[int, ObjectTrack]:
    """Id of a new track -> the kept one that stands for it: of its name, else of its id."""
    found: dict[int, ObjectTrack] = {}
    waiting = list(kept)
    for fits in (
        lambda old, new: old.name.lower() == new.name.lower(),
        lambda old, new: old.id == new.id and old.id in planned,
    ):
        for new in plan.objects:
            old = next((t for t in waiting if fits(t, new)), None)
            if old is not None and new.id not in found:
                found[new.id] = old
                waiting.remove(old)
    return found


def _unlocked(layout: VideoSceneLayout, track_id: int) -> ObjectTrack:
    track = layout.track(track_id)
    if track.locked:
        raise LayoutError(f"'{track.name}' is locked: unlock it first")
    return track
