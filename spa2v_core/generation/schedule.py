"""When grounding, guidance and feature caching are on, in denoising steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InputError


@dataclass(frozen=True)
class Schedule:
    """How a video is denoised.

    Attributes
    ----------
    steps
        denoising steps, 1..100.
    guidance_scale
        classifier-free guidance; 1 is off.
    guidance_share
        share of the steps, from the first, that are guided (CFG truncation).
    grounding_share
        share of the steps, from the first, that are grounded.
    cache
        keep the UNet's inner features for every other step after the grounded ones.
    """

    steps: int
    guidance_scale: float
    guidance_share: float = 1.0
    grounding_share: float = 1.0
    cache: bool = False

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

    @property
    def reusing_steps(self) -> frozenset[int]:
        """Steps (from 0) that reuse the inner features of the step before.

        Never while grounded, in the step after guidance ends (its batch is smaller) or in the last.
        """
        reusing: set[int] = set()
        for step in range(max(self.grounded_steps, 1), self.steps - 1):
            if self.cache and step != self.guided_steps and step - 1 not in reusing:
                reusing.add(step)
        return frozenset(reusing)


@dataclass(frozen=True)
class WanSchedule(Schedule):
    """A schedule of Wan. `steps` are the steps that are run, also with a draft.

    Attributes
    ----------
    strength
        share of the noise schedule that a draft goes through; 1 forgets it, 0.1 keeps it.
    phrase_gain
        factor on the attention to an object's words inside its box.
    size_wh
        pixels, None for the model's own size.
    """

    strength: float = 0.85
    phrase_gain: float = 2.0
    size_wh: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.strength <= 1:
            raise InputError(f"strength must be 0.1 to 1, not {self.strength}")
        if not 1 <= self.phrase_gain <= 100:
            raise InputError(f"phrase_gain must be 1 to 100, not {self.phrase_gain}")

    @property
    def drafted_steps(self) -> int:
        """Steps of the whole schedule, of which the last `steps` are run on a draft."""
        return math.ceil(self.steps / self.strength)
