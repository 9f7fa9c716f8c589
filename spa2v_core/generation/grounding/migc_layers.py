"""What one MIGC layer computes, and the scene it computes it from.

Written from the paper's equations (Zhou et al., "MIGC: Multi-Instance Generation Controller for
Text-to-Image Synthesis", CVPR 2024, https://arxiv.org/abs/2402.05408). The attributes of the
modules carry the names of the tensors in the authors' checkpoint, odd ones included, so that a
state dict maps onto them by prefix alone.

Shapes: F frames of a video, A of them with somebody in them, P visible (frame, object) pairs,
K objects, N = h * w tokens of C channels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

#: Objects that the trained aggregation has room for, and its channels: background and layout too.
MAX_OBJECTS = 28
SLOTS = MAX_OBJECTS + 2
OCTAVES, TEMPERATURE = 8, 100.0


@dataclass(frozen=True)
class Level:
    """Where things are at one resolution, weights in 0..1.

    Attributes
    ----------
    hw
        height and width in tokens.
    inside
        (P, N) weight of the pair's object.
    background
        (A, N) weight of what no box covers.
    together
        (A, 1, N, N) bool, the two tokens share a box or the background.
    """

    hw: tuple[int, int]
    inside: torch.Tensor
    background: torch.Tensor
    together: torch.Tensor


@dataclass(frozen=True)
class Scene:
    """Everything that the layers need for one video; pairs are ordered by frame.

    Attributes
    ----------
    frames
        F.
    active
        (A,) frames with somebody in them, ascending.
    frame_of
        (P,) position in `active` of each pair's frame.
    object_of
        (P,) object of each pair, 0..K-1.
    text
        (K, L, d) last hidden states of the objects' phrases.
    pooled
        (K, d) their pooled states.
    box_features
        (P, 64) Fourier features of each pair's box.
    levels
        by token count.
    """

    frames: int
    active: torch.Tensor
    frame_of: torch.Tensor
    object_of: torch.Tensor
    text: torch.Tensor
    pooled: torch.Tensor
    box_features: torch.Tensor
    levels: dict[int, Level]


def fourier_features(boxes: torch.Tensor) -> torch.Tensor:
    """(P, 64) sin and cos of boxes (P, 4), xyxy normalised, at 8 frequencies 100^(k/8).

    The checkpoint's box tokens take a box as x0, x1, y0, y1 and the frequencies in order, four
    sines then four cosines each.
    """
    ordered = boxes[:, [0, 2, 1, 3]]
    frequencies = TEMPERATURE ** (torch.arange(OCTAVES, device=boxes.device) / OCTAVES)
    angles = ordered[:, None] * frequencies[:, None]
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class BoxEmbedder(nn.Module):
    """MLP from a box's Fourier features to a token as wide as the text."""

    def __init__(self, text_dim: int) -> None:
        super().__init__()
        self.linears_position = nn.Sequential(
            nn.Linear(8 * OCTAVES, 512),
            nn.SiLU(),
            nn.Linear(512, 512),
            nn.SiLU(),
            nn.Linear(512, text_dim),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(..., d) embeddings of (..., features) of boxes."""
        return self.linears_position(features)


class HeadedAttention(nn.Module):
    """Multi-head attention: softmax(Q K' / sqrt(d)) V, projected."""

    def __init__(self, channels: int, context_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context_dim, channels, bias=False)
        self.to_v = nn.Linear(context_dim, channels, bias=False)
        self.to_out = nn.Sequential(nn.Linear(channels, channels))

    def forward(
        self, x: torch.Tensor, context: torch.Tensor, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """(B, N, C) of queries (B, N, C), context (B, M, d) and bool mask (B, 1, N, M)."""
        query, key, value = (
            projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projected in (self.to_q(x), self.to_k(context), self.to_v(context))
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.to_out(mixed.transpose(1, 2).flatten(2))


class Cbam(nn.Module):
    """Convolutional block attention (Woo et al., ECCV 2018): channels gated, then places."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        mlp = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels, channels // reduction),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels),
        )
        conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.ChannelGate = nn.ModuleDict({"mlp": mlp})
        self.SpatialGate = nn.ModuleDict({"spatial": nn.ModuleDict({"conv": conv})})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) of the same."""
        mlp, conv = self.ChannelGate["mlp"], self.SpatialGate["spatial"]["conv"]
        gate = torch.sigmoid(mlp(x.mean((2, 3))) + mlp(x.amax((2, 3))))
        x = x * gate[..., None, None]
        places = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], dim=1)
        return x * torch.sigmoid(conv(places))


class ShadingAggregation(nn.Module):
    """Weighs background, instances and layout against each other at every token.

    A branch's score map comes from its features and mask; the maps of all branches are then
    gated together, in as many channels as the module was trained with. An object keeps its
    channel through the whole video and channels without an object hold the score of an empty
    branch. (The authors shuffle the channels at random each call, which no seed reaches: it made
    training indifferent to the order, and a fixed order is one of the draws.)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels + 1, channels, 1)
        self.cbam1 = Cbam(channels, 16)
        self.conv2 = nn.Conv2d(channels, 1, 1)
        self.cbam2 = Cbam(SLOTS, 1)

    def forward(
        self,
        background: torch.Tensor,
        instances: torch.Tensor,
        layout: torch.Tensor,
        scene: Scene,
        level: Level,
    ) -> torch.Tensor:
        """(A, N, C) of background and layout (A, N, C) and instances (P, N, C), masked."""
        frames, slots = scene.frame_of, scene.object_of + 1
        everywhere = torch.ones_like(level.background)
        branches = ((background, level.background), (instances, level.inside))
        scores = [self._score(x, mask, level.hw) for x, mask in (*branches, (layout, everywhere))]
        nothing = self._score(
            torch.zeros_like(background[:1]), torch.zeros_like(level.background[:1]), level.hw
        )
        table = nothing[:, None].repeat(len(background), SLOTS, 1, 1)
        table[:, 0], table[frames, slots], table[:, -1] = scores
        weights = self.cbam2(table).flatten(2)
        used = [0, *range(1, len(scene.text) + 1), SLOTS - 1]
        taking_part = torch.zeros(len(background), SLOTS, dtype=torch.bool, device=table.device)
        taking_part[:, [0, -1]] = True
        taking_part[frames, slots] = True
        weights = weights.float().masked_fill(~taking_part[..., None], -math.inf)[:, used]
        # Dense rather than index_add, whose order of summation is not fixed on a GPU.
        values = background.new_zeros(len(background), len(used), *background.shape[1:])
        values[:, 0], values[frames, slots], values[:, -1] = background, instances, layout
        return (weights.softmax(1).to(values.dtype)[..., None] * values).sum(1)

    def _score(self, x: torch.Tensor, mask: torch.Tensor, hw: tuple[int, int]) -> torch.Tensor:
        """(B, h, w) score of branches (B, N, C) with masks (B, N)."""
        seen = torch.cat([x, mask[..., None].to(x.dtype)], dim=-1)
        seen = seen.transpose(1, 2).unflatten(-1, hw)
        return self.conv2(self.cbam1(self.conv1(seen)))[:, 0]


class MigcLayer(nn.Module):
    """What replaces the output of one cross-attention layer in the frames with objects.

    Parameters
    ----------
    channels
        C of the layer.
    text_dim
        d of the text states.
    heads
        of both attentions.
    """

    def __init__(self, channels: int, text_dim: int, heads: int) -> None:
        super().__init__()
        self.ea = HeadedAttention(channels, text_dim, heads)
        self.la = HeadedAttention(channels, channels, heads)
        self.norm = nn.LayerNorm(channels)
        self.sac = ShadingAggregation(channels)
        self.pos_net = BoxEmbedder(text_dim)

    def forward(
        self,
        x: torch.Tensor,
        captioned: torch.Tensor,
        instances: torch.Tensor,
        scene: Scene,
        level: Level,
    ) -> torch.Tensor:
        """(A, N, C) of the layer's input `x` and two results of the stock cross-attention.

        `captioned` (A, N, C) is that of `x` with each frame's caption, `instances` (P, N, C) that
        of each pair's frame with its object's phrase.
        """
        inside = level.inside[..., None].to(x.dtype)
        instances = (instances + self.enhance(x, scene)) * inside
        background = captioned * level.background[..., None].to(x.dtype)
        layout = self.la(x, x, level.together)
        return self.sac(background, instances, layout, scene, level)

    def enhance(self, x: torch.Tensor, scene: Scene) -> torch.Tensor:
        """(P, N, C) enhancement attention: each pair's frame looks at its phrase and its box."""
        pooled = scene.pooled[scene.object_of].to(x.dtype)
        box = self.pos_net(scene.box_features.to(x.dtype))
        return self.ea(self.norm(x)[scene.frame_of], torch.stack([pooled, box], dim=1))
