"""Wan on its stock pipelines: the model, its schedule, and how it is loaded from a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
    WanVideoToVideoPipeline,
)
from safetensors import SafetensorError
from transformers import AutoTokenizer, UMT5EncoderModel

from ....errors import BackendError
from ...composed import StepCallback, to_uint8
from ...conditioning import FrameConditions
from ...grounding.wan_boxes import (
    TEXT_TOKENS,
    BoxAttention,
    GroundedPrompt,
    attention_bias,
    graft,
    token_masks,
)
from ...internals import execution_device
from ...library_logs import quiet_libraries
from ...schedule import WanSchedule

NEGATIVE = (
    "overexposed, static, blurred details, subtitles, text, watermark, painting, worst quality, "
    "low quality, jpeg artifacts, ugly, deformed, fused limbs, still picture, messy background"
)
_WEIGHTS = ("transformer", "vae", "text_encoder")
_PARTS = (*_WEIGHTS, "tokenizer", "scheduler")
_SCHEDULERS = {
    scheduler.__name__: scheduler
    for scheduler in (FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler)
}


@dataclass(frozen=True)
class Native:
    """What a model was trained at: size (width, height), frames per second, most frames."""

    size_wh: tuple[int, int]
    rate: int
    frames: int


#: By the VAE's spatial factor: Wan 2.1 and Wan 2.2 TI2V-5B. The sizes are exactly 8:5, multiples
#: of factor and patch (16 and 32) and near the area of 832x480 and 1280x704.
NATIVE = {8: Native((768, 480), 16, 81), 16: Native((1280, 800), 24, 121)}


@dataclass
class WanModel:
    """A stock pipeline whose cross-attentions read `boxes`."""

    pipeline: WanPipeline
    boxes: BoxAttention

    @property
    def native(self) -> Native:
        return NATIVE[self.pipeline.vae.config.scale_factor_spatial]

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
        negative_prompt: str = NEGATIVE,
        on_step: StepCallback | None = None,
    ) -> torch.Tensor:
        """Latents (1, C, J, h, w) of a video of `size` (width, height) pixels.

        `draft` (F, H, W, 3) uint8 of that size starts it. `on_step` may raise to stop after the
        current step; it decodes a latent frame.
        """
        pipe = self.pipeline
        text, negative = (
            embeddings if embeddings is None else embeddings.to(pipe.transformer.dtype)
            for embeddings in pipe.encode_prompt(
                prompt.text,
                negative_prompt,
                schedule.guided_steps > 0,
                max_sequence_length=TEXT_TOKENS,
            )
        )
        guess = FlowGuess(pipe.scheduler, schedule.steps)

        def after_step(running: Any, index: int, _: torch.Tensor, tensors: dict) -> dict:
            done = index + 1
            self.boxes.on = done < schedule.grounded_steps
            guess.update(tensors["latents"], done)
            if on_step is not None:
                on_step(done, lambda frame: self.decode(guess.latents()[:, :, frame, None])[0])
            if done == schedule.guided_steps:  # the pipelines ask at each step (CFG truncation)
                running._guidance_scale = 1.0
            return {}

        generator = torch.Generator("cpu").manual_seed(seed)
        arguments = {
            "prompt_embeds": text,
            "negative_prompt_embeds": negative,
            "width": size[0],
            "height": size[1],
            "guidance_scale": schedule.guidance_scale if schedule.guided_steps else 1.0,
            "callback_on_step_end": after_step,
            "output_type": "latent",
        }
        with self.boxes.grounded(text, self._bias(prompt, conditions, schedule, size)):
            if draft is None:
                return pipe(
                    num_frames=len(conditions.boxes),
                    num_inference_steps=schedule.steps,
                    generator=generator,
                    **arguments,
                ).frames
            return self._video_to_video()(
                latents=self.noised(draft, schedule, generator),
                num_inference_steps=schedule.drafted_steps,
                strength=(schedule.steps + 0.5) / schedule.drafted_steps,  # it rounds down
                **arguments,
            ).frames

    def _bias(
        self,
        prompt: GroundedPrompt,
        conditions: FrameConditions,
        schedule: WanSchedule,
        size: tuple[int, int],
    ) -> torch.Tensor | None:
        if not schedule.grounded_steps or not len(prompt.words):
            return None
        scale = self.pipeline.vae.config.scale_factor_spatial
        _, high, wide = self.pipeline.transformer.config.patch_size
        grid_hw = (size[1] // scale // high, size[0] // scale // wide)
        masks = token_masks(conditions, grid_hw)
        bias = attention_bias(masks, prompt.words, schedule.phrase_gain)
        return bias.to(execution_device(self.pipeline), self.pipeline.transformer.dtype)

    def _video_to_video(self) -> WanVideoToVideoPipeline:
        parts = ("tokenizer", "text_encoder", "transformer", "vae", "scheduler")
        pipe = WanVideoToVideoPipeline(**{name: getattr(self.pipeline, name) for name in parts})
        pipe.set_progress_bar_config(disable=True)
        return pipe

    @torch.no_grad()
    def noised(
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
        return (1 - sigma) * latents + sigma * noise.to(latents)

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


class FlowGuess:
    """The clean latents that a step implies, from the latents before and after it.

    Both lie on x = (1 - s) x0 + s e with the same x0 and e (rectified flow; Liu et al., 2023), so
    two points give x0; with a multistep scheduler nearly so.
    """

    def __init__(self, scheduler: Any, steps: int) -> None:
        self.scheduler, self.steps = scheduler, steps
        self.before: torch.Tensor | None = None
        self.now = torch.empty(0)
        self.done = 0

    def update(self, latents: torch.Tensor, done: int) -> None:
        """Take the latents (1, C, F, h, w) after `done` steps."""
        self.before = self.now if done > 1 else None
        self.now, self.done = latents, done

    def latents(self) -> torch.Tensor:
        """Estimate of the clean latents (1, C, F, h, w); the noisy ones after the first step."""
        if self.before is None:
            return self.now
        sigmas = self.scheduler.sigmas[-self.steps - 1 :]  # the last is 0
        noisy, cleaner = float(sigmas[self.done - 1]), float(sigmas[self.done])
        return (noisy * self.now - cleaner * self.before) / (noisy - cleaner)


def check_parts(folder: Path) -> None:
    """BackendError that names each missing part, or that the model is of an unknown kind."""
    missing = [f"{part}/" for part in _PARTS if not (folder / part).is_dir()]
    for part in _WEIGHTS:
        if (folder / part).is_dir():
            missing += _missing_weights(folder / part)
    if missing:
        raise BackendError(
            f"Wan's weights are not complete in {folder}: {', '.join(missing)} missing. Give the "
            "folder of a whole download, such as Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
        )
    if (folder / "transformer_2").is_dir():
        raise BackendError(
            "Wan models with two transformers (Wan 2.2 A14B) can't be used: choose Wan 2.1 or "
            "Wan 2.2 TI2V-5B"
        )


def _missing_weights(part: Path) -> list[str]:
    """Files that a part lacks: its configuration, or any of its safetensors."""
    needed = ["config.json"]
    for index in part.glob("*.safetensors.index.json"):
        needed += _shards(index)
    missing = [f"{part.name}/{name}" for name in needed if not (part / name).is_file()]
    if len(needed) == 1 and not any(part.glob("*.safetensors")):
        missing.append(f"{part.name}/*.safetensors")
    return missing


def _shards(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
    except (ValueError, KeyError) as error:
        raise BackendError(f"{index} is broken: download it again") from error


def load_wan(folder: Path, device: str, dtype: torch.dtype | None = None) -> WanModel:
    """The parts in `folder` (diffusers format), grounded, on `device`.

    `dtype` is that of transformer and text encoder: bf16 on a GPU, fp32 on a CPU if None. The VAE
    is in fp32, in bf16 it shows.
    """
    check_parts(folder)
    quiet_libraries()
    dtype = dtype or (torch.float32 if device == "cpu" else torch.bfloat16)

    def part(cls: Any, name: str, dtype: torch.dtype = dtype) -> Any:
        return cls.from_pretrained(
            folder / name, use_safetensors=True, local_files_only=True, torch_dtype=dtype
        ).eval()

    try:
        pipeline = WanPipeline(
            tokenizer=AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            text_encoder=part(UMT5EncoderModel, "text_encoder"),
            vae=part(AutoencoderKLWan, "vae", torch.float32),
            scheduler=_load_scheduler(folder / "scheduler"),
            transformer=part(WanTransformer3DModel, "transformer"),
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise BackendError(
            f"Wan's weights in {folder} can't be loaded ({type(error).__name__}): download them "
            "again"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return WanModel(pipeline.to(device), graft(pipeline.transformer))


def _load_scheduler(folder: Path) -> Any:
    """The scheduler that the folder names: Wan comes with either, with its own noise shift."""
    config = json.loads((folder / "scheduler_config.json").read_text("utf-8"))
    return _SCHEDULERS[config["_class_name"]].from_config(config)
