"""What the autoencoder of the mini model minimises, on what, and how it is measured."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional as F

#: Height and width of a crop, and its grid: crops lie on the encoder's cells.
CROP_HW, CELL = (96, 160), 8
#: Weight of errors inside objects over those of the background.
INSIDE = 5.0


def to_signed(frames: torch.Tensor) -> torch.Tensor:
    """(...,) 0..255 to -1..1."""
    return frames.float() / 127.5 - 1


def around_objects(
    frames: torch.Tensor, inside: torch.Tensor, rows: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops (N, 3, 96, 160) and masks (N, 96, 160) of these frames, about where objects are.

    frames (M, 3, H, W) uint8, inside (M, H, W) bool; the middle of a crop is near a random pixel
    of an object, or anywhere in a frame without one.
    """
    high, wide = CROP_HW
    coarse = F.max_pool2d(inside[rows][:, None].float(), CELL)[:, 0]
    cells = coarse.flatten(1) + 1e-4
    chosen = torch.multinomial(cells, 1)[:, 0]
    columns = coarse.shape[-1]
    tops = (chosen // columns - high // CELL // 2).clamp(0, coarse.shape[1] - high // CELL)
    lefts = (chosen % columns - wide // CELL // 2).clamp(0, columns - wide // CELL)
    y = (tops * CELL)[:, None] + torch.arange(high, device=frames.device)
    x = (lefts * CELL)[:, None] + torch.arange(wide, device=frames.device)
    at = (rows[:, None, None], y[:, :, None], x[:, None, :])
    return frames.permute(0, 2, 3, 1)[at].permute(0, 3, 1, 2), inside[at]


def lean_norms(module: nn.Module) -> None:
    """Let group norms keep the type of what comes in.

    Autocast runs them in fp32 and hands fp32 on to what follows, which is half of the memory
    traffic of an autoencoder; sums are in fp32 either way.
    """
    for part in module.modules():
        if isinstance(part, nn.GroupNorm):
            part.forward = partial(_group_norm, part)


def _group_norm(norm: nn.GroupNorm, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast(x.device.type, enabled=False):
        weight, bias = norm.weight.to(x.dtype), norm.bias.to(x.dtype)
        return F.group_norm(x, norm.num_groups, weight, bias, norm.eps)


def vae_loss(vae: AutoencoderKL, frames: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Absolute and squared error, the error of gradients at two scales, and a little KL.

    frames (N, 3, H, W) 0..255; errors where `inside` (N, H, W) weigh more.
    """
    target = to_signed(frames)
    weight = 1 + (INSIDE - 1) * inside[:, None].float()
    posterior = vae.encode(target).latent_dist
    error = vae.decode(posterior.sample()).sample.float() - target
    pixel = (weight * (error.abs() + 2 * error.square())).mean()
    edges = _edges(error, weight) + _edges(F.avg_pool2d(error, 2), F.avg_pool2d(weight, 2))
    return pixel + edges + 2e-7 * posterior.kl().mean()


def _edges(error: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted error of the horizontal and vertical differences."""
    across = (error.diff(dim=-1).abs() * weight[..., 1:]).mean()
    return across + (error.diff(dim=-2).abs() * weight[..., 1:, :]).mean()


@torch.no_grad()
def vae_figures(vae: AutoencoderKL, held: torch.Tensor, inside: torch.Tensor) -> dict[str, Any]:
    """PSNR in dB of held-out frames (N, 3, H, W) uint8, whole and inside objects (N, H, W), and
    the latents' spread."""
    decoded, latents = [], []
    with torch.compiler.set_stance("force_eager"):
        for part in held.split(64):
            mode = vae.encode(to_signed(part)).latent_dist.mode()
            latents.append(mode)
            decoded.append(vae.decode(mode).sample.clamp(-1, 1))
    error = ((torch.cat(decoded) - to_signed(held)) / 2).square().mean(1)
    spread = torch.cat(latents)
    return {
        "psnr": psnr(error.mean()),
        "psnr_inside": psnr((error * inside).sum() / inside.sum()),
        "latent_std": round(float(spread.std()), 4),
        "latent_std_per_channel": [round(float(s), 3) for s in spread.std(dim=(0, 2, 3))],
    }


def psnr(error: torch.Tensor) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error at peak 1."""
    return round(float(-10 * error.log10()), 2)
