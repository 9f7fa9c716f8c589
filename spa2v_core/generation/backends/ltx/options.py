"""What LTX-2 takes besides what every backend does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....options import option
from ...base import RenderOptions
from ...hardware import Memory


@dataclass(frozen=True)
class LtxOptions(RenderOptions):
    """The recording, motion tracks, the first frame, and the licence."""

    accept_ltx_licence: bool = option(
        False,
        help="the LTX-2 Community License (free below 10 million dollars of yearly revenue)",
        label="I accept the LTX-2 Community License",
    )
    follow_sound: bool = option(
        True,
        help="let the model make up its own sound for the picture",
        label="The picture follows the recording",
    )
    sound_scale: float | None = option(
        None,
        low=1,
        high=20,
        help="how strongly the picture follows the sound",
        label="Follow the sound",
    )
    sound_noise: float = option(
        0.0,
        low=0,
        high=0.5,
        help="noise in the sound that is followed: a little cures a still picture",
        label="Noise in the sound",
    )
    motion_tracks: Path | None = option(
        None,
        help="the adapter that reads trails of points (grounding trails)",
        label="Motion-track adapter",
        metavar="FILE",
        of_this_machine=True,
    )
    control_strength: float | None = option(
        None, low=0, high=2, help="how much the control video says", label="Control strength"
    )
    inside_share: float | None = option(
        None,
        low=0,
        high=1,
        help="share of the steps that a draft is held inside the boxes (time-to-move)",
        label="Draft held inside the boxes (share)",
    )
    outside_share: float | None = option(
        None,
        low=0,
        high=1,
        help="share of the steps that a draft is held outside the boxes (time-to-move)",
        label="Draft held outside (share)",
    )
    start_picture: Path | None = option(
        None,
        help="the first frame",
        label="First frame",
        metavar="FILE",
        of_this_machine=True,
    )
    memory: Memory = option(
        "auto",
        help="how the graphics memory is used",
        label="Graphics memory",
        choices={"auto": "Automatic", "full": "All on the card", "low": "Low"},
    )
