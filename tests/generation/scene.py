"""A scene of two objects in four frames, for the invariants."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from spa2v_core.generation.conditioning import FrameConditions

FRAMES = 4
CAPTION = "a car on a road"
BOXES = np.array([[0.1, 0.3, 0.5, 0.8], [0.6, 0.2, 0.9, 0.6]], np.float32)


def conditions(frames=FRAMES, caption=CAPTION, places=BOXES, **changes):
    """Of a red car and a dog that stand in (2, 4) places; changes: other fields."""
    base = FrameConditions(
        caption,
        [caption] * frames,
        ["red car", "dog"],
        np.tile(places, (frames, 1, 1)),
        np.ones((frames, 2), bool),
        np.ones((frames, 2), np.float32),
    )
    return replace(base, **changes)


def stops_at_the_second_step(run, *given, **options):
    """Whether an error of `on_step` comes through and no step follows."""
    done_steps = []

    def stop(done, decode):
        done_steps.append(done)
        if done == 2:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        run(*given, on_step=stop, **options)
    return done_steps == [1, 2]


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
