"""A layout as outlines on white: the layout task that VACE (Jiang et al., ICCV 2025) is trained
with."""

from __future__ import annotations

import cv2
import numpy as np

from ...units import to_pixels
from ..conditioning import FrameConditions

LINE_PX = 2


def outlines(conditions: FrameConditions, size_wh: tuple[int, int]) -> np.ndarray:
    """(F, H, W, 3) uint8: black outlines, 2 px wide, of the boxes that are there, on white.

    conditions: of F frames, boxes (F, K, 4) normalised. What reaches outside is cut off.
    """
    width, height = size_wh
    video = np.full((len(conditions.boxes), height, width, 3), 255, np.uint8)
    for frame, boxes, there in zip(video, conditions.boxes, conditions.present, strict=True):
        for box in boxes[there]:
            x1, y1, x2, y2 = (round(float(v)) for v in to_pixels(tuple(box), size_wh))
            cv2.rectangle(frame, (x1, y1), (x2, y2), (0, 0, 0), LINE_PX)
    return video
