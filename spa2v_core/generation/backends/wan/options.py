"""What Wan and VACE take besides what every backend does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....options import option
from ...base import RenderOptions
from ...hardware import Memory


@dataclass(frozen=True)
class WanOptions(RenderOptions):
    """Those of Time-to-Move, and where the weights are kept while they work."""

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
    memory: Memory = option(
        "auto",
        help="how the graphics memory is used",
        label="Graphics memory",
        choices={"auto": "Automatic", "full": "All on the card", "low": "Low"},
    )


@dataclass(frozen=True)
class VaceOptions(WanOptions):
    """Those of the control video."""

    control_strength: float | None = option(
        None, low=0, high=2, help="how much the control video says", label="Control strength"
    )
    control_share: float | None = option(
        None,
        low=0,
        high=1,
        help="share of the steps, from the first, that see the control video",
        label="With control (share)",
    )
    start_picture: Path | None = option(
        None,
        help="the first frame",
        label="First frame",
        metavar="FILE",
        of_this_machine=True,
    )
    references: Path | None = option(
        None,
        help="folder of pictures of the objects, each named after its object (car.png)",
        label="Pictures of the objects",
        metavar="DIR",
        of_this_machine=True,
    )
