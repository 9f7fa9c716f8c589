"""What a model is given of a layout at one moment, as a picture for people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...layout import VideoSceneLayout
from ...layout.picture import SHAPES, STANDARD
from ...units import resample_frame
from ..conditioning import FrameConditions, frame_conditions
from .depth import box_depth
from .drafts import fit_draft, painted
from .files import FORMS
from .outlines import outlines
from .trails import last_trails

#: As many as any model makes of the seconds that are rendered at once.
MOST_FRAMES = 256
#: Draws the last frame of conditions at a size (width, height): (H, W, 3) uint8 RGB.
View = Callable[[VideoSceneLayout, FrameConditions, tuple[int, int]], np.ndarray]

#: By name; a kind of grounding says which one is its own.
VIEWS: dict[str, View] = {
    "outlines": lambda _, seen, size_wh: outlines(seen.part(slice(-1, None)), size_wh)[0],
    "depth": lambda _, seen, size_wh: box_depth(seen.part(slice(-1, None)), size_wh)[0],
    "trails": lambda _, seen, size_wh: last_trails(seen, size_wh),
    "draft": lambda layout, seen, size_wh: fit_draft(
        painted(layout, seen.part(slice(-1, None))), 1, size_wh
    )[0],
}


def view(name: str, layout: VideoSceneLayout, frame: int, shape: str = STANDARD) -> np.ndarray:
    """(H, W, 3) uint8 RGB: what a model is given of a layout at its frame 0..frame_count - 1.

    name: a key of `VIEWS`; shape: one of `layout.picture.SHAPES`. The draft is painted; that of a
    render, by the mini model, is finer.
    """
    count = min(MOST_FRAMES, max(1, round(layout.duration_s * FORMS["trails"].rate)))
    now = round(resample_frame(frame, layout.frame_count, count))
    seen = frame_conditions(layout, count).part(slice(now + 1))
    return VIEWS[name](layout, seen, SHAPES[shape])
