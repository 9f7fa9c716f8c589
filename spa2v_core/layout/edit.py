"""Pure edits of a layout: each returns a new, validated value."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import ValidationError

from ..errors import LayoutError
from ..vocabulary import Thing
from .keyframes import box_at
from .picture import ASPECT
from .pose import fitted, track_headings
from .schema import ObjectTrack, VideoSceneLayout, explain


def revise(value: Any, **changes: Any) -> Any:
    """A validated copy of a layout, track or keyframe with fields changed."""
    fields = {name: getattr(value, name) for name in type(value).model_fields}
    try:
        return type(value)(**(fields | changes))
    except ValidationError as error:
        raise LayoutError(explain(error)) from error


def rescale(layout: VideoSceneLayout, duration_s: float) -> VideoSceneLayout:
    """The same motion over another duration."""
    return revise(layout, duration_s=duration_s)


def fit(track: ObjectTrack, thing: Thing, aspect: float = ASPECT) -> ObjectTrack:
    """The track with the box of each keyframe as wide as the thing is seen where it is turned
    there; aspect: of the picture, width / height.

    Raises
    ------
    LayoutError
        a box would reach too far outside the picture.
    """
    frames = np.arange(track.start, track.end + 1)
    boxes = np.array([box_at(track, frame) for frame in frames.tolist()])
    turned = track_headings(track, thing, boxes, frames, aspect)
    keyframes = []
    for key in track.keyframes:
        heading = turned[np.clip(key.frame - track.start, 0, len(turned) - 1)]
        keyframes.append(revise(key, box=fitted(key.box, thing, float(heading), aspect)))
    return revise(track, keyframes=tuple(keyframes))


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
