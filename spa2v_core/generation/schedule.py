"""When grounding and guidance are on, in denoising steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InputError


@dataclass(frozen=True)
class Schedule:
    """How a video is denoised.

    Attributes
    ----------
    steps: denoising steps, 1..100.
    guidance_scale: classifier-free guidance; 1 is off.
    guidance_share: share of the steps, from the first, that are guided (CFG truncation).
    grounding_share: share of the steps, from the first, that are grounded.
    """

    steps: int
    guidance_scale: float
    guidance_share: float = 1.0
    grounding_share: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 100:
            raise InputError(f"steps must be 1 to 100, not {self.steps}")
        if not 1 <= self.guidance_scale <= 30:
            raise InputError(f"guidance scale must be 1 to 30, not {self.guidance_scale}")
        for name in ("guidance_share", "grounding_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be 0 to 1, not {getattr(self, name)}")

    @property
    def guided_steps(self) -> int:
        return math.ceil(self.steps * self.guidance_share) if self.guidance_scale > 1 else 0

    @property
    def grounded_steps(self) -> int:
        return math.ceil(self.steps * self.grounding_share)
