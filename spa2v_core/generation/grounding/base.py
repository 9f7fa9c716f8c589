"""The grounding protocol: what puts objects into their boxes.

A grounding is grafted onto a UNet once (`graft`): `instance` and `gligen` sit in the `fuser` slot
of every *spatial* transformer block, `attention`, `energy` and `migc` at its cross-attention. Once
per render `prepare` turns a layout's conditions into a state; before each call of the UNet the
state is switched on or off by the schedule. Off, the UNet is the stock one to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from diffusers.models.attention import BasicTransformerBlock
from torch import nn

from ..conditioning import FrameConditions


class TextTools(Protocol):
    """What a grounding may ask of the text encoder."""

    @property
    def tokenizer(self) -> Any: ...

    @property
    def text_encoder(self) -> nn.Module: ...

    @property
    def device(self) -> torch.device: ...

    def hidden(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, L, d) last hidden states, as the UNet gets them."""

    def pooled(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, d) pooled states."""

    def token_ids(self, text: str) -> list[int]:
        """The L ids of a padded text."""


class GroundingState(Protocol):
    """A layout prepared for one render."""

    def switch(self, on: bool, kwargs: dict[str, Any]) -> None:
        """Before each call of the UNet, whose `cross_attention_kwargs` are `kwargs`."""


class Grounding(Protocol):
    """A kind of grounding."""

    def graft(self, unet: nn.Module) -> None:
        """Put this grounding's modules or processors into `unet`; ValueError if it doesn't fit."""

    def prepare(
        self, conditions: FrameConditions, text: TextTools, latent_hw: tuple[int, int]
    ) -> GroundingState:
        """State for F conditional frames with latents of `latent_hw`."""


@dataclass(frozen=True)
class Text:
    """`TextTools` on CLIP's classes; `device` is where the encoder runs."""

    tokenizer: Any
    text_encoder: nn.Module
    device: torch.device

    def ids(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, L) ids, padded to what the encoder takes."""
        encoded = self.tokenizer(
            list(texts),
            padding="max_length",
            truncation=True,
            max_length=self.tokenizer.model_max_length,
            return_tensors="pt",
        )
        return encoded.input_ids.to(self.device)

    def token_ids(self, text: str) -> list[int]:
        return self.ids([text])[0].tolist()

    def hidden(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, L, d) last hidden states."""
        return self.text_encoder(self.ids(texts)).last_hidden_state

    def pooled(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, d) pooled states."""
        return self.text_encoder(self.ids(texts)).pooler_output


def spatial_blocks(unet: nn.Module) -> Iterator[tuple[str, BasicTransformerBlock]]:
    """Named spatial transformer blocks of a 2D or motion UNet (same names in both)."""
    for name, module in unet.named_modules():
        if isinstance(module, BasicTransformerBlock) and "motion_modules" not in name:
            yield name, module


def as_tensor(array: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """An array (...,) as float32 on the device of `like`."""
    return torch.as_tensor(array, dtype=torch.float32, device=like.device)


def token_counts(latent_hw: tuple[int, int], levels: int) -> list[tuple[int, int]]:
    """(height, width) of the UNet's levels, the latents' own first."""
    sizes = [latent_hw]
    for _ in range(levels - 1):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes


def grid(height: int, width: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised x and y of the cell centres, each (height * width,)."""
    y = (torch.arange(height, device=device) + 0.5) / height
    x = (torch.arange(width, device=device) + 0.5) / width
    return x.repeat(height), y.repeat_interleave(width)


def box_coverage(boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(..., height * width) share of each cell that a box covers, 0..1."""

    def along(low: torch.Tensor, high: torch.Tensor, cells: int) -> torch.Tensor:
        edges = torch.arange(cells + 1, device=boxes.device) / cells
        start = torch.maximum(low[..., None], edges[:-1])
        stop = torch.minimum(high[..., None], edges[1:])
        return (stop - start).clamp(min=0) * cells

    x1, y1, x2, y2 = boxes.unbind(-1)
    cover = along(y1, y2, height)[..., :, None] * along(x1, x2, width)[..., None, :]
    return cover.flatten(-2)
