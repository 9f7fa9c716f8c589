"""Boxes for what a caption names, where a layout has none."""

from __future__ import annotations

from ..layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from ..layout.edit import revise
from ..layout.picture import BOTTOMS
from ..layout.pose import fitted, resting
from ..vocabulary import Mention, article, mentioned

#: Objects that are placed at most.
MOST = 3
_CENTRES = {1: (0.5,), 2: (0.28, 0.72), 3: (0.2, 0.5, 0.8)}
_SIDES = {"left": 0.22, "middle": 0.5, "right": 0.78}


def place_mentioned(layout: VideoSceneLayout) -> tuple[VideoSceneLayout, str]:
    """A layout without objects gets those of its caption, standing side by side.

    Also a note of what was placed, "" if nothing was.
    """
    if layout.objects:
        return layout, ""
    named = mentioned(layout.caption)[:MOST]
    if not named:
        return layout, ""
    tracks = tuple(
        _track(k, mention, _SIDES.get(mention.side, centre), layout)
        for k, (mention, centre) in enumerate(zip(named, _CENTRES[len(named)], strict=True))
    )
    said = ", ".join(article(track.phrase) for track in tracks)
    return revise(layout, objects=tracks), f"no boxes: placed from the caption: {said}"


def _track(index: int, mention: Mention, centre: float, layout: VideoSceneLayout) -> ObjectTrack:
    """Standing there all the time, at its usual height."""
    thing = mention.thing
    high = min(1.2 * thing.height, 0.8)
    middle = BOTTOMS[thing.place] - high / 2
    upright = Box.from_centre(centre, middle, high, high)
    turned = resting(thing, "auto", centre)
    box = fitted(upright, thing, turned, layout.aspect)
    return ObjectTrack(
        id=index,
        name=thing.name,
        appearance=mention.colour,
        start=0,
        end=layout.frame_count - 1,
        keyframes=(Keyframe(frame=0, box=box),),
    )
