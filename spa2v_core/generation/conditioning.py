"""From a layout to what a backend is conditioned on, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..errors import InputError
from ..layout import ObjectTrack, VideoSceneLayout
from ..layout.keyframes import box_at, dense
from ..units import resample_frame

CaptionMode = Literal["mix", "global", "frame"]
#: Travel of the centre (of the width) from which "auto" facing follows the motion.
FACING_TRAVEL = 0.05


@dataclass(frozen=True)
class FrameConditions:
    """Conditions of F rendered frames and K objects (z-order: last is in front).

    Attributes
    ----------
    caption
        the video's caption.
    frame_texts
        F texts, one a frame.
    phrases
        K phrases, such as "red car".
    boxes
        (F, K, 4) float32 xyxy, normalised; may reach outside the frame.
    present
        (F, K) bool.
    facing
        (F, K) float32, -1 left, +1 right.
    """

    caption: str
    frame_texts: list[str]
    phrases: list[str]
    boxes: np.ndarray
    present: np.ndarray
    facing: np.ndarray


def frame_conditions(
    layout: VideoSceneLayout,
    frame_count: int,
    captions: CaptionMode = "mix",
    phrase_of: Callable[[ObjectTrack], str] = lambda track: track.phrase,
) -> FrameConditions:
    """Sample a layout by time at `frame_count` rendered frames.

    `phrase_of` says what an object is called in the prompt.
    """
    if captions not in get_args(CaptionMode):
        raise InputError(f"captions must be mix, global or frame, not '{captions}'")
    tracks = layout.objects
    at = [resample_frame(k, frame_count, layout.frame_count) for k in range(frame_count)]
    boxes = np.array([[box_at(track, frame) for track in tracks] for frame in at], np.float32)
    present = np.array([[track.present(frame) for track in tracks] for frame in at], bool)
    facing = np.array([facing_of(track, layout.frame_count) for track in tracks], np.float32)
    texts = [frame_text(layout, round(frame), captions) for frame in at]
    shape = (frame_count, len(tracks))
    return FrameConditions(
        layout.caption,
        texts,
        [phrase_of(track) for track in tracks],
        boxes.reshape(*shape, 4),
        present.reshape(shape),
        np.tile(facing, (frame_count, 1)),
    )


def frame_text(layout: VideoSceneLayout, frame: int, captions: CaptionMode) -> str:
    """Text of a layout frame; without frame captions it is the video's caption."""
    own = layout.frame_captions[frame] if layout.frame_captions else ""
    if captions == "global" or not own:
        return layout.caption
    if captions == "frame" or not layout.caption:
        return own
    return f"{layout.caption.rstrip('. ')}. {own}"


def facing_of(track: ObjectTrack, frame_count: int) -> float:
    """-1 or +1; "auto" follows the motion, and a still object faces the middle of the frame."""
    if track.facing != "auto":
        return 1.0 if track.facing == "right" else -1.0
    boxes = [box for box in dense(track, frame_count) if box is not None]
    first, last = boxes[0].centre[0], boxes[-1].centre[0]
    if abs(last - first) > FACING_TRAVEL:
        return 1.0 if last > first else -1.0
    return 1.0 if (first + last) / 2 < 0.5 else -1.0
