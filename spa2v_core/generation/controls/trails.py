"""A layout as the trails of points: the control that LTX-2's motion tracks are trained with."""

from __future__ import annotations

import cv2
import numpy as np

from ..conditioning import FrameConditions

#: Positions of a point that are seen, its present one among them.
LENGTH = 50
#: Pixels of a dot, the oldest and the present one, where the picture's short side is `SHORT_SIDE`.
OLD_RADIUS, NEW_RADIUS = 2, 8
SHORT_SIDE = 1080
OLD_RGB, NEW_RGB = np.array([255.0, 0.0, 0.0]), np.array([0.0, 0.0, 255.0])
#: The middle of a box and the middles of its quarters, in its widths and heights: when it grows
#: they drift apart.
POINTS = np.array([(0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)])


def points(boxes: np.ndarray) -> np.ndarray:
    """(..., 5, 2) x and y of the five points of boxes (..., 4) xyxy, in the boxes' unit."""
    low, size = boxes[..., None, :2], (boxes[..., 2:] - boxes[..., :2])[..., None, :]
    return low + POINTS * size


def trails(conditions: FrameConditions, size_wh: tuple[int, int]) -> np.ndarray:
    """(F, H, W, 3) uint8: where five points of each box were in the last 50 frames, on black.

    A dot is the larger and bluer the newer it is, the smaller and redder the older; an object has
    no dots of the frames where it is absent. Drawn at a short side of 1,080 pixels and scaled down
    by area, so that no dot is lost.

    conditions: of F frames, boxes (F, K, 4) normalised.
    """
    frames = range(len(conditions.boxes))
    return np.stack([last_trails(conditions.part(slice(now + 1)), size_wh) for now in frames])


def last_trails(conditions: FrameConditions, size_wh: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: the last frame of `trails`."""
    scale = SHORT_SIDE / min(size_wh)
    canvas_wh = (round(size_wh[0] * scale), round(size_wh[1] * scale))
    at = np.rint(points(conditions.boxes[-LENGTH:]) * canvas_wh).astype(int)  # (F, K, 5, 2)
    canvas = np.zeros((canvas_wh[1], canvas_wh[0], 3), np.uint8)
    for k in range(at.shape[1]):
        _draw(canvas, at[:, k], conditions.present[-LENGTH:, k])
    return np.asarray(cv2.resize(canvas, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def _draw(canvas: np.ndarray, at: np.ndarray, present: np.ndarray) -> None:
    """The dots of an object with points (n, 5, 2) in n <= LENGTH frames; the last is now."""
    for age in reversed(range(len(at))):
        if not present[-1 - age]:
            continue
        newness = 1 - age / (LENGTH - 1)
        radius = round(OLD_RADIUS + newness * (NEW_RADIUS - OLD_RADIUS))
        colour = (OLD_RGB + newness * (NEW_RGB - OLD_RGB)).tolist()
        for x, y in at[-1 - age]:
            cv2.circle(canvas, (int(x), int(y)), radius, colour, cv2.FILLED)
