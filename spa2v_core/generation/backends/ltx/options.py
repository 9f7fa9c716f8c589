"""What LTX-2 takes besides what every backend does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....options import option
from ...full_size.shared_options import ShownOptions


@dataclass(frozen=True)
class LtxOptions(ShownOptions):
    """The recording, motion tracks and the licence."""

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
