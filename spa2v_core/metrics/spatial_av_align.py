"""Spatial AV-Align: is something seen where something is heard?

Shimada et al., "SAVGBench: Benchmarking Spatially Aligned Audio-Video Generation" (their
av_spatial_evaluation): sounds at 10 frames a second against boxes at 4. They report the recall
alone, of a SELD network's sounds and a detector's boxes. **Ours**: the precision beside it, since
one box over the whole picture has recall 1, and whatever sounds and boxes are given: with a
layout's boxes instead of detections it is another measure, and named so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..layout import VideoSceneLayout
from .boxes import track_boxes, visible

SOUNDS_PER_S, BOXES_PER_S = 10.0, 4.0
#: Frames of boxes before and after that count too, and how far a box may be: 40 of 256 pixels.
AROUND, REACH = 1, 40 / 256


@dataclass(frozen=True)
class SpatialAlignment:
    """
    Attributes
    ----------
    sounds, seen
        how many sounds there are, and how many have a box near them.
    boxes, heard
        how many boxes there are, and how many have a sound near them.
    """

    sounds: int
    seen: int
    boxes: int
    heard: int

    @property
    def recall(self) -> float | None:
        """0..1, pooled over frames; None without sounds."""
        return self.seen / self.sounds if self.sounds else None

    @property
    def precision(self) -> float | None:
        """0..1; None without boxes."""
        return self.heard / self.boxes if self.boxes else None

    def __add__(self, other: SpatialAlignment) -> SpatialAlignment:
        """Pooled."""
        return SpatialAlignment(
            self.sounds + other.sounds,
            self.seen + other.seen,
            self.boxes + other.boxes,
            self.heard + other.heard,
        )


def spatial_av_align(sounds: np.ndarray, boxes: np.ndarray) -> SpatialAlignment:
    """Counts for one clip.

    Parameters
    ----------
    sounds
        (N, 2) frame (10 a second) and place (0 left edge, 1 right edge) of each sound.
    boxes
        (M, 3) frame (4 a second), left and right edge of each box.
    """
    sounds, boxes = np.reshape(sounds, (-1, 2)), np.reshape(boxes, (-1, 3))
    if not len(boxes) or not len(sounds):
        return SpatialAlignment(len(sounds), 0, len(boxes), 0)
    at = np.minimum(np.round(sounds[:, 0] / SOUNDS_PER_S * BOXES_PER_S), boxes[:, 0].max())
    together = np.abs(boxes[None, :, 0] - at[:, None]) <= AROUND
    near = (boxes[None, :, 2] >= sounds[:, 1:] - REACH) & (
        boxes[None, :, 1] <= sounds[:, 1:] + REACH
    )
    pairs = together & near
    return SpatialAlignment(
        len(sounds), int(pairs.any(1).sum()), len(boxes), int(pairs.any(0).sum())
    )


def sounds_of(layout: VideoSceneLayout) -> np.ndarray:
    """(N, 2) frame and place of each object of a layout that says where sounds are."""
    count = max(1, round(layout.duration_s * SOUNDS_PER_S))
    found = [_at(layout, k, count) for k in range(len(layout.objects))]
    rows = [[frame, (b[0] + b[2]) / 2] for boxes in found for frame, b in boxes]
    return np.array(rows, float).reshape(-1, 2)


def boxes_of(layout: VideoSceneLayout) -> np.ndarray:
    """(M, 3) frame, left and right edge of what a layout shows."""
    count = max(1, round(layout.duration_s * BOXES_PER_S))
    found = [_at(layout, k, count) for k in range(len(layout.objects))]
    rows = [[frame, b[0], b[2]] for boxes in found for frame, b in boxes]
    return np.array(rows, float).reshape(-1, 3)


def _at(layout: VideoSceneLayout, index: int, count: int) -> list[tuple[int, np.ndarray]]:
    boxes = visible(track_boxes(layout.objects[index], layout.frame_count, count))
    return [(k, box) for k, box in enumerate(boxes) if not np.isnan(box[0])]
