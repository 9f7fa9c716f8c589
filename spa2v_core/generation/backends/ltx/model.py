"""LTX-2 on its stock pipeline: what a render is, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from diffusers import LTX2InContextPipeline
from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition
from diffusers.pipelines.ltx2.pipeline_ltx2_ic_lora import LTX2ReferenceCondition
from diffusers.pipelines.ltx2.utils import DEFAULT_NEGATIVE_PROMPT, DISTILLED_SIGMA_VALUES
from PIL import Image

from ....audio.clip import AudioClip
from ...composed import StepCallback, to_uint8
from ...conditioning import FrameConditions
from ...full_size.card import Placed
from ...full_size.flow import FlowGuess
from ...grounding.ltx_boxes import TextMask, where_read
from ...grounding.time_to_move import DualClock
from ...grounding.wan_boxes import attention_bias, token_masks
from ...internals import execution_device, ltx_latents, ltx_tokens
from ...schedule import LtxSchedule
from .sound import AudioHold, sound_latents

#: Name of the adapter that reads trails.
TRACKS = "tracks"
#: Length of a prompt, in tokens.
TEXT_TOKENS = 1024


@dataclass(frozen=True)
class Given:
    """What a render is given besides its text and boxes.

    Attributes
    ----------
    clip
        the recording that is followed; None: the model makes its own sound.
    sound_noise
        noise in it, 0..1.
    trails
        (F, h, w, 3) uint8 control video; None for none.
    factor
        how much smaller than the output it is.
    start
        (H, W, 3) uint8, the first frame.
    held
        (F, H, W, 3) uint8, what is held inside the boxes by Time-to-Move.
    words
        (K, L) bool, which tokens of the prompt name each object and are seen only in its box; None
        for none.
    """

    clip: AudioClip | None = None
    sound_noise: float = 0.0
    trails: np.ndarray | None = None
    factor: int = 1
    start: np.ndarray | None = None
    held: np.ndarray | None = None
    words: torch.Tensor | None = None


@dataclass
class LtxModel:
    """A stock pipeline whose transformer hears what `hold` says and reads what `text` lets it.

    Attributes
    ----------
    placed
        how it is run on this machine.
    """

    pipeline: LTX2InContextPipeline
    placed: Placed = Placed()
    hold: AudioHold = field(init=False)
    text: TextMask = field(init=False)

    def __post_init__(self) -> None:
        self.hold = AudioHold(self.pipeline.transformer)
        self.text = TextMask(self.pipeline.transformer)

    @property
    def per_latent(self) -> int:
        """Frames of each latent frame but the first, which is one frame."""
        return self.pipeline.vae_temporal_compression_ratio

    @torch.no_grad()
    def denoise(
        self,
        prompt: str,
        conditions: FrameConditions,
        schedule: LtxSchedule,
        *,
        seed: int,
        size: tuple[int, int],
        rate: float,
        given: Given | None = None,
        negative_prompt: str = DEFAULT_NEGATIVE_PROMPT,
        on_step: StepCallback | None = None,
    ) -> torch.Tensor:
        """Latents (1, C, J, h, w) of a video of `size` (width, height) pixels at `rate` frames a
        second. `on_step` may raise to stop after the current step; it decodes a latent frame.
        """
        given = given or Given()
        pipe, frames = self.pipeline, len(conditions.boxes)
        grid = self._grid(frames, size)
        heard = None
        if given.clip is not None:
            heard = sound_latents(pipe, given.clip, self._sound_length(frames, rate))
        clock = self._clock(given, conditions, schedule, seed) if given.held is not None else None
        run = _Run(self, schedule, clock, grid, on_step)
        if given.trails is not None:
            pipe.set_adapters(TRACKS, schedule.control_strength)
        bias = self._bias(prompt, given, conditions, schedule, grid)
        hearing = self.hold.holding(pipe, heard, given.sound_noise, seed)
        with hearing, self.text.grounded(bias):
            return pipe(
                prompt=prompt,
                negative_prompt=negative_prompt,
                width=size[0],
                height=size[1],
                num_frames=frames,
                frame_rate=rate,
                num_inference_steps=schedule.steps,
                sigmas=distilled_sigmas(schedule.steps) if schedule.distilled else None,
                generator=torch.Generator("cpu").manual_seed(seed),
                callback_on_step_end=run.after_step,
                output_type="latent",
                return_dict=False,
                **guidance(schedule, heard is not None),
                **_conditions(given),
            )[0]

    def _grid(self, frames: int, size: tuple[int, int]) -> tuple[int, int, int]:
        """(J, h, w) of the latents."""
        scale = self.pipeline.vae_spatial_compression_ratio
        return (frames - 1) // self.per_latent + 1, size[1] // scale, size[0] // scale

    def _sound_length(self, frames: int, rate: float) -> int:
        """Latent frames of the sound of a video, as the pipeline counts them."""
        pipe = self.pipeline
        hops = pipe.audio_sampling_rate / pipe.audio_hop_length
        return round(frames / rate * hops / pipe.audio_vae_temporal_compression_ratio)

    def _bias(
        self,
        prompt: str,
        given: Given,
        conditions: FrameConditions,
        schedule: LtxSchedule,
        grid: tuple[int, int, int],
    ) -> torch.Tensor | None:
        """(N, L) for the attention of the video's tokens to the text, None where all is seen."""
        if given.words is None or not schedule.grounded_steps or not given.words.any():
            return None
        words = where_read(self.pipeline, prompt, given.words)
        masks = token_masks(conditions, grid[1:], self.per_latent)
        return attention_bias(masks, words, schedule.phrase_gain)[0, 0]

    def _clock(
        self, given: Given, conditions: FrameConditions, schedule: LtxSchedule, seed: int
    ) -> DualClock:
        """On the video's tokens (1, N, C); a first frame that is given is not held."""
        latents = self.encode(given.held)
        _, _, count, high, wide = latents.shape
        inside = token_masks(conditions, (high, wide), self.per_latent).any(1)  # (J, N)
        free = torch.zeros_like(inside)
        free[0] = given.start is not None
        inside, free = (
            ltx_tokens(self.pipeline, mask.view(1, 1, count, high, wide)) for mask in (inside, free)
        )
        draft = ltx_tokens(self.pipeline, latents).cpu()
        noise = torch.randn(draft.shape, generator=torch.Generator().manual_seed(seed))
        return DualClock(
            draft,
            noise,
            inside,
            schedule.inside_steps,
            schedule.outside_steps,
            free,
        )

    @torch.no_grad()
    def encode(self, frames: np.ndarray) -> torch.Tensor:
        """Normalised latents (1, C, J, h, w) float32 of (F, H, W, 3) uint8 RGB."""
        vae, device = self.pipeline.vae, execution_device(self.pipeline)
        video = torch.from_numpy(frames).to(device, vae.dtype) / 127.5 - 1
        latents = vae.encode(video.permute(3, 0, 1, 2)[None]).latent_dist.mode().float()
        mean, std = (
            x.view(1, -1, 1, 1, 1).to(latents) for x in (vae.latents_mean, vae.latents_std)
        )
        return (latents - mean) * vae.config.scaling_factor / std

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """(F, H, W, 3) uint8 RGB of latents (1, C, J, h, w) as `denoise` gives them."""
        vae = self.pipeline.vae
        clean = torch.zeros(1, device=latents.device) if vae.config.timestep_conditioning else None
        return to_uint8(vae.decode(latents.to(vae.dtype), clean, return_dict=False)[0])


