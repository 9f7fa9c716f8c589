"""LTX-2: picture and sound in one model; the recording drives the picture."""

from __future__ import annotations

from ....layout.picture import SIZE_WH
from ...base import VideoBackend
from ...schedule import LtxSchedule
from ...spec import BackendSpec, Preset
from .models import LARGE_WH, REPO, REVISION
from .options import LtxOptions


def _make() -> VideoBackend:
    from ...controls.drafts import mini_draft
    from .backend import LtxBackend

    return LtxBackend(mini_draft)


#: Frames of a clip of 10 s at 24 a second.
LONGEST = 241


def _preset(label: str, about: str, schedule: LtxSchedule) -> Preset:
    """As many frames as the clip needs, none between them."""
    return Preset(label, about, schedule, frames=LONGEST, fps=0.0)


SPEC = BackendSpec(
    label="LTX-2 (follows the sound)",
    make=_make,
    presets={
        "draft": _preset(
            "Draft", "15 steps, 512x320", LtxSchedule(15, 3.0, 1.0, 0.4, size_wh=SIZE_WH)
        ),
        "default": _preset(
            "Default", "30 steps, 1024x640", LtxSchedule(30, 3.0, 1.0, 0.4, size_wh=LARGE_WH)
        ),
        "distilled": _preset(
            "Distilled",
            "8 steps of the distilled model",
            LtxSchedule(
                8,
                1.0,
                1.0,
                0.4,
                size_wh=LARGE_WH,
                sound_scale=1.0,
                perturbed_scale=0.0,
                distilled=True,
            ),
        ),
    },
    options=LtxOptions,
    groundings=("trails", "time-to-move", "boxes"),
    default_grounding=("time-to-move",),
    combinations=("trails+time-to-move", "boxes+time-to-move"),
    family="ltx",
    needs_gpu=True,
    weights_variable="SPA2V_LTX",
    download=f"hf download {REPO} --revision {REVISION} --local-dir DIR",
)
