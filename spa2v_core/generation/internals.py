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
