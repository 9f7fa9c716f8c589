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
class FlowSchedule(Schedule):
    """A schedule of a model of rectified flow.

    Attributes
    ----------
    inside_share, outside_share
        shares of the steps, from the first, that a draft is held inside and outside the boxes by
        Time-to-Move; the defaults are the paper's 7 and 3 of 50.
    size_wh
        pixels, None for the model's own size.
    phrase_gain
        factor on the attention to an object's words inside its box.
    """

    inside_share: float = 0.14
    outside_share: float = 0.06
    size_wh: tuple[int, int] | None = None
    phrase_gain: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("inside_share", "outside_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be 0 to 1, not {getattr(self, name)}")
        if not 1 <= self.phrase_gain <= 100:
            raise InputError(f"phrase_gain must be 1 to 100, not {self.phrase_gain}")

    @property
    def inside_steps(self) -> int:
        return math.ceil(self.steps * self.inside_share)

    @property
    def outside_steps(self) -> int:
        return math.ceil(self.steps * self.outside_share)


@dataclass(frozen=True)
class WanSchedule(FlowSchedule):
    """A schedule of Wan. `steps` are the steps that are run, also with a draft.

    Attributes
    ----------
    strength
        share of the noise schedule that a draft goes through; 1 forgets it, 0.1 keeps it.
    control_strength
        factor on what a control video adds (VACE), 0..2.
    control_share
        share of the steps, from the first, that see it.
    """

    strength: float = 0.85
    control_strength: float = 1.0
    control_share: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.strength <= 1:
            raise InputError(f"strength must be 0.1 to 1, not {self.strength}")
        if not 0 <= self.control_strength <= 2:
            raise InputError(f"control_strength must be 0 to 2, not {self.control_strength}")
        if not 0 <= self.control_share <= 1:
            raise InputError(f"control_share must be 0 to 1, not {self.control_share}")

    @property
    def drafted_steps(self) -> int:
        """Steps of the whole schedule, of which the last `steps` are run on a draft."""
        return math.ceil(self.steps / self.strength)

    @property
    def controlled_steps(self) -> int:
        return math.ceil(self.steps * self.control_share)


@dataclass(frozen=True)
class LtxSchedule(FlowSchedule):
    """A schedule of LTX-2.

    Attributes
    ----------
    sound_scale
        how strongly the picture follows the sound: what it changes is exaggerated by this factor
        (`modality_scale`), 1 is off.
    perturbed_scale
        spatio-temporal guidance (`stg_scale`), 0 is off.
    control_strength
        weight of the adapter that reads trails, 0..2.
    distilled
        the noise levels that the distilled model was trained with.
    """

    sound_scale: float = 3.0
    perturbed_scale: float = 1.0
    control_strength: float = 1.0
    distilled: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.sound_scale <= 20:
            raise InputError(f"sound_scale must be 1 to 20, not {self.sound_scale}")
        if not 0 <= self.control_strength <= 2:
            raise InputError(f"control_strength must be 0 to 2, not {self.control_strength}")
