"""How an object is seen: which way it heads and where in its step it is, from its boxes.

The picture is taken to be made by a camera that looks straight ahead. In an object's own heights it
stands X = (x - 1/2) a / h to the right and Z = f / h away, where x is the middle of its box, h its
height (both of the frame's), a the frame's aspect and f the focal length. Training, planner, page
and backends all read poses here, so that what was learned is what is asked for.
"""

from __future__ import annotations

import numpy as np

from ..vocabulary import Thing
from .keyframes import ease
from .picture import ASPECT
from .schema import Box, Facing, ObjectTrack

#: Focal length in heights of the frame: its edges are seen at 22 degrees.
FOCAL = 2.0
#: Numbers of a pose: sine and cosine of the heading, and of the step's phase (0, 0 where it
#: stands), the voice, and 1 where it stands (else that is the mean of all steps).
POSE = 6
#: Own heights in a sixteenth of the clip below which it stands.
STANDS = 0.02
#: Steps in one rendered frame at most: more would look like fewer, or like going backwards.
FASTEST = 0.3
#: Heading of what stands, from the line of sight: of what travels and faces a side by choice or by
#: default, and of what plays or speaks to the viewer.
SIDE, OBLIQUE, FRONTAL = 90.0, 60.0, 25.0
#: Own heights that one step takes.
_STRIDES = {"vehicle": 0.5, "animal": 1.1, "person": 0.9}
#: Travel of the centre (of the width) from which "auto" facing follows the motion.
FACING_TRAVEL = 0.05


def headings(boxes: np.ndarray, resting: float, aspect: float = ASPECT) -> np.ndarray:
    """(F,) degrees that an object with `boxes` (F, 4), xyxy of the frame, is turned from facing the
    camera: 0 coming, 90 going to the right, -90 to the left, 180 leaving.

    Where it stands it keeps the heading of its nearest motion, or has `resting`. Smoothed over
    three frames.
    """
    ahead, across = _motion(boxes, aspect)
    steps = np.hypot(ahead, across)
    moving = steps * len(boxes) / 16 > STANDS
    if not moving.any():
        return np.full(len(boxes), float(resting))
    unit = np.stack([across, ahead], 1) / np.maximum(steps, 1e-9)[:, None]
    at = np.flatnonzero(moving)
    nearest = at[np.abs(np.arange(len(boxes))[:, None] - at[None]).argmin(1)]
    smooth = _smooth(unit[nearest])
    return np.degrees(np.arctan2(smooth[:, 0], smooth[:, 1]))


def gaits(boxes: np.ndarray, thing: Thing, aspect: float = ASPECT) -> np.ndarray:
    """(F,) phase 0..1 of its steps, wheels or wings; NaN where it stands.

    A phase is the way covered over a step's length, at most `FASTEST` in a frame. What is in the
    air beats its wings wherever it goes.
    """
    steps = np.hypot(*_motion(boxes, aspect))
    moving = steps * len(boxes) / 16 > STANDS
    if thing.place == "air" and thing.kind in ("aircraft", "animal"):
        turns, moving = np.full(len(boxes), FASTEST), np.ones(len(boxes), bool)
    elif thing.kind == "aircraft" or thing.kind not in _STRIDES:
        turns = np.full(len(boxes), FASTEST)
    else:
        turns = np.minimum(steps / _STRIDES[thing.kind], FASTEST)
    phase = np.cumsum(np.where(moving, turns, 0.0)) % 1.0
    return np.where(moving, phase, np.nan)


def pose(headings: np.ndarray, gaits: np.ndarray, voice: np.ndarray) -> np.ndarray:
    """(F, POSE) float32 of headings (F,) in degrees, gaits (F,) 0..1 or NaN, and voice (F,) -1..1,
    the moment of its sound (its sign alternates from stroke to stroke), which shows while it
    stands."""
    turn, step = np.radians(headings), 2 * np.pi * np.nan_to_num(gaits)
    goes = ~np.isnan(gaits)
    steps = [goes * np.sin(step), goes * np.cos(step)]
    columns = [np.sin(turn), np.cos(turn), *steps, ~goes * voice, ~goes]
    return np.stack(columns, 1).astype(np.float32)


