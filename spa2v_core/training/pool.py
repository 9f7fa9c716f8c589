"""Encoded clips that base and motion learn from, and how batches are taken from them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch

from .choreography import FRAMES

LATENT_HW = (20, 32)
#: Size and step of the windows, in latent cells: multiples of 4, as the UNet halves twice.
WINDOW, WINDOW_STEP = 16, 4
_PER_FRAME = ("latents", "boxes", "present", "captions")
_PER_CLIP = ("facing", "phrases", "plain")
Corner = tuple[int, int]


@dataclass
class Pool:
    """N clips: latents (N, F, 8, 20, 32) scaled to unit variance, and the conditions of `Clips`."""

    latents: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    facing: torch.Tensor
    phrases: torch.Tensor
    captions: torch.Tensor
    plain: torch.Tensor

    @classmethod
    def join(cls, parts: list[Pool]) -> Pool:
        return cls(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    @property
    def held(self) -> int:
        """Clips at the end that are kept for evaluation."""
        return len(self.latents) // 50 + 1

    def random_clips(self, count: int) -> torch.Tensor:
        """Indices of clips that may be learned from."""
        return torch.randint(len(self.latents) - self.held, (count,), device=self.latents.device)

    def frames(self, clips: torch.Tensor, frames: torch.Tensor) -> Pool:
        """One frame of each of these clips."""
        picked = {name: getattr(self, name)[clips, frames] for name in _PER_FRAME}
        return Pool(**picked, **{name: getattr(self, name)[clips] for name in _PER_CLIP})

    def whole(self, clips: torch.Tensor) -> Pool:
        """These clips, flattened to frames."""
        picked = {name: getattr(self, name)[clips].flatten(0, 1) for name in _PER_FRAME}
        for name in _PER_CLIP:
            picked[name] = getattr(self, name)[clips].repeat_interleave(FRAMES, dim=0)
        return Pool(**picked)


def object_windows(pool: Pool) -> list[tuple[Corner, torch.Tensor]]:
    """Per window: its corner (row, column) in the latents, and the frames (clip * FRAMES + frame)
    that have the middle of an object in it."""
    height, width = LATENT_HW
    boxes = pool.boxes[: -pool.held].flatten(0, 1)
    shown = pool.present[: -pool.held].flatten(0, 1) > 0
    x = (boxes[..., 0] + boxes[..., 2]) / 2 * width
    y = (boxes[..., 1] + boxes[..., 3]) / 2 * height
    windows = []
    for row in range(0, height - WINDOW + 1, WINDOW_STEP):
        for column in range(0, width - WINDOW + 1, WINDOW_STEP):
            inside = (x > column) & (x < column + WINDOW) & (y > row) & (y < row + WINDOW) & shown
            windows.append(((row, column), torch.nonzero(inside.any(1))[:, 0]))
    return [(corner, rows) for corner, rows in windows if len(rows)]


def cut(batch: Pool, corner: Corner) -> tuple[Pool, tuple[float, float]]:
    """A batch within a window, with its boxes relative to it, and the window's extent."""
    (height, width), (row, column) = LATENT_HW, corner
    latents = batch.latents[..., row : row + WINDOW, column : column + WINDOW]
    scale = torch.tensor([width, height, width, height], device=latents.device)
    origin = torch.tensor([column, row, column, row], device=latents.device)
    boxes = (batch.boxes * scale - origin) / WINDOW
    return replace(batch, latents=latents, boxes=boxes), (WINDOW / width, WINDOW / height)
