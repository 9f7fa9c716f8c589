"""Time-to-Move (Singer et al., ICLR 2026): a draft is held inside the boxes, the rest is let go.

SDEdit with two clocks and no training: until a step of its own each, what is inside the boxes and
what is outside is overwritten by the draft, noised to the level of the step. Works on the latents
after each step, so on every model of rectified flow alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..full_size.flow import noised


@dataclass
class DualClock:
    """What is held in one render.

    Attributes
    ----------
    draft
        clean latents, shaped as those of the pipeline.
    noise
        of the same shape, the same at each step.
    inside
        bool, broadcast to that shape: where objects are; nowhere: nothing is held.
    inside_steps, outside_steps
        steps, from the first, whose latents are held; denoising starts from the draft then.
    free
        bool or None: what is never held, such as a picture that is given.
    """

    draft: torch.Tensor
    noise: torch.Tensor
    inside: torch.Tensor
    inside_steps: int
    outside_steps: int = 0
    free: torch.Tensor | None = None

    def after_step(self, scheduler: Any, done: int, latents: torch.Tensor) -> torch.Tensor:
        """The latents after `done` steps, with what is held at the level of the next step."""
        where = self._held(done)
        if where is None:
            return latents
        where, draft, noise = (x.to(latents.device) for x in (where, self.draft, self.noise))
        index = scheduler.step_index
        self._remember(scheduler, where, draft, noised(draft, noise, _sigma(scheduler, index - 1)))
        held = noised(draft, noise, _sigma(scheduler, index))
        return torch.where(where, held.to(latents), latents)

    def _held(self, done: int) -> torch.Tensor | None:
        """Where latents are held after `done` steps, None for nowhere."""
        if not self.inside.any() or done > max(self.inside_steps, self.outside_steps):
            return None
        where = torch.zeros_like(self.inside)
        if done <= self.inside_steps:
            where = where | self.inside
        if done <= self.outside_steps:
            where = where | ~self.inside
        return where if self.free is None else where & ~self.free

    @staticmethod
    def _remember(
        scheduler: Any, where: torch.Tensor, draft: torch.Tensor, before: torch.Tensor
    ) -> None:
        """UniPC goes on from its own memory, the sample and what the model said of it, and would
        undo what the latents alone are told."""
        last = getattr(scheduler, "last_sample", None)
        if last is None:
            return
        scheduler.last_sample = torch.where(where, before.to(last), last)
        scheduler.model_outputs = [
            out if out is None else torch.where(where, draft.to(out), out)
            for out in scheduler.model_outputs
        ]


def _sigma(scheduler: Any, index: int) -> float:
    return float(scheduler.sigmas[index])