def resting(thing: Thing, facing: Facing, x: float) -> float:
    """Heading in degrees of a thing that stands with its middle at x (0..1): to its side if it is
    told one, else towards the middle of the picture; what plays or speaks faces the viewer."""
    right = facing == "right" or facing == "auto" and x < 0.5
    goes = thing.kind in ("vehicle", "aircraft", "animal")
    angle = (OBLIQUE if facing == "auto" else SIDE) if goes else FRONTAL
    return angle if right else -angle


def track_headings(
    track: ObjectTrack, thing: Thing, boxes: np.ndarray, frames: np.ndarray, aspect: float = ASPECT
) -> np.ndarray:
    """(F,) headings of a track at layout frames (F,) with boxes (F, 4): those that its keyframes
    are turned to, and between and where they are "auto" what its motion says."""
    centre = (boxes[:, 0] + boxes[:, 2]) / 2
    moves = headings(boxes, resting(thing, track.facing, float(centre.mean())), aspect)
    said = [keyframe.heading for keyframe in track.keyframes]
    if all(heading == "auto" for heading in said):
        return moves
    out = []
    for frame, own in zip(frames, moves, strict=True):
        turned = [own if heading == "auto" else heading for heading in said]
        out.append(_between(track, turned, float(frame)))
    return np.array(out)


def _between(track: ObjectTrack, turned: list[float], frame: float) -> float:
    """Heading at a frame, along the shorter arc between those of the keyframes around it."""
    keyframes = track.keyframes
    if frame <= keyframes[0].frame:
        return turned[0]
    for k, (left, right) in enumerate(zip(keyframes, keyframes[1:], strict=False)):
        if frame < right.frame:
            t = ease((frame - left.frame) / (right.frame - left.frame), left.easing)
            arc = (turned[k + 1] - turned[k] + 180) % 360 - 180
            return turned[k] + t * arc
    return turned[-1]


def seen_aspect(thing: Thing, heading: float) -> float:
    """Width / height, in pixels, of a thing that is turned by `heading` degrees."""
    turn = np.radians(heading)
    return float(np.hypot(thing.aspect * np.sin(turn), thing.front * np.cos(turn)))


def fitted(box: Box, thing: Thing, heading: float, aspect: float = ASPECT) -> Box:
    """A box with the same middle and height, as wide as the thing is seen at that heading."""
    return Box.from_centre(
        *box.centre, box.height * seen_aspect(thing, heading) / aspect, box.height
    )


def _motion(boxes: np.ndarray, aspect: float) -> tuple[np.ndarray, np.ndarray]:
    """(F,) own heights a frame towards the camera and to the right, across the line of sight."""
    boxes = np.asarray(boxes, float)
    high = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-3)
    x = ((boxes[:, 0] + boxes[:, 2]) / 2 - 0.5) * aspect / high
    z = FOCAL / high
    if len(boxes) < 2:
        return np.zeros(len(boxes)), np.zeros(len(boxes))
    x, z = (_smooth(axis[:, None])[:, 0] for axis in (x, z))
    away, bearing = np.hypot(x, z), np.arctan2(x, z)
    return -np.gradient(away), away * np.gradient(bearing)


def _smooth(rows: np.ndarray) -> np.ndarray:
    """(F, c) weighted mean of each row and its neighbours; straight lines stay as they are."""
    if len(rows) < 3:
        return rows
    before = np.concatenate([2 * rows[:1] - rows[1:2], rows[:-1]])
    after = np.concatenate([rows[1:], 2 * rows[-1:] - rows[-2:-1]])
    return 0.25 * before + 0.5 * rows + 0.25 * after
