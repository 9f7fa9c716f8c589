"""The full-size backend as the paper composes it: SD 1.5, AnimateDiff and grounding."""

from __future__ import annotations

from ...base import VideoBackend
from ...schedule import Schedule
from ...spec import BackendSpec, Preset
from .options import AnimateDiffOptions


def _make() -> VideoBackend:
    from .backend import AnimateDiffBackend

    return AnimateDiffBackend()


SPEC = BackendSpec(
    label="AnimateDiff (full size)",
    make=_make,
    presets={
        "draft": Preset(
            "Draft",
            "12 steps, guided for half of them, inner features kept",
            Schedule(12, 7.5, guidance_share=0.6, grounding_share=0.4, cache=True),
        ),
        "default": Preset("Default", "25 steps, as in the paper", Schedule(25, 7.5, 1.0, 0.4)),
        "quality": Preset(
            "Quality", "30 steps, 32 frames in overlapping windows", Schedule(30, 7.5, 1.0, 0.4), 32
        ),
        "fast": Preset(
            "Fast",
            "4 steps of a distilled motion adapter",
            Schedule(4, 1.0, 0.0, 0.5),
            few_step="lightning",
        ),
        "lcm": Preset("LCM", "6 steps of AnimateLCM", Schedule(6, 2.0, 1.0, 0.5), few_step="lcm"),
        "low_memory": Preset(
            "Low memory",
            "as default, for cards of 6 to 8 GB",
            Schedule(25, 7.5, 0.6, 0.4),
            low_memory=True,
        ),
    },
    options=AnimateDiffOptions,
    groundings=("gligen", "migc"),
    default_grounding=("gligen",),
    combinations=("gligen+attention",),
    family="unet",
    needs_gpu=True,
    weights=("sd15", "motion", "gligen"),
    weights_variable="SPA2V_WEIGHTS",
)
