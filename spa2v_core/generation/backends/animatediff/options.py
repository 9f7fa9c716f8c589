"""What the full size takes besides what every backend does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ....options import option
from ...base import RenderOptions
from ...full_size.shared_options import compile_option, memory_option
from ...hardware import Memory


@dataclass(frozen=True)
class AnimateDiffOptions(RenderOptions):
    """Its `weights` hold base/, motion/ and grounding/."""

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
    memory: Memory = memory_option()
    compile: bool = compile_option()
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
