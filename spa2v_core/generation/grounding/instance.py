"""Box-masked instance grounding: the mini model's way to draw objects in their boxes.

At every latent position inside an object's box, a shared MLP sees the object's phrase, the
position *within the box*, the box's size and the pose; each transformer block adds what it
makes of that map, only inside boxes. The idea is MIGC's enhancement attention (Zhou et al.,
CVPR 2024, https://arxiv.org/abs/2402.05408) at small scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn

from ...layout.pose import POSE
from ..conditioning import FrameConditions
from .base import TextTools, as_tensor, box_coverage, grid, spatial_blocks, token_counts

OCTAVES = 4


@dataclass(frozen=True)
class GroundingInputs:
    """What is where, for F frames and K objects (list order is z-order: last is in front).

    Attributes
    ----------
    phrases
        (F or 1, K, d) embedding of each object's phrase.
    boxes
        (F, K, 4) xyxy, normalised; may reach outside the frame.
    present
        (F, K) 1 where the object is in that frame, else 0.
    pose
        (F or 1, K, POSE) heading, step and voice (`layout.pose`).
    """

    phrases: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    pose: torch.Tensor


@dataclass(frozen=True)
class InstanceState:
    """Per token count: (map (F, N, c), mask (F, N, 1) in 0..1)."""

    levels: dict[int, tuple[torch.Tensor, torch.Tensor]]

    def switch(self, on: bool, kwargs: dict[str, Any]) -> None:
        if on:
            kwargs["gligen"] = {"objs": self}


class InstanceFuser(nn.Module):
    """x + mask * W2 silu(W1 [LayerNorm(x), map]); W2 starts at zero."""

    def __init__(self, channels: int, map_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.inner = nn.Linear(channels + map_channels, 2 * channels)
        self.outer = nn.Linear(2 * channels, channels)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, hidden_states: torch.Tensor, state: InstanceState) -> torch.Tensor:
        """Ground the last F rows of (B, N, d) `hidden_states` (the conditional half under CFG)."""
        instance_map, mask = state.levels[hidden_states.shape[1]]
        frames = mask.shape[0]
        rest, x = hidden_states[:-frames], hidden_states[-frames:]
        inner = self.inner(torch.cat([self.norm(x), instance_map.to(x.dtype)], dim=-1))
        grounded = x + mask.to(x.dtype) * self.outer(nn.functional.silu(inner))
        return torch.cat([rest, grounded]) if len(rest) else grounded


class InstanceGrounding(ModelMixin, ConfigMixin):
    """Grounding weights: the shared MLP and one fuser per spatial transformer block.

    Parameters
    ----------
    block_channels
        channels of each block by its name in the UNet.
    phrase_dim
        size of a phrase embedding.
    map_channels
        channels of the instance map.
    pose
        numbers of the pose that it knows; 1 is of weights that know left from right only.
    """

    @register_to_config
    def __init__(
        self,
        block_channels: dict[str, int],
        phrase_dim: int = 128,
        map_channels: int = 128,
        pose: int = 1,
    ) -> None:
        super().__init__()
        features = phrase_dim + 4 * OCTAVES + 2 + pose
        self.embed = nn.Sequential(
            nn.Linear(features, 256), nn.SiLU(), nn.Linear(256, map_channels)
        )
        self.fusers = nn.ModuleDict(
            {
                name.replace(".", "-"): InstanceFuser(channels, map_channels)
                for name, channels in block_channels.items()
            }
        )

    @classmethod
    def for_unet(cls, unet: nn.Module, phrase_dim: int = 128) -> InstanceGrounding:
        """New weights that fit `unet`."""
        channels = {name: block.norm1.normalized_shape[0] for name, block in spatial_blocks(unet)}
        return cls(block_channels=channels, phrase_dim=phrase_dim, pose=POSE)

    def graft(self, unet: nn.Module) -> None:
        blocks = dict(spatial_blocks(unet))
        expected = {name.replace("-", ".") for name in self.fusers}
        if expected != set(blocks):
            raise ValueError(
                f"grounding does not fit this UNet: {sorted(expected ^ set(blocks))[:3]} differ"
            )
        for name, block in blocks.items():
            block.fuser = self.fusers[name.replace(".", "-")]

    def prepare(
        self, conditions: FrameConditions, text: TextTools, latent_hw: tuple[int, int]
    ) -> InstanceState:
        tokens = text.tokenizer(
            conditions.phrases,
            padding="max_length",
            truncation=True,
            max_length=8,
            return_tensors="pt",
        )
        ids = tokens.input_ids.to(text.device)
        phrases = phrase_embeddings(ids, text.text_encoder, set(text.tokenizer.all_special_ids))
        pose = conditions.pose if self.config.pose > 1 else conditions.facing[..., None]
        arrays = (conditions.boxes, conditions.present, pose)
        inputs = GroundingInputs(phrases[None], *(as_tensor(array, phrases) for array in arrays))
        return self.maps(inputs, latent_hw)

    def maps(self, inputs: GroundingInputs, latent_hw: tuple[int, int]) -> InstanceState:
        """State for latents of `latent_hw`."""
        return InstanceState(
            {
                height * width: self._level(inputs, height, width)
                for height, width in token_counts(latent_hw, 3)
            }
        )

    def _level(
        self, inputs: GroundingInputs, height: int, width: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Map and mask at one resolution; objects are composed front to back, one at a time and
        only where they are, so that memory does not grow with their number."""
        boxes = inputs.boxes.float()
        cover = box_coverage(boxes, height, width) * inputs.present[..., None]
        frames, count, cells = cover.shape
        in_front = _Mean.of((frames, cells, self.config.map_channels), boxes.device)
        behind = _Mean.of((frames, cells, self.config.map_channels), boxes.device)
        hidden = torch.zeros_like(cover[:, 0]) if count else cover.new_zeros(frames, cells)
        for k in reversed(range(count)):
            there = cover[:, k].nonzero(as_tuple=True)
            features = self._features(inputs, k, there, grid(height, width, boxes.device))
            embedded = self.embed(features.to(self.embed[0].weight.dtype)).float()
            in_front.add(there, embedded, (cover[:, k] * (1 - hidden))[there])
            behind.add(there, embedded, (cover[:, k] * hidden)[there])
            hidden = 1 - (1 - hidden) * (1 - cover[:, k])
        # What is behind shows through the gaps of what is in front, so the fusers are told both;
        # its channels are rolled, so that they can tell them apart.
        back = behind.value(least=1.0)
        back = back.roll(back.shape[-1] // 2, dims=-1)
        return in_front.value(least=1e-4) + back, hidden[..., None]

    def _features(
        self,
        inputs: GroundingInputs,
        k: int,
        there: tuple[torch.Tensor, torch.Tensor],
        cells: tuple[torch.Tensor, torch.Tensor],
    ) -> torch.Tensor:
        """(M, features) in fp32 of object k at M places (frame, cell): phrase, position in the
        box, box size, pose."""
        frame, cell = there
        x, y = (axis[cell] for axis in cells)
        x1, y1, x2, y2 = inputs.boxes[frame, k].float().unbind(-1)
        wide, high = (x2 - x1).clamp(min=1e-3), (y2 - y1).clamp(min=1e-3)
        inside = torch.stack([(x - x1) / wide, (y - y1) / high], dim=-1).clamp(-0.5, 1.5)
        octaves = math.pi * 2.0 ** torch.arange(OCTAVES, device=x.device)
        angles = (inside[..., None] * octaves).flatten(-2)
        phrases, pose = (
            values.float().expand(len(inputs.boxes), *values.shape[1:])[frame, k]
            for values in (inputs.phrases, inputs.pose[..., : self.config.pose])
        )
        size = torch.stack([wide, high], dim=-1)
        return torch.cat([phrases, angles.sin(), angles.cos(), size, pose], dim=-1)


@dataclass
class _Mean:
    """Weighted mean (F, N, c) that is added to at some (frame, cell)."""

    sums: torch.Tensor
    total: torch.Tensor

    @classmethod
    def of(cls, shape: tuple[int, int, int], device: torch.device) -> _Mean:
        return cls(torch.zeros(shape, device=device), torch.zeros(shape[:2], device=device))

    def add(
        self, there: tuple[torch.Tensor, ...], values: torch.Tensor, weights: torch.Tensor
    ) -> None:
        self.sums.index_put_(there, values * weights[:, None], accumulate=True)
        self.total.index_put_(there, weights, accumulate=True)

    def value(self, least: float) -> torch.Tensor:
        """Weights are taken to sum to `least`."""
        return self.sums / self.total.clamp(min=least)[..., None]


def phrase_embeddings(
    input_ids: torch.Tensor, text_encoder: nn.Module, special_ids: set[int]
) -> torch.Tensor:
    """(..., d) mean of the last hidden states over a phrase's words.

    Pooling the words keeps the classes apart; the end-of-text state of so small an encoder
    collapses (mean cosine 0.95 between classes).
    """
    flat = input_ids.reshape(-1, input_ids.shape[-1])
    words = torch.ones_like(flat, dtype=torch.bool)
    for special in special_ids:
        words &= flat != special
    hidden = text_encoder(flat).last_hidden_state
    weight = words[..., None].to(hidden.dtype)
    pooled = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
    return pooled.reshape(*input_ids.shape[:-1], -1)
