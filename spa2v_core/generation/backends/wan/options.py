"""What VACE takes besides what every backend does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....options import option
from ...full_size.shared_options import ShownOptions


@dataclass(frozen=True)
class VaceOptions(ShownOptions):
    """When the control video is seen, and pictures of the objects."""

    control_share: float | None = option(
        None,
        low=0,
        high=1,
        help="share of the steps, from the first, that see the control video",
        label="With control (share)",
    )
    references: Path | None = option(
        None,
        help="folder of pictures of the objects, each named after its object (car.png) or in the "
        "layout (reference)",
        label="Pictures of the objects, each named after one (car.png)",
        metavar="DIR",
        of_this_machine=True,
        upload="pictures",
    )
