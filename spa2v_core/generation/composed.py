"""Stage 2 as the paper composes it: base, motion and grounding on the stock AnimateDiffPipeline.

`ComposedModel` is what the mini and the full-size AnimateDiff backends share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AnimateDiffPipeline

from .conditioning import FrameConditions
from .grounding.base import Grounding, GroundingInputs
from .schedule import Schedule
from .unet import FrameConditioning

#: Called after each step with (steps done, function that decodes the current guess of a frame).
StepCallback = Callable[[int, Callable[[int], np.ndarray]], None]
DECODE_CHUNK = 4


@dataclass
class ComposedModel:
    """A stock pipeline whose UNet is grounded, with the grounding that was grafted into it."""

    pipeline: AnimateDiffPipeline
    grounding: Grounding | None

    def condition(
        self, conditions: FrameConditions, latent_hw: tuple[int, int]
    ) -> FrameConditioning:
        """Encode the text of each frame and ground the objects."""
        pipe = self.pipeline
        texts = list(dict.fromkeys(conditions.frame_texts))
        encoded, _ = pipe.encode_prompt(texts, pipe._execution_device, 1, False)
        frame_text = encoded[[texts.index(text) for text in conditions.frame_texts]]
        if self.grounding is None or not conditions.phrases:
            return FrameConditioning(frame_text)
        phrases = self.grounding.encode_phrases(
            conditions.phrases, pipe.tokenizer, pipe.text_encoder
        )
        inputs = GroundingInputs(
            phrases[None],
            *(
                torch.as_tensor(array, dtype=torch.float32, device=phrases.device)
                for array in (conditions.boxes, conditions.present, conditions.facing)
            ),
        )
        return FrameConditioning(frame_text, self.grounding.prepare(inputs, latent_hw))

    @torch.no_grad()
    def denoise(
        self,
        conditions: FrameConditions,
        schedule: Schedule,
        *,
        seed: int,
        size: tuple[int, int],
        negative_prompt: str = "",
        on_step: StepCallback | None = None,
    ) -> torch.Tensor:
        """Latents (1, C, F, h, w) of a video of `size` (width, height) pixels.

        `on_step` may raise to stop after the current step.
        """
        pipe = self.pipeline
        width, height = size
        scale = pipe.vae_scale_factor
        conditioning = self.condition(conditions, (height // scale, width // scale))
        conditioning.grounding_on = schedule.grounded_steps > 0
        frames = len(conditions.frame_texts)
        guess = CleanGuess(pipe)

        def after_step(_: object, index: int, timestep: torch.Tensor, tensors: dict) -> dict:
            done = index + 1
            conditioning.grounding_on = done < schedule.grounded_steps
            guess.update(tensors["latents"], int(timestep))
            if on_step is not None:
                on_step(done, guess.decode)
            if done == schedule.guided_steps:  # CFG truncation: keep the conditional half
                pipe._guidance_scale = 1.0
                return {"prompt_embeds": tensors["prompt_embeds"][-frames:]}
            return {}

        generator = torch.Generator("cpu").manual_seed(seed)
        return pipe(
            prompt=conditions.caption,
            negative_prompt=negative_prompt,
            num_frames=frames,
            height=height,
            width=width,
            num_inference_steps=schedule.steps,
            guidance_scale=schedule.guidance_scale if schedule.guided_steps else 1.0,
            generator=generator,
            cross_attention_kwargs={"conditioning": conditioning},
            callback_on_step_end=after_step,
            callback_on_step_end_tensor_inputs=["latents", "prompt_embeds"],
            output_type="latent",
        ).frames

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """(F, H, W, 3) uint8 RGB of latents (1, C, F, h, w)."""
        chunks = [
            self.pipeline.decode_latents(latents[:, :, first : first + DECODE_CHUNK], DECODE_CHUNK)
            for first in range(0, latents.shape[2], DECODE_CHUNK)
        ]
        return to_uint8(torch.cat(chunks, dim=2))


class CleanGuess:
    """The clean latents that a DDIM step implies, from the latents before and after it.

    Both lie on x = sqrt(a) x0 + sqrt(1 - a) e with the same x0 and e (DDIM, eta 0; Song et al.,
    2021, eq. 12), so two points give x0 without asking the pipeline for its prediction.
    """

    def __init__(self, pipeline: AnimateDiffPipeline) -> None:
        self.pipeline = pipeline
        self.before: torch.Tensor | None = None
        self.now: torch.Tensor | None = None
        self.timestep = 0

    def update(self, latents: torch.Tensor, timestep: int) -> None:
        self.before, self.now, self.timestep = self.now, latents, timestep

    def latents(self) -> torch.Tensor:
        """Estimate of the clean latents; the noisy ones after the first step or at the end."""
        scheduler = self.pipeline.scheduler
        following = (
            self.timestep - scheduler.config.num_train_timesteps // scheduler.num_inference_steps
        )
        if self.before is None or following < 0:
            return self.now
        a, b = (float(scheduler.alphas_cumprod[t]) for t in (self.timestep, following))
        noisy, cleaner = (1 - a) ** 0.5, (1 - b) ** 0.5
        return (noisy * self.now - cleaner * self.before) / (noisy * b**0.5 - cleaner * a**0.5)

    @torch.no_grad()
    def decode(self, frame: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB of one frame of the current estimate."""
        latents = self.latents()[:, :, frame : frame + 1]
        return to_uint8(self.pipeline.decode_latents(latents, 1))[0]


def to_uint8(video: torch.Tensor) -> np.ndarray:
    """(1, 3, F, H, W) in -1..1 to (F, H, W, 3) uint8."""
    frames = ((video[0].float() + 1) * 127.5).round().clamp(0, 255)
    return frames.permute(1, 2, 3, 0).to(torch.uint8).cpu().numpy()
