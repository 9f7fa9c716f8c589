"""Stage 2 as the paper composes it: base, motion and grounding on the stock AnimateDiffPipeline.

`ComposedModel` is what the mini and the full-size AnimateDiff backends share.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from diffusers import AnimateDiffPipeline

from .background import hold_background
from .conditioning import FrameConditions
from .feature_cache import DeepCache, deep_cache
from .grounding.base import Grounding, Text
from .grounding.cross_attention import named_everywhere
from .internals import execution_device, free_noise, stop_guiding
from .schedule import Schedule
from .unet import FrameConditioning

#: Called after each step with (steps done, function that decodes the current guess of a frame).
StepCallback = Callable[[int, Callable[[int], np.ndarray]], None]
DECODE_CHUNK = 4


@dataclass
class ComposedModel:
    """A stock pipeline whose UNet is grounded.

    Attributes
    ----------
    makers
        kind of grounding -> how it is made (weights are read then); each at most once.
    still
        the camera never moves, so what no box covers is held still.
    bf16
        run an fp32 model on a CPU in bf16, for processors that multiply it natively.
    """

    pipeline: AnimateDiffPipeline
    makers: Mapping[str, Callable[[], Grounding]]
    still: bool = False
    bf16: bool = False
    _grafted: dict[str, Grounding] = field(default_factory=dict)

    def grounding(self, kind: str) -> Grounding:
        """The grounding of a kind, made and grafted when first asked for."""
        if kind not in self._grafted:
            made = self.makers[kind]()
            made.graft(self.pipeline.unet)
            self._grafted[kind] = made
        return self._grafted[kind]

    def condition(
        self,
        conditions: FrameConditions,
        latent_hw: tuple[int, int],
        kinds: Sequence[str],
    ) -> FrameConditioning:
        """Encode the text of each frame and ground the objects."""
        pipe = self.pipeline
        groundings = [self.grounding(kind) for kind in kinds] if conditions.phrases else []
        if any(getattr(grounding, "needs_names", False) for grounding in groundings):
            conditions = replace(conditions, frame_texts=named_everywhere(conditions))
        texts = list(dict.fromkeys(conditions.frame_texts))
        encoded, _ = pipe.encode_prompt(texts, execution_device(pipe), 1, False)
        frame_text = encoded[[texts.index(text) for text in conditions.frame_texts]]
        tools = Text(pipe.tokenizer, pipe.text_encoder, execution_device(pipe))
        states = tuple(g.prepare(conditions, tools, latent_hw) for g in groundings)
        return FrameConditioning(frame_text, states)

    @torch.no_grad()
    def denoise(
        self,
        conditions: FrameConditions,
        schedule: Schedule,
        *,
        seed: int,
        size: tuple[int, int],
        kinds: Sequence[str] = (),
        negative_prompt: str = "",
        on_step: StepCallback | None = None,
    ) -> torch.Tensor:
        """Latents (1, C, F, h, w) of a video of `size` (width, height) pixels.

        More frames than the motion modules were trained with are denoised in overlapping windows.
        kinds: groundings to use, keys of `makers`. `on_step` may raise to stop after the step.
        """
        pipe = self.pipeline
        width, height = size
        scale = pipe.vae_scale_factor
        conditioning = self.condition(conditions, (height // scale, width // scale), kinds)
        conditioning.grounding_on = schedule.grounded_steps > 0
        frames = len(conditions.frame_texts)
        generator = torch.Generator("cpu").manual_seed(seed)
        with (
            self._precision(),
            self._windows(frames),
            self._caching(schedule) as cache,
            _guess(pipe) as guess,
        ):
            run = _Run(self, conditioning, schedule, cache, guess, on_step)
            try:
                latents = pipe(
                    prompt=conditions.caption,
                    negative_prompt=negative_prompt,
                    num_frames=frames,
                    height=height,
                    width=width,
                    num_inference_steps=schedule.steps,
                    guidance_scale=schedule.guidance_scale if schedule.guided_steps else 1.0,
                    generator=generator,
                    latents=run.first_latents(size, generator),
                    cross_attention_kwargs={"conditioning": conditioning},
                    callback_on_step_end=run.after_step,
                    callback_on_step_end_tensor_inputs=["latents", "prompt_embeds"],
                    output_type="latent",
                ).frames
            finally:
                for state in conditioning.states:  # processors outlive the render
                    state.switch(False, {})
        return self._held(latents, conditions) if self.still and conditioning.states else latents

    def _held(self, latents: torch.Tensor, conditions: FrameConditions) -> torch.Tensor:
        boxes, present = (
            torch.as_tensor(array, dtype=torch.float32, device=latents.device)
            for array in (conditions.boxes, conditions.present)
        )
        return hold_background(latents.transpose(1, 2), boxes, present).transpose(1, 2)

    def _windows(self, frames: int) -> AbstractContextManager[None]:
        """Overlapping windows where the frames exceed the motion modules' length; boxes and texts
        are still of each frame."""
        length = self.pipeline.motion_adapter.config.motion_max_seq_length
        length = min(length, 16)  # longer windows than the 16 frames of training drift
        return nullcontext() if frames <= length else free_noise(self.pipeline, length)

    @contextmanager
    def _caching(self, schedule: Schedule) -> Iterator[DeepCache]:
        if not schedule.cache:
            yield DeepCache()
            return
        with deep_cache(self.pipeline.unet) as cache:
            yield cache

    @torch.no_grad()
    def decode(self, latents: torch.Tensor, chunk: int = DECODE_CHUNK) -> np.ndarray:
        """(F, H, W, 3) uint8 RGB of latents (1, C, F, h, w), `chunk` frames at a time."""
        with self._precision():
            pieces = [
                to_uint8(self.pipeline.decode_latents(latents[:, :, first : first + chunk], chunk))
                for first in range(0, latents.shape[2], chunk)
            ]
        return np.concatenate(pieces)

    def _precision(self) -> AbstractContextManager:
        return torch.autocast("cpu", torch.bfloat16) if self.bf16 else nullcontext()


@dataclass
class _Run:
    """One render: what happens between the pipeline's steps."""

    model: ComposedModel
    conditioning: FrameConditioning
    schedule: Schedule
    cache: DeepCache
    guess: dict[str, torch.Tensor]
    on_step: StepCallback | None

    def __post_init__(self) -> None:
        self.guides = [s for s in self.conditioning.states if hasattr(s, "guide")]

    def first_latents(
        self, size: tuple[int, int], generator: torch.Generator
    ) -> torch.Tensor | None:
        """None for the pipeline's own noise, or that noise guided for the first step."""
        if not (self.guides and self.conditioning.grounding_on):
            return None
        pipe = self.model.pipeline
        pipe.scheduler.set_timesteps(self.schedule.steps, device=execution_device(pipe))
        width, height = size
        noise = pipe.prepare_latents(
            1,
            pipe.unet.config.in_channels,
            self.conditioning.frames,
            height,
            width,
            pipe.unet.dtype,
            execution_device(pipe),
            generator,
        )
        return self._guided(noise, 0) / pipe.scheduler.init_noise_sigma

    def after_step(
        self, _: object, index: int, __: torch.Tensor, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        done, changed = index + 1, {}
        frames = self.conditioning.frames
        self.conditioning.grounding_on = done < self.schedule.grounded_steps
        self.cache.reuse = done in self.schedule.reusing_steps
        if self.on_step is not None:
            latents = self.guess.get("clean", tensors["latents"])
            self.on_step(done, lambda k: self.model.decode(latents[:, :, k : k + 1])[0])
        if done == self.schedule.guided_steps:  # CFG truncation: keep the conditional half
            stop_guiding(self.model.pipeline)
            changed["prompt_embeds"] = tensors["prompt_embeds"][-frames:]
        if self.guides and self.conditioning.grounding_on and done < self.schedule.steps:
            changed["latents"] = self._guided(tensors["latents"], done)
        return changed

    def _guided(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        """Latents moved by the guides before `step`."""
        scheduler, unet = self.model.pipeline.scheduler, self.model.pipeline.unet
        timestep = scheduler.timesteps[step]
        level = float((1 - scheduler.alphas_cumprod[int(timestep)]) ** 0.5)

        def predict(sample: torch.Tensor) -> object:
            given = scheduler.scale_model_input(sample, timestep)
            passed = {"conditioning": replace(self.conditioning, grounding_on=True)}
            return unet(
                given, timestep, self.conditioning.frame_text, cross_attention_kwargs=passed
            )

        for guide in self.guides:
            latents = guide.guide(latents, level, predict)
        return latents


@contextmanager
def _guess(pipeline: AnimateDiffPipeline) -> Iterator[dict[str, torch.Tensor]]:
    """While in the block, "clean" holds the clean latents that the last step predicted."""
    scheduler, kept = pipeline.scheduler, {}
    step = scheduler.step

    @functools.wraps(step)  # the pipeline looks at its signature to see whether it takes the seed
    def watched(*args: Any, **kwargs: Any) -> Any:
        out = step(*args, **kwargs)
        kept["clean"] = getattr(out, "pred_original_sample", None)
        if kept["clean"] is None:
            kept["clean"] = getattr(out, "denoised", out.prev_sample)
        return out

    scheduler.step = watched
    try:
        yield kept
    finally:
        del scheduler.step  # the class's own again


def to_uint8(video: torch.Tensor) -> np.ndarray:
    """(1, 3, F, H, W) in -1..1 to (F, H, W, 3) uint8."""
    frames = ((video[0].float() + 1) * 127.5).round().clamp(0, 255)
    return frames.permute(1, 2, 3, 0).to(torch.uint8).cpu().numpy()
