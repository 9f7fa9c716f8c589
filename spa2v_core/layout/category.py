"""The motion category of a track: the paper's attributes of a sound scene."""

from __future__ import annotations

from typing import Literal

from .keyframes import dense
from .schema import ObjectTrack

Category = Literal[
    "approaching",
    "receding",
    "crossing_right",
    "crossing_left",
    "stationary_left",
    "stationary_centre",
    "stationary_right",
]

GROWTH = 2.0
TRAVEL = 0.25
#: What travels further than that passes, whatever its box does.
PASSES = 0.5
LEFT, RIGHT = 0.4, 0.6


def motion_category(track: ObjectTrack, frame_count: int) -> Category:
    """Category of what the track does while it is present.

    In this precedence: the centre moves by more than 0.5 of the width to the right or left:
    crossing (a pass-by, whatever the box does); area ratio last / first > 2 approaching, < 0.5
    receding; the centre moves by more than 0.25: crossing; else by the mean centre, < 0.4 left,
    > 0.6 right.
    """
    boxes = [box for box in dense(track, frame_count) if box is not None]
    ratio = boxes[-1].area / boxes[0].area
    travel = boxes[-1].centre[0] - boxes[0].centre[0]
    if abs(travel) <= PASSES and ratio > GROWTH:
        return "approaching"
    if abs(travel) <= PASSES and ratio < 1 / GROWTH:
        return "receding"
    if abs(travel) > TRAVEL:
        return "crossing_right" if travel > 0 else "crossing_left"
    centre = sum(box.centre[0] for box in boxes) / len(boxes)
    if centre < LEFT:
        return "stationary_left"
    return "stationary_right" if centre > RIGHT else "stationary_centre"
