"""From a layout to what a backend is conditioned on, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FrameConditions:
    """Conditions of F rendered frames and K objects (z-order: last is in front).

    Attributes
    ----------
    caption: the video's caption.
    frame_texts: F texts, one a frame.
    phrases: K phrases, such as "red car".
    boxes: (F, K, 4) xyxy, normalised; may reach outside the frame.
    present: (F, K) bool.
    facing: (F, K) -1 left, +1 right.
    """

    caption: str
    frame_texts: list[str]
    phrases: list[str]
    boxes: np.ndarray
    present: np.ndarray
    facing: np.ndarray
