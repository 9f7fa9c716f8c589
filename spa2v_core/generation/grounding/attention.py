"""Attention steering: boxes without extra weights, by pushing cross-attention into them.

An object's words are attended to more inside its box, most in the middle (the Gaussian of
TrailBlazer, Ma et al., 2023, https://arxiv.org/abs/2401.00896), and less outside; small boxes are
pushed harder (dense diffusion, Kim et al., ICCV 2023, https://arxiv.org/abs/2308.12964, eq. 3-5).
Costs next to nothing; weaker than trained grounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..conditioning import FrameConditions
from .base import TextTools, as_tensor, grid, token_counts
from .cross_attention import Hooks, Targets, hooked, targets


@dataclass(frozen=True)
class SteeringState:
    """pushes: per token count, (F, N, L) -1..1."""

    hooks: Hooks
    pushes: dict[int, torch.Tensor]

    def switch(self, on: bool, kwargs: dict[str, Any]) -> None:  # noqa: ARG002 - told by hooks
        self.hooks.steering = self.pushes if on else None


class AttentionSteering:
    """Grounding by steered cross-attention.

    Parameters
    ----------
    strength
        0..1, how far logits are pushed towards the highest or lowest of their row.
    """

    needs_names = True

    def __init__(self, strength: float = 0.8) -> None:
        self.strength = strength

    def graft(self, unet: nn.Module) -> None:
        self.hooks = hooked(unet)
        self.like = next(unet.parameters())

    def prepare(
        self, conditions: FrameConditions, text: TextTools, latent_hw: tuple[int, int]
    ) -> SteeringState:
        aims = targets(conditions, text, latent_hw, self.like)
        boxes = as_tensor(conditions.boxes, self.like)
        pushes = {
            height * width: self.strength * _pushes(aims, boxes, height, width)
            for height, width in token_counts(latent_hw, 4)
        }
        return SteeringState(self.hooks, pushes)


def _pushes(aims: Targets, boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(F, N, L): up inside the boxes of what a token names, down elsewhere, 0 for other tokens."""
    cover = aims.cover[height * width]
    there = (cover.amax(-1, keepdim=True) > 0).float()
    inside = cover * gaussian(boxes, height, width)
    push = (inside - (1 - cover)) * (1 - aims.area[..., None]) * there
    naming = aims.tokens * there > 0  # (F, K, L)
    # A word that names two objects is pushed up in both boxes: the highest push counts.
    highest = push.new_full((len(push), height * width, naming.shape[-1]), -1.0)
    for k in range(push.shape[1]):  # one at a time: all at once are gigabytes
        pushed = torch.where(naming[:, k, None], push[:, k, :, None], -1.0)
        highest = torch.maximum(highest, pushed)
    return highest * naming.any(1)[:, None]


def gaussian(boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(F, K, N) 1 in the middle of a box (F, K, 4), 0.6 at the middle of its sides."""
    x, y = grid(height, width, boxes.device)
    x1, y1, x2, y2 = boxes[..., None].unbind(2)
    across = (x - (x1 + x2) / 2) / (x2 - x1).clamp(min=1e-3)
    along = (y - (y1 + y2) / 2) / (y2 - y1).clamp(min=1e-3)
    return torch.exp(-2 * (across.square() + along.square()))
