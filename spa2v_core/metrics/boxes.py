"""Boxes as arrays: (..., 4) xyxy, normalised to the frame, nan where there is none."""

from __future__ import annotations

import numpy as np

from ..layout import ObjectTrack
from ..layout.keyframes import dense
from ..layout.schema import SMALLEST


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union, 0..1, of boxes (..., 4) that broadcast against each other."""
    intersection, union = _overlap(a, b)
    return intersection / union


def generalised_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...,) gIoU, -1..1, of (..., 4) boxes: IoU minus the share of the common hull that neither
    covers.

    Rezatofighi et al., "Generalized Intersection over Union", CVPR 2019.
    """
    intersection, union = _overlap(a, b)
    top_left = np.minimum(a[..., :2], b[..., :2])
    bottom_right = np.maximum(a[..., 2:], b[..., 2:])
    hull = (bottom_right - top_left).prod(-1)
    return intersection / union - (hull - union) / hull


def track_boxes(track: ObjectTrack, frame_count: int, count: int) -> np.ndarray:
    """(count, 4) boxes of a track of a layout of `frame_count` frames, at `count` equal times."""
    boxes = dense(track, frame_count, count)
    return np.array([box or (np.nan,) * 4 for box in boxes], dtype=float)


def visible(boxes: np.ndarray) -> np.ndarray:
    """The (..., 4) boxes clipped to the frame; nan where nothing is left."""
    clipped = np.clip(boxes, 0, 1)
    clipped[((clipped[..., 2:] - clipped[..., :2]) < SMALLEST).any(-1)] = np.nan
    return clipped


def _overlap(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    top_left = np.maximum(a[..., :2], b[..., :2])
    bottom_right = np.minimum(a[..., 2:], b[..., 2:])
    intersection = np.maximum(bottom_right - top_left, 0).prod(-1)
    areas = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1)
    return intersection, areas - intersection
