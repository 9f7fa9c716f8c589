"""From a layout to what a backend is conditioned on, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from ..errors import InputError
from ..layout import ObjectTrack, VideoSceneLayout
from ..layout.keyframes import box_at, dense
from ..layout.pose import FACING_TRAVEL, POSE, gaits, pose, track_headings
from ..units import resample_frame
from ..vocabulary import resolve

CaptionMode = Literal["mix", "global", "frame"]


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
    pose
        (F, K, POSE) float32: heading, step and voice (`layout.pose`); without it all is seen from
        the side.
    """

    caption: str
    frame_texts: list[str]
    phrases: list[str]
    boxes: np.ndarray
    present: np.ndarray
    facing: np.ndarray
    pose: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        if not self.pose.size:
            rest = np.zeros((*self.facing.shape, POSE - 1), np.float32)
            pose = np.concatenate([self.facing[..., None], rest], -1, dtype=np.float32)
            object.__setattr__(self, "pose", pose)

    def part(self, frames: slice) -> FrameConditions:
        """Those of some of the frames."""
        return replace(
            self,
            frame_texts=self.frame_texts[frames],
            boxes=self.boxes[frames],
            present=self.present[frames],
            facing=self.facing[frames],
            pose=self.pose[frames],
        )


def frame_conditions(
    layout: VideoSceneLayout,
    frame_count: int,
    captions: CaptionMode = "mix",
    phrase_of: Callable[[ObjectTrack], str] = lambda track: track.phrase,
    voices: np.ndarray | None = None,
) -> FrameConditions:
    """Sample a layout by time at `frame_count` rendered frames.

    `phrase_of` says what an object is called in the prompt; `voices` (F, K) is how each sounds
    at each moment, -1..1.
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
    voices = np.zeros(shape) if voices is None else voices
    poses = np.zeros((*shape, POSE), np.float32)
    for k, track in enumerate(tracks):
        poses[:, k] = _pose(track, layout, boxes[:, k], present[:, k], np.array(at), voices[:, k])
    return FrameConditions(
        layout.caption,
        texts,
        [phrase_of(track) for track in tracks],
        boxes.reshape(*shape, 4),
        present.reshape(shape),
        np.tile(facing, (frame_count, 1)),
        poses,
    )


def _pose(
    track: ObjectTrack,
    layout: VideoSceneLayout,
    boxes: np.ndarray,
    present: np.ndarray,
    at: np.ndarray,
    voice: np.ndarray,
) -> np.ndarray:
    """(F, POSE) of a track with boxes (F, 4) at layout frames (F,), read where it is present."""
    out = np.zeros((len(at), POSE), np.float32)
    there = np.flatnonzero(present)
    if len(there):
        thing, aspect = resolve(track.name).thing, layout.aspect
        turned = track_headings(track, thing, boxes[there], at[there], aspect)
        out[there] = pose(turned, gaits(boxes[there], thing, aspect), voice[there])
    return out


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
