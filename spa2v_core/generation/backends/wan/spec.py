"""Wan, and its sibling VACE that takes a control video; grounded without training."""

from __future__ import annotations

from ....layout.picture import SIZE_WH
from ...base import VideoBackend
from ...full_size.shared_options import FlowOptions
from ...schedule import WanSchedule
from ...spec import BackendSpec, Preset
from .models import LONGEST, VACE_REPO, VACE_REVISION
from .options import VaceOptions


def _make() -> VideoBackend:
    from ...controls.drafts import mini_draft
    from .backend import WanBackend

    return WanBackend(mini_draft)


def _make_vace() -> VideoBackend:
    from ...controls.drafts import mini_draft
    from .backend import WanBackend
    from .loading import VACE as PARTS

    return WanBackend(mini_draft, PARTS)


def _presets(frames: int) -> dict[str, Preset]:
    small = WanSchedule(15, 5.0, 0.6, 0.4, size_wh=SIZE_WH)
    return {
        "draft": Preset("Draft", "15 steps, 512x320", small, frames=frames),
        "fast": Preset("Fast", "20 steps", WanSchedule(20, 5.0, 0.5, 0.4), frames=frames),
        "default": Preset("Default", "30 steps", WanSchedule(30, 5.0, 0.8, 0.4), frames=frames),
        "quality": Preset("Quality", "50 steps", WanSchedule(50, 5.0, 1.0, 0.4), frames=frames),
    }


SPEC = BackendSpec(
    label="Wan 2.1",
    make=_make,
    presets=_presets(121),
    options=FlowOptions,
    groundings=("boxes", "draft", "time-to-move"),
    default_grounding=("boxes", "draft"),
    combinations=("boxes+draft", "boxes+time-to-move"),
    family="wan",
    needs_gpu=True,
    weights=("wan",),
)

VACE = BackendSpec(
    label="Wan VACE",
    make=_make_vace,
    presets=_presets(LONGEST),
    options=VaceOptions,
    groundings=("outlines", "depth", "boxes", "time-to-move"),
    default_grounding=("outlines",),
    combinations=("outlines+boxes", "outlines+time-to-move", "depth+time-to-move"),
    family="wan",
    needs_gpu=True,
    weights_variable="SPA2V_VACE",
    download=f"hf download {VACE_REPO} --revision {VACE_REVISION} --local-dir DIR",
)
