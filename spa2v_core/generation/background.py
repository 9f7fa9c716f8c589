"""A camera that stands still: what no object covers is the same in all frames."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .grounding.base import box_coverage


def hold_background(
    latents: torch.Tensor, boxes: torch.Tensor, present: torch.Tensor
) -> torch.Tensor:
    """Latents whose cells away from all boxes are averaged over the frames where they are free.

    latents (..., F, C, h, w); boxes (..., F, K, 4) xyxy, normalised; present (..., F, K).
    A cell next to a box counts as part of it (shadows), with a soft edge.
    """
    height, width = latents.shape[-2:]
    cover = (box_coverage(boxes.float(), height, width) * present[..., None]).amax(-2)
    cells = (cover > 0.02).float().view(-1, 1, height, width)
    taken = F.max_pool2d(cells, 3, 1, padding=1)
    taken = F.avg_pool2d(taken, 3, 1, padding=1, count_include_pad=False).maximum(cells)
    free = (1 - taken).view(*latents.shape[:-3], 1, height, width).to(latents.dtype)
    total = free.sum(-4, keepdim=True)
    mean = (latents * free).sum(-4, keepdim=True) / total.clamp(min=1e-4)
    return latents + free * (mean - latents)
