"""The private parts of diffusers' pipelines that are used here, in one place.

Each has no public equal in diffusers 0.42; look here first when its version is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


def execution_device(pipeline: Any) -> torch.device:
    """Where a pipeline computes, also where its modules wait elsewhere (offloading)."""
    return pipeline._execution_device


def stop_guiding(pipeline: Any) -> None:
    """Within a run: the steps that follow are not guided (its `guidance_scale` can't be set)."""
    pipeline._guidance_scale = 1.0


@contextmanager
def free_noise(pipeline: Any, length: int) -> Iterator[None]:
    """FreeNoise (Qiu et al., ICLR 2024): temporal attention in windows of `length` frames that
    overlap by half. `disable_free_noise` fails where the middle block has no motion modules."""
    device = execution_device(pipeline)
    with torch.device(device):  # it makes modules anew: slow on a CPU
        pipeline.enable_free_noise(context_length=length, context_stride=length // 2)
    try:
        yield
    finally:
        pipeline._free_noise_context_length = None
        unet = pipeline.unet
        with torch.device(device):
            for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
                if hasattr(block, "motion_modules"):
                    pipeline._disable_free_noise_in_block(block)


def ltx_tokens(pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
    """(1, N, c) tokens of LTX-2's latents (1, C, J, h, w), as it denoises them."""
    return pipeline._pack_latents(
        latents, pipeline.transformer_spatial_patch_size, pipeline.transformer_temporal_patch_size
    )


def ltx_latents(pipeline: Any, tokens: torch.Tensor, grid: tuple[int, int, int]) -> torch.Tensor:
    """(1, C, J, h, w) latents, as its VAE takes them, of tokens (1, N, c) on a grid (J, h, w)."""
    vae = pipeline.vae
    latents = pipeline._unpack_latents(
        tokens,
        *grid,
        pipeline.transformer_spatial_patch_size,
        pipeline.transformer_temporal_patch_size,
    )
    return pipeline._denormalize_latents(
        latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor
    )


def ltx_audio_tokens(pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
    """(1, L, C * M) tokens of the sound's latents (1, C, L, M), as its transformer takes them."""
    vae = pipeline.audio_vae
    return pipeline._normalize_audio_latents(
        pipeline._pack_audio_latents(latents), vae.latents_mean, vae.latents_std
    )
