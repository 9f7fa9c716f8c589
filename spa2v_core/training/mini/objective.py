"""What base and motion minimise, and the check that tells whether boxes are obeyed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from ...generation.grounding.base import box_coverage
from ...generation.grounding.instance import (
    GroundingInputs,
    InstanceGrounding,
    InstanceState,
    phrase_embeddings,
)
from ...generation.unet import FrameConditioning, GroundedUNetMotionModel
from ..world.choreography import FRAMES
from . import models
from .pool import Pool

#: (noisy latents (N, 8, h, w), timesteps (N,), text (N, L, d), grounding state) -> prediction.
Predict = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Any], torch.Tensor]
UNKNOWN_ID, FIRST_WORD_ID = 3, 4
#: What errors inside boxes weigh more than others, and those of what changes there: a stroke or a
#: step is small in the picture.
FOCUS, CHANGE = 1.5, 3.0


@dataclass
class Objective:
    """v-prediction (Salimans and Ho, 2022) with conditions dropped for guidance.

    Attributes
    ----------
    group
        consecutive frames that share timestep and dropped conditions (16 for clips).
    """

    predict: Predict
    tokenizer: Any
    text_encoder: nn.Module
    grounding: InstanceGrounding
    device: str
    group: int = 1

    def __post_init__(self) -> None:
        self.alphas = models.build_scheduler().alphas_cumprod.to(self.device)
        self.empty = models.empty_tokens(self.tokenizer, self.device)
        self.specials = set(self.tokenizer.all_special_ids)

    def loss(self, batch: Pool) -> torch.Tensor:
        """Mean weighted error.

        Errors weigh as `focus` says; min-SNR weighting with gamma 5 (Hang et al., 2023), but at
        least 0.5 towards pure noise, where what is drawn where is decided.
        """
        count = len(batch.latents)
        text_ids = torch.where(self._chance(count, 0.5)[:, None], batch.plain, batch.captions)
        unknown = (torch.rand(text_ids.shape, device=self.device) < 0.05) & (
            text_ids >= FIRST_WORD_ID
        )
        text_ids = text_ids.masked_fill(unknown, UNKNOWN_ID)
        nothing = self._chance(count, 0.10)
        no_text = nothing | self._chance(count, 0.05)
        no_boxes = nothing | self._chance(count, 0.12)
        text_ids = torch.where(no_text[:, None], self.empty, text_ids)
        drawn = torch.randint(1000, (count // self.group,), device=self.device)
        timesteps = drawn.repeat_interleave(self.group)
        noise = torch.randn(batch.latents.shape, device=self.device)
        present = batch.present * (~no_boxes[:, None])
        error, snr = self._error(batch, text_ids, present, timesteps, noise)
        weight = snr.clamp(max=5) / (snr + 1)
        weight = torch.where(snr < 5, weight.clamp(min=0.5), weight)
        weight = weight[:, None, None, None] * focus(batch.boxes, batch.present, batch.change)
        return (error * weight).mean()

    @torch.no_grad()
    def true_null_loss(self, pool: Pool) -> dict[str, list[float]]:
        """Held-out loss inside boxes, same noise: {t: [with true boxes, with null boxes]}."""
        generator = torch.Generator(self.device).manual_seed(7)
        clips = torch.arange(len(pool.latents) - pool.held, len(pool.latents), device=self.device)
        clips = clips[: max(1, 256 // self.group)]
        middle = torch.full_like(clips, FRAMES // 2)
        batch = pool.whole(clips) if self.group > 1 else pool.frames(clips, middle)
        noise = torch.randn(batch.latents.shape, device=self.device, generator=generator)
        inside = (_covered(batch) > 0.5).float()
        pairs: dict[str, list[float]] = {}
        for t in (950, 700, 400):
            timesteps = torch.full((len(noise),), t, device=self.device)
            pairs[str(t)] = []
            for present in (batch.present, torch.zeros_like(batch.present)):
                with torch.compiler.set_stance("force_eager"):
                    error, _ = self._error(batch, batch.plain, present, timesteps, noise)
                mean = (error.mean(1, keepdim=True) * inside).sum() / inside.sum()
                pairs[str(t)].append(round(float(mean), 4))
        return pairs

    def _error(
        self,
        batch: Pool,
        text_ids: torch.Tensor,
        present: torch.Tensor,
        timesteps: torch.Tensor,
        noise: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Squared error of the prediction (N, 8, h, w) and the signal-to-noise ratio (N,)."""
        alphas = self.alphas[timesteps]
        a, b = (root[:, None, None, None] for root in (alphas.sqrt(), (1 - alphas).sqrt()))
        clean = batch.latents.float()
        text = self.text_encoder(text_ids).last_hidden_state
        state = self.state(batch, present)
        predicted = self.predict(a * clean + b * noise, timesteps, text, state).float()
        return (predicted - (a * noise - b * clean)).square(), alphas / (1 - alphas).clamp(min=1e-8)

    def state(self, batch: Pool, present: torch.Tensor) -> InstanceState:
        """The grounding of a batch whose objects are `present` (N, K)."""
        phrases = phrase_embeddings(batch.phrases, self.text_encoder, self.specials)
        inputs = GroundingInputs(phrases, batch.boxes, present, batch.pose)
        return self.grounding.maps(inputs, tuple(batch.latents.shape[-2:]))

    def _chance(self, count: int, p: float) -> torch.Tensor:
        """(count,) true with probability p, the same within a group."""
        draw = torch.rand(count // self.group, device=self.device) < p
        return draw.repeat_interleave(self.group)


def covered(boxes: torch.Tensor, present: torch.Tensor, latent_hw: tuple[int, int]) -> torch.Tensor:
    """(N, 1, h, w) share of each latent cell that a present object's box covers."""
    height, width = latent_hw
    cover = box_coverage(boxes, height, width) * present[..., None]
    return cover.amax(1).view(-1, 1, height, width)


def focus(boxes: torch.Tensor, present: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """(N, 1, h, w) what errors weigh: 1, more inside boxes (N, K, 4) of what is present (N, K),
    most where that changes (N, h, w)."""
    inside = covered(boxes, present, tuple(change.shape[-2:]))
    return 1 + inside * (FOCUS + CHANGE * change[:, None].float())


def _covered(batch: Pool) -> torch.Tensor:
    return covered(batch.boxes, batch.present, tuple(batch.latents.shape[-2:]))


def predict_2d(unet: UNet2DConditionModel) -> Predict:
    """A 2D UNet on single frames, with a prepared grounding state."""
    unet.position_net = models.PassThrough()

    def predict(
        noisy: torch.Tensor, timesteps: torch.Tensor, text: torch.Tensor, state: Any
    ) -> torch.Tensor:
        grounded = {"gligen": {"objs": state}}
        return unet(noisy, timesteps, text, cross_attention_kwargs=grounded).sample

    return predict


def predict_clips(unet: GroundedUNetMotionModel) -> Predict:
    """The runtime's UNet on clips that are flattened to frames."""

    def predict(
        noisy: torch.Tensor, timesteps: torch.Tensor, text: torch.Tensor, state: Any
    ) -> torch.Tensor:
        video = noisy.unflatten(0, (-1, FRAMES)).transpose(1, 2)
        passed = {"conditioning": FrameConditioning(None, (state,))}
        out = unet(video, timesteps[::FRAMES], text, cross_attention_kwargs=passed).sample
        return out.transpose(1, 2).flatten(0, 1)

    return predict
