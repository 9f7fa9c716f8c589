"""Wan 2.1 and 2.2, grounded without training."""

from __future__ import annotations

from ....layout.picture import SIZE_WH
from ...base import VideoBackend
from ...schedule import WanSchedule
from ...spec import BackendSpec, Preset


def _make() -> VideoBackend:
    from ...controls.drafts import mini_draft
    from .backend import WanBackend

    return WanBackend(mini_draft)


SPEC = BackendSpec(
    label="Wan 2.1",
    make=_make,
    presets={
        "draft": Preset(
            "Draft",
            "15 steps, 512x320",
            WanSchedule(15, 5.0, 0.6, 0.4, size_wh=SIZE_WH),
            frames=121,
        ),
        "fast": Preset("Fast", "20 steps", WanSchedule(20, 5.0, 0.5, 0.4), frames=121),
        "default": Preset("Default", "30 steps", WanSchedule(30, 5.0, 0.8, 0.4), frames=121),
        "quality": Preset("Quality", "50 steps", WanSchedule(50, 5.0, 1.0, 0.4), frames=121),
    },
    groundings=("boxes", "draft"),
    default_grounding=("boxes", "draft"),
    combinations=("boxes+draft",),
    family="wan",
    needs_gpu=True,
    weights=("wan",),
)
