"""Encoded clips that base and motion learn from, and how batches are taken from them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import torch

from ..world.choreography import FRAMES

LATENT_HW = (20, 32)
_PER_FRAME = ("latents", "change", "boxes", "present", "pose", "captions")
_PER_CLIP = ("phrases", "plain")


Rows = TypeVar("Rows")


def join(parts: list[Rows]) -> Rows:
    """One of several values of a dataclass of tensors, row after row."""
    kind: Any = type(parts[0])
    return kind(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(kind)))


def rows(values: Rows, picked: torch.Tensor | slice) -> Rows:
    """The (n,) picked rows of a dataclass of tensors."""
    kind: Any = type(values)
    return kind(*(getattr(values, f.name)[picked] for f in fields(kind)))


@dataclass
class Pool:
    """N clips: latents (N, F, 8, 20, 32) scaled to unit variance, `change_of` them (N, F, 20, 32),
    and the conditions of `Clips`."""

    latents: torch.Tensor
    change: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    pose: torch.Tensor
    phrases: torch.Tensor
    captions: torch.Tensor
    plain: torch.Tensor

    @property
    def held(self) -> int:
        """Clips at the end that are kept for evaluation."""
        return len(self.latents) // 50 + 1

    def random_clips(self, count: int) -> torch.Tensor:
        """(count,) indices of clips that may be learned from."""
        return torch.randint(len(self.latents) - self.held, (count,), device=self.latents.device)

    def frames(self, clips: torch.Tensor, frames: torch.Tensor) -> Pool:
        """One frame of each of these clips; both are (N,) indices."""
        picked = {name: getattr(self, name)[clips, frames] for name in _PER_FRAME}
        return Pool(**picked, **{name: getattr(self, name)[clips] for name in _PER_CLIP})

    def whole(self, clips: torch.Tensor) -> Pool:
        """These (N,) clips, flattened to frames."""
        picked = {name: getattr(self, name)[clips].flatten(0, 1) for name in _PER_FRAME}
        for name in _PER_CLIP:
            picked[name] = getattr(self, name)[clips].repeat_interleave(FRAMES, dim=0)
        return Pool(**picked)


def change_of(latents: torch.Tensor) -> torch.Tensor:
    """(N, F, h, w) in 0..1: how far each cell of latents (N, F, c, h, w) is from its mean over the
    clip: 0 where nothing moves."""
    latents = latents.float()
    return torch.tanh(2 * (latents - latents.mean(1, keepdim=True)).abs().mean(2)).to(torch.half)
