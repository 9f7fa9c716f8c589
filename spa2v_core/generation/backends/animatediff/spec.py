"""The full-size backend as the paper composes it: SD 1.5, AnimateDiff and grounding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....options import option
from ...base import RenderOptions, VideoBackend
from ...hardware import Memory
from ...schedule import Schedule
from ...spec import BackendSpec, Preset


@dataclass(frozen=True)
class AnimateDiffOptions(RenderOptions):
    """What the full size takes besides; its `weights` hold base/, motion/ and grounding/."""

    base: str = option(
        "",
        help="an SD 1.5 checkpoint: a folder or a hub id",
        label="SD 1.5 checkpoint",
        metavar="MODEL",
        of_this_machine=True,
    )
    motion: str = option(
        "",
        help="a motion adapter: a folder, a .safetensors file or a hub id",
        label="Motion adapter",
        metavar="MODEL",
        of_this_machine=True,
    )
    lora: str = option(
        "",
        help="a .safetensors file, with :0.8 at its end for its scale",
        label="LoRA",
        metavar="FILE[:SCALE]",
        of_this_machine=True,
    )
    memory: Memory = option(
        "auto",
        help="how the graphics memory is used",
        label="Graphics memory",
        choices={"auto": "Automatic", "full": "All on the card", "low": "Low"},
    )
    compile: bool = option(
        False,
        help="compile the UNet: slow to start, then faster",
        label="Compile (the first render takes minutes more)",
    )
    migc: Path | None = option(
        None,
        help="MIGC's checkpoint, your own copy",
        label="MIGC checkpoint",
        metavar="FILE",
        of_this_machine=True,
    )
    accept_noncommercial: bool = option(
        False,
        help="the licence of MIGC's checkpoint (research only)",
        label="I use MIGC's weights for non-commercial research only",
        of_this_machine=True,
    )


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
