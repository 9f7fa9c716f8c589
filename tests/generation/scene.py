"""A scene of two objects in four frames, for the invariants."""

from dataclasses import replace

import numpy as np
import torch

from spa2v_core.generation.conditioning import FrameConditions

FRAMES = 4


def conditions(**changes):
    box = np.array([[0.1, 0.3, 0.5, 0.8], [0.6, 0.2, 0.9, 0.6]], np.float32)
    shape = (FRAMES, 2)
    base = FrameConditions(
        "a car on a road",
        ["a car on a road"] * FRAMES,
        ["red car", "dog"],
        np.tile(box, (FRAMES, 1, 1)),
        np.ones(shape, bool),
        np.ones(shape, np.float32),
    )
    return replace(base, **changes)


def frames_changed(a, b):
    return [bool((a[:, :, k] != b[:, :, k]).any()) for k in range(FRAMES)]


def stock_latents(model, schedule, size):
    """The stock pipeline's own latents of the scene, without anything of ours passed in."""
    return model.pipeline(
        prompt="a car on a road",
        negative_prompt="",
        num_frames=FRAMES,
        width=size[0],
        height=size[1],
        num_inference_steps=schedule.steps,
        guidance_scale=schedule.guidance_scale,
        generator=torch.Generator().manual_seed(0),
        output_type="latent",
    ).frames