def distilled_sigmas(steps: int) -> list[float]:
    """Noise levels of the distilled model's 8 steps, or as many between them."""
    known = np.array(DISTILLED_SIGMA_VALUES)
    at = np.linspace(0, len(known) - 1, steps)
    return np.interp(at, np.arange(len(known)), known).tolist()


def guidance(schedule: LtxSchedule, heard: bool) -> dict[str, Any]:
    """As the pipeline takes it. The sound's own is off while a recording is held: it would only
    guide what is thrown away."""
    scale = schedule.guidance_scale if schedule.guided_steps else 1.0
    given: dict[str, Any] = {
        "guidance_scale": scale,
        "stg_scale": schedule.perturbed_scale,
        "modality_scale": schedule.sound_scale,
    }
    if heard or schedule.distilled:
        given |= {"audio_guidance_scale": scale, "audio_modality_scale": schedule.sound_scale}
        given |= {"audio_stg_scale": schedule.perturbed_scale}
    return given


def _conditions(given: Given) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if given.start is not None:
        said["conditions"] = [LTX2VideoCondition(frames=Image.fromarray(given.start), index=0)]
    if given.trails is not None:
        frames = [Image.fromarray(frame) for frame in given.trails]
        said["reference_conditions"] = [LTX2ReferenceCondition(frames=frames, strength=1.0)]
        said["reference_downscale_factor"] = given.factor
    return said


@dataclass
class _Run:
    """One render: what happens between the pipeline's steps.

    Attributes
    ----------
    grid
        (J, h, w) of the video's latents, whose tokens come first; those of references follow.
    """

    model: LtxModel
    schedule: LtxSchedule
    clock: DualClock | None
    grid: tuple[int, int, int]
    on_step: StepCallback | None

    def __post_init__(self) -> None:
        self.guess = FlowGuess(self.model.pipeline.scheduler, self.schedule.steps)

    def after_step(self, running: Any, index: int, _: torch.Tensor, tensors: dict) -> dict:
        done, tokens = index + 1, tensors["latents"]
        self.model.text.on = done < self.schedule.grounded_steps
        count = self.grid[0] * self.grid[1] * self.grid[2]
        video = tokens[:, :count]
        if self.clock is not None:
            video = self.clock.after_step(running.scheduler, done, video)
            tokens = torch.cat([video, tokens[:, count:]], 1)
        self.guess.update(video, done)
        if self.on_step is not None:
            self.on_step(done, self._decoded)
        return {"latents": tokens}

    def _decoded(self, frame: int) -> np.ndarray:
        latents = ltx_latents(self.model.pipeline, self.guess.latents(), self.grid)
        return self.model.decode(latents[:, :, frame, None])[0]
