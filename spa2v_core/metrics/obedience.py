"""Box obedience: does a video show what its layout says, where it says so, by a detector?

Ours, for videos of any backend; what the detector does not know can't be found, so figures compare
within one detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..layout import VideoSceneLayout
from .boxes import iou, track_boxes, visible
from .static import canonical

#: Overlap from which a detection stands for a box.
FOUND = 0.5


@dataclass(frozen=True)
class Detections:
    """Of one frame: `xyxy` (N, 4) normalised to the frame, and N names."""

    xyxy: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Obedience:
    """
    Attributes
    ----------
    iou
        0..1, mean over all boxes of their best overlap with a detection of any name.
    found, named
        0..1, share of the boxes with a detection over `FOUND`, and of the right name.
    boxes
        how many there were: one for each object and frame in which it is seen.
    """

    iou: float
    found: float
    named: float
    boxes: int


def box_obedience(layout: VideoSceneLayout, frames: Sequence[Detections]) -> Obedience | None:
    """Obedience of a video whose frames are spread over the layout's time; None if the layout
    shows nothing."""
    overlaps, named = [], []
    for track in layout.objects:
        boxes = visible(track_boxes(track, layout.frame_count, len(frames)))
        for box, seen in zip(boxes, frames, strict=True):
            if np.isnan(box[0]):
                continue
            each = iou(np.reshape(seen.xyxy, (-1, 4)), box)
            same = [canonical(name) == canonical(track.name) for name in seen.names]
            overlaps.append(float(each.max(initial=0.0)))
            named.append(bool((each[np.array(same, bool)] >= FOUND).any()))
    if not overlaps:
        return None
    found = float(np.mean([overlap >= FOUND for overlap in overlaps]))
    return Obedience(float(np.mean(overlaps)), found, float(np.mean(named)), len(overlaps))
