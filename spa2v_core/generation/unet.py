"""The grounded UNet: a motion UNet that takes per-frame text and grounding.

The stock AnimateDiffPipeline passes `cross_attention_kwargs` through untouched, so one
`FrameConditioning` object in it is enough; no pipeline is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import UNetMotionModel

from .grounding.base import GroundingState


@dataclass
class FrameConditioning:
    """What the UNet needs beyond the pipeline's own arguments.

    Attributes
    ----------
    frame_text
        (F, L, d) text of each frame, or None to keep the pipeline's (in training).
    states
        of the groundings that are used.
    grounding_on
        switched by the schedule, off leaves the stock UNet.
    """

    frame_text: torch.Tensor | None = None
    states: tuple[GroundingState, ...] = ()
    grounding_on: bool = True

    @property
    def frames(self) -> int:
        return 0 if self.frame_text is None else len(self.frame_text)


class GroundedUNetMotionModel(UNetMotionModel):
    """UNetMotionModel with `FrameConditioning` under `cross_attention_kwargs["conditioning"]`."""

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor | float | int,
        encoder_hidden_states: torch.Tensor,
        *args: Any,
        cross_attention_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """As the parent's, of (B, C, F, h, w); batch order is [unconditional frames |
        conditional frames]."""
        passed = dict(cross_attention_kwargs or {})
        conditioning: FrameConditioning | None = passed.pop("conditioning", None)
        if conditioning is not None:
            if conditioning.frame_text is not None:
                frames = len(conditioning.frame_text)
                text = conditioning.frame_text.to(encoder_hidden_states.dtype)
                encoder_hidden_states = torch.cat([encoder_hidden_states[:-frames], text])
            for state in conditioning.states:
                state.switch(conditioning.grounding_on, passed)
        return super().forward(
            sample,
            timestep,
            encoder_hidden_states,
            *args,
            cross_attention_kwargs=passed or None,
            **kwargs,
        )
