"""Wan and VACE on their stock pipelines: what a render is, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from diffusers import WanPipeline, WanVACEPipeline, WanVideoToVideoPipeline
from torch import nn
from torch.nn import functional as F

from ...composed import StepCallback, to_uint8
from ...conditioning import FrameConditions
from ...full_size.card import Placed
from ...full_size.flow import FlowGuess, noised
from ...grounding.time_to_move import DualClock
from ...grounding.wan_boxes import (
    TEXT_TOKENS,
    BoxAttention,
    GroundedPrompt,
    attention_bias,
    graft,
    token_masks,
)
from ...internals import execution_device, stop_guiding
from ...schedule import WanSchedule
from .control import Control, ControlScale
from .models import NATIVE, Native

NEGATIVE = (
    "overexposed, static, blurred details, subtitles, text, watermark, painting, worst quality, "
    "low quality, jpeg artifacts, ugly, deformed, fused limbs, still picture, messy background"
)
_PARTS = ("tokenizer", "text_encoder", "transformer", "vae", "scheduler")


@dataclass
class WanModel:
    """A stock pipeline, grafted.

    Attributes
    ----------
    placed
        how it is run on this machine.
    boxes
        what its cross-attentions read.
    control
        the scale of VACE's control.
    """

    pipeline: WanPipeline | WanVACEPipeline
    placed: Placed = Placed()
    boxes: BoxAttention = field(init=False)
    control: ControlScale = field(init=False)

    def __post_init__(self) -> None:
        self.boxes = graft(*self.transformers)
        self.control = ControlScale(*self.transformers)

    @property
    def transformers(self) -> list[nn.Module]:
        """The one, or VACE's two."""
        found = [getattr(self.pipeline, name) for name in ("transformer", "transformer_2")]
        return [one for one in found if one is not None]

    @property
    def shows(self) -> bool:
        """Whether it is VACE, which can be shown a control video and a first frame."""
        return isinstance(self.pipeline, WanVACEPipeline)

    @property
    def native(self) -> Native:
        return NATIVE[self.pipeline.vae.config.scale_factor_spatial]

    @property
    def multiple(self) -> int:
        """What the sides of a picture are multiples of, in pixels."""
        patch = max(self.pipeline.transformer.config.patch_size[1:])
        return self.pipeline.vae.config.scale_factor_spatial * patch

    @cached_property
    def texts(self) -> WanPipeline:
        """Encodes prompts for both: VACE's own pipeline needs a library (ftfy) for it."""
        parts = {name: getattr(self.pipeline, name) for name in _PARTS if name != "transformer"}
        return WanPipeline(**parts)

    @torch.no_grad()
    def denoise(
        self,
        prompt: GroundedPrompt,
        conditions: FrameConditions,
        schedule: WanSchedule,
        *,
        seed: int,
        size: tuple[int, int],
        draft: np.ndarray | None = None,
        held: np.ndarray | None = None,
        control: Control | None = None,
        negative_prompt: str = NEGATIVE,
        on_step: StepCallback | None = None,
    ) -> torch.Tensor:
        """Latents (1, C, J, h, w) of a video of `size` (width, height) pixels.

        `draft` (F, H, W, 3) uint8 of that size starts it, `held` is held inside the boxes by
        Time-to-Move, `control` is what VACE is shown. `on_step` may raise to stop after the
        current step; it decodes a latent frame.
        """
        text, negative = self._encoded(prompt.text, negative_prompt, schedule)
        ahead = len(control.references) if control else 0
        clock = None if held is None else self._clock(held, conditions, schedule, seed, ahead)
        run = _Run(self, schedule, clock, ahead, on_step)
        generator = torch.Generator("cpu").manual_seed(seed)
        arguments = {
            "prompt_embeds": text,
            "negative_prompt_embeds": negative,
            "width": size[0],
            "height": size[1],
            "guidance_scale": schedule.guidance_scale if schedule.guided_steps else 1.0,
            "callback_on_step_end": run.after_step,
            "output_type": "latent",
        }
        with (
            self.boxes.grounded(text, self._bias(prompt, conditions, schedule, size, ahead)),
            self.control.at(schedule.control_strength, schedule.controlled_steps > 0),
        ):
            if draft is not None:
                return self._from_draft(draft, schedule, generator, arguments)
            latents = self.pipeline(
                num_frames=len(conditions.boxes),
                num_inference_steps=schedule.steps,
                generator=generator,
                **(control.arguments() if control else {}),
                **arguments,
            ).frames
            return latents[:, :, ahead:]

    def _from_draft(
        self,
        draft: np.ndarray,
        schedule: WanSchedule,
        generator: torch.Generator,
        arguments: dict[str, Any],
    ) -> torch.Tensor:
        """`denoise` from a draft: the last steps of a longer schedule."""
        return self._video_to_video()(
            latents=self.started(draft, schedule, generator),
            num_inference_steps=schedule.drafted_steps,
            strength=(schedule.steps + 0.5) / schedule.drafted_steps,  # it rounds down
            **arguments,
        ).frames

    def _encoded(
        self, prompt: str, negative_prompt: str, schedule: WanSchedule
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Embeddings (1, L, d) of a prompt, and of what should not be seen where it guides."""
        device, dtype = execution_device(self.pipeline), self.pipeline.transformer.dtype
        text, negative = self.texts.encode_prompt(
            prompt,
            negative_prompt,
            schedule.guided_steps > 0,
            max_sequence_length=TEXT_TOKENS,
            device=device,
        )
        return text.to(device, dtype), negative if negative is None else negative.to(device, dtype)

    def _bias(
        self,
        prompt: GroundedPrompt,
        conditions: FrameConditions,
        schedule: WanSchedule,
        size: tuple[int, int],
        ahead: int,
    ) -> torch.Tensor | None:
        """(1, 1, N, L) for the attention; the `ahead` latent frames of references see all words."""
        if not schedule.grounded_steps or not len(prompt.words):
            return None
        scale = self.pipeline.vae.config.scale_factor_spatial
        _, high, wide = self.pipeline.transformer.config.patch_size
        grid_hw = (size[1] // scale // high, size[0] // scale // wide)
        masks = token_masks(conditions, grid_hw)
        bias = attention_bias(masks, prompt.words, schedule.phrase_gain)
        bias = F.pad(bias, (0, 0, ahead * masks.shape[2], 0))
        return bias.to(execution_device(self.pipeline), self.pipeline.transformer.dtype)

    def _clock(
        self,
        held: np.ndarray,
        conditions: FrameConditions,
        schedule: WanSchedule,
        seed: int,
        ahead: int,
    ) -> DualClock:
        """References are `ahead` of the video's latent frames, and never held."""
        draft = F.pad(self.encode(held).cpu(), (0, 0, 0, 0, ahead, 0))
        inside = token_masks(conditions, (draft.shape[3], draft.shape[4])).any(1)
        free = torch.zeros_like(draft[:, :1], dtype=torch.bool)
        free[:, :, :ahead] = True
        return DualClock(
            draft,
            torch.randn(draft.shape, generator=torch.Generator().manual_seed(seed)),
            F.pad(inside, (0, 0, ahead, 0)).view(free.shape),
            schedule.inside_steps,
            schedule.outside_steps,
            free,
        )

    def _video_to_video(self) -> WanVideoToVideoPipeline:
        pipe = WanVideoToVideoPipeline(**{name: getattr(self.pipeline, name) for name in _PARTS})
        pipe.set_progress_bar_config(disable=True)
        return pipe

    @torch.no_grad()
    def started(
        self, draft: np.ndarray, schedule: WanSchedule, generator: torch.Generator
    ) -> torch.Tensor:
        """Latents (1, C, F, h, w) of a draft (F, H, W, 3) uint8 with the noise of the first step
        that is run.

        What WanVideoToVideoPipeline does with `video=`, which fails for the VAE of Wan 2.2 5B:
        it takes its spatial factor for 8.
        """
        latents, scheduler = self.encode(draft), self.pipeline.scheduler
        scheduler.set_timesteps(schedule.drafted_steps)
        sigma = float(scheduler.sigmas[schedule.drafted_steps - schedule.steps])
        noise = torch.randn(latents.shape, generator=generator)
        return noised(latents, noise.to(latents), sigma)

    def _moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        vae = self.pipeline.vae
        values = torch.tensor([vae.config.latents_mean, vae.config.latents_std])
        mean, std = values.to(execution_device(self.pipeline)).view(2, 1, -1, 1, 1, 1)
        return mean, std

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> torch.Tensor:
        """Latents (1, C, J, h, w) float32 of (F, H, W, 3) uint8 RGB."""
        vae, (mean, std) = self.pipeline.vae, self._moments()
        video = torch.from_numpy(frames).to(mean.device, vae.dtype) / 127.5 - 1
        latents = vae.encode(video.permute(3, 0, 1, 2)[None]).latent_dist.mode()
        return (latents.float() - mean) / std

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """(F, H, W, 3) uint8 RGB of latents (1, C, J, h, w)."""
        vae, (mean, std) = self.pipeline.vae, self._moments()
        return to_uint8(vae.decode((latents * std + mean).to(vae.dtype), return_dict=False)[0])


@dataclass
class _Run:
    """One render: what happens between the pipeline's steps."""

    model: WanModel
    schedule: WanSchedule
    clock: DualClock | None
    ahead: int
    on_step: StepCallback | None

    def __post_init__(self) -> None:
        self.guess = FlowGuess(self.model.pipeline.scheduler, self.schedule.steps)

    def after_step(self, running: Any, index: int, _: torch.Tensor, tensors: dict) -> dict:
        done, latents = index + 1, tensors["latents"]
        self.model.boxes.on = done < self.schedule.grounded_steps
        self.model.control.on = done < self.schedule.controlled_steps
        if self.clock is not None:
            latents = self.clock.after_step(running.scheduler, done, latents)
        self.guess.update(latents, done)
        if self.on_step is not None:
            self.on_step(done, self._decoded)
        if done == self.schedule.guided_steps:  # the pipelines ask at each step (CFG truncation)
            stop_guiding(running)
        return {"latents": latents}

    def _decoded(self, frame: int) -> np.ndarray:
        latents = self.guess.latents()[:, :, self.ahead :]
        last = latents.shape[2] - 1  # of joined runs, one may be short
        return self.model.decode(latents[:, :, min(frame, last), None])[0]
