"""Energy guidance: the latents are moved until cross-attention falls into the boxes.

The energy of LLM-grounded video diffusion (Lian et al., ICLR 2024, https://arxiv.org/abs/2309.17444,
sec. 4.2), with gradients through the UNet: no extra weights, but slow (a guided step costs about
three more).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..conditioning import FrameConditions
from .base import TextTools, spatial_blocks
from .cross_attention import Hooks, Targets, hooked, targets

#: Share of the cells on each side of a box's border that count.
TOP = 0.75
#: Outside counts four times inside, as in the paper's code.
OUTSIDE = 4.0
#: Keeps small gradients above what half precision can hold.
LOSS_SCALE = 1024.0


@dataclass(frozen=True)
class EnergyState:
    """What `guide` needs; between guided steps the UNet is the stock one."""

    hooks: Hooks
    aims: Targets
    layers: tuple[str, ...]
    scale: float
    iterations: int

    def switch(self, on: bool, kwargs: dict[str, Any]) -> None:
        pass

    def guide(
        self,
        latents: torch.Tensor,
        noise_level: float,
        predict: Callable[[torch.Tensor], object],
    ) -> torch.Tensor:
        """Latents (1, C, F, h, w) moved down the energy's gradient.

        noise_level: sqrt(1 - alpha_bar) of the step; predict: calls the conditional UNet.
        """
        for _ in range(self.iterations):
            with torch.enable_grad():
                moved = latents.detach().float().requires_grad_()
                self.hooks.watching = self.layers
                try:
                    predict(moved.to(latents.dtype))
                    total = energy(self.hooks.maps, self.aims)
                finally:
                    self.hooks.watching = ()
                    self.hooks.maps.clear()
                if not total.requires_grad:  # nobody is named or present
                    return latents
                (slope,) = torch.autograd.grad(total * LOSS_SCALE, moved)
            step = self.scale * noise_level / LOSS_SCALE * slope
            latents = (latents - step).to(latents.dtype)
        return latents


class EnergyGuidance:
    """Grounding by LVD's energy.

    Parameters
    ----------
    scale
        of the gradient.
    iterations
        gradient steps before each denoising step.
    """

    needs_names = True

    def __init__(self, scale: float = 5.0, iterations: int = 1) -> None:
        self.scale, self.iterations = scale, iterations

    def graft(self, unet: nn.Module) -> None:
        self.hooks = hooked(unet)
        self.like = next(unet.parameters())
        # The maps at a half and a quarter of the latents' size hold the layout; the finest and
        # the coarsest don't (LVD uses the same).
        levels = len(unet.down_blocks)
        middle = (f"up_blocks.{levels - 3}.", f"up_blocks.{levels - 2}.")
        chosen = ("down_blocks.1.", "down_blocks.2.", *middle)
        self.layers = tuple(n for n, _ in spatial_blocks(unet) if n.startswith(chosen))

    def prepare(
        self, conditions: FrameConditions, text: TextTools, latent_hw: tuple[int, int]
    ) -> EnergyState:
        aims = targets(conditions, text, latent_hw, self.like)
        return EnergyState(self.hooks, aims, self.layers, self.scale, self.iterations)


def energy(maps: dict[str, torch.Tensor], aims: Targets) -> torch.Tensor:
    """Mean over layers, frames, objects and their tokens of
    1 - mean of the top cells inside the box + 4 * mean of the top cells outside.

    maps: per layer (F or 2F, heads, N, L), summing to 1 over L.
    """
    wanted = aims.tokens * (aims.area[..., None] > 0)  # (F, K, L)
    total = aims.area.new_zeros(())
    for attention in maps.values():
        attention = attention[-len(wanted) :].mean(1)  # (F, N, L)
        inside = (aims.cover[attention.shape[1]] > 0.5).float()  # (F, K, N)
        per_object = attention[:, None]  # (F, 1, N, L)
        value = 1 - _top(per_object, inside) + OUTSIDE * _top(per_object, 1 - inside)
        total = total + (value * wanted).sum() / wanted.sum().clamp(min=1)
    return total / max(1, len(maps))


def _top(attention: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """(F, K, L) mean of the highest share `TOP` of the cells (F, K, N) of `where`."""
    values = (attention * where[..., None]).sort(dim=2, descending=True).values
    count = (TOP * where.sum(-1)).ceil().clamp(min=1)  # (F, K)
    rank = torch.arange(values.shape[2], device=values.device)
    kept = (rank < count[..., None]).to(values.dtype)[..., None]
    return (values * kept).sum(2) / count[..., None]
