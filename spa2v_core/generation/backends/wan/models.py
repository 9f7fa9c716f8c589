"""Where Wan's models come from, and what they were trained at."""

from __future__ import annotations

from dataclasses import dataclass

WAN_REPO = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
#: VACE's default; "Wan-AI/Wan2.1-VACE-14B-diffusers" and Wan2.2-VACE-Fun-A14B, which has two
#: transformers, load alike.
VACE_REPO = "Wan-AI/Wan2.1-VACE-1.3B-diffusers"
VACE_REVISION = "ec4d2cb062b548996b179d493fdd05340de702a1"


@dataclass(frozen=True)
class Native:
    """What a model was trained at: size (width, height), frames per second, most frames."""

    size_wh: tuple[int, int]
    rate: int
    frames: int


#: By the VAE's spatial factor: Wan 2.1 (and VACE) and Wan 2.2 TI2V-5B. The sizes are exactly 8:5,
#: multiples of factor and patch (16 and 32) and near the area of 832x480 and 1280x704.
NATIVE = {8: Native((768, 480), 16, 81), 16: Native((1280, 800), 24, 121)}
#: Frames of a clip of 10 s, which VACE makes in runs that are joined.
LONGEST = 161
