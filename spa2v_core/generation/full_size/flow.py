"""What rectified flow makes simple (Liu et al., 2023): latents lie on x = (1 - s) x0 + s e."""

from __future__ import annotations

from typing import Any

import torch


def noised(clean: torch.Tensor, noise: torch.Tensor, sigma: float) -> torch.Tensor:
    """Clean latents (...,) with noise of the same shape at level sigma, 0..1."""
    return (1 - sigma) * clean + sigma * noise


class FlowGuess:
    """The clean latents that a step implies, from the latents before and after it.

    Both lie on one line with the same x0 and e, so two points give x0; with a multistep scheduler
    nearly so.
    """

    def __init__(self, scheduler: Any, steps: int) -> None:
        self.scheduler, self.steps = scheduler, steps
        self.before: torch.Tensor | None = None
        self.now = torch.empty(0)
        self.done = 0

    def update(self, latents: torch.Tensor, done: int) -> None:
        """Take the latents (...,) after `done` steps."""
        self.before = self.now if done > 1 else None
        self.now, self.done = latents, done

    def latents(self) -> torch.Tensor:
        """Estimate of the clean latents (...,); the noisy ones after the first step."""
        if self.before is None:
            return self.now
        sigmas = self.scheduler.sigmas[-self.steps - 1 :]  # the last is 0
        noisy, cleaner = float(sigmas[self.done - 1]), float(sigmas[self.done])
        return (noisy * self.now - cleaner * self.before) / (noisy - cleaner)
