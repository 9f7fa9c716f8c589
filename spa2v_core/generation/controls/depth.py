"""A layout as depth: the higher a box, the nearer the thing."""

from __future__ import annotations

import numpy as np

from ...layout.picture import standing_height
from ...units import to_pixels
from ..conditioning import FrameConditions


def box_depth(conditions: FrameConditions, size_wh: tuple[int, int]) -> np.ndarray:
    """(F, H, W, 3) uint8 of inverse depth: 0 is far, 255 as near as what fills the height.

    A thing's height falls with its distance (1 / r), so a box is as bright as it is high, and the
    ground as bright as what stands on it there; the sky is far. The nearer hides what is behind.

    conditions: of F frames, boxes (F, K, 4) normalised.
    """
    width, height = size_wh
    rows = np.array([standing_height((row + 0.5) / height) for row in range(height)])
    ground = np.tile(_grey(rows)[:, None, None], (1, width, 3))
    video = np.tile(ground, (len(conditions.boxes), 1, 1, 1))
    for frame, boxes, there in zip(video, conditions.boxes, conditions.present, strict=True):
        here = boxes[there]
        high = here[:, 3] - here[:, 1]
        for k in np.argsort(high, kind="stable"):
            x1, y1, x2, y2 = (max(0, round(float(v))) for v in to_pixels(tuple(here[k]), size_wh))
            frame[y1:y2, x1:x2] = _grey(high[k])
    return video


def _grey(high: np.ndarray) -> np.ndarray:
    return (np.clip(high, 0, 1) * 255).round().astype(np.uint8)
