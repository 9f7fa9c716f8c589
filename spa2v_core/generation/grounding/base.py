"""The grounding protocol: what puts objects into their boxes.

A grounding module is grafted into the `fuser` slot of every *spatial* transformer block of a
UNet (`graft`). Once per render `prepare` turns boxes and phrases into a state; the blocks then
call `fuser(hidden_states, state)`, and each picks what it needs from the state by token count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from diffusers.models.attention import BasicTransformerBlock
from torch import nn


@dataclass(frozen=True)
class GroundingInputs:
    """What is where, for F frames and K objects (list order is z-order: last is in front).

    Attributes
    ----------
    phrases: (F or 1, K, d) embedding of each object's phrase.
    boxes: (F, K, 4) xyxy, normalised; may reach outside the frame.
    present: (F, K) 1 where the object is in that frame, else 0.
    facing: (F or 1, K) -1 facing left, +1 facing right.
    """

    phrases: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    facing: torch.Tensor


class Grounding(Protocol):
    """A kind of grounding (`instance` for the mini; others share the slot and the call)."""

    def graft(self, unet: nn.Module) -> None:
        """Put this grounding's modules into the fuser slots of `unet`."""

    def encode_phrases(
        self, phrases: list[str], tokenizer: Any, text_encoder: nn.Module
    ) -> torch.Tensor:
        """(K, d) embeddings of the objects' phrases."""

    def prepare(self, inputs: GroundingInputs, latent_hw: tuple[int, int]) -> Any:
        """State for the fusers, for the conditional frames only."""


def spatial_blocks(unet: nn.Module) -> Iterator[tuple[str, BasicTransformerBlock]]:
    """Named spatial transformer blocks of a 2D or motion UNet (same names in both)."""
    for name, module in unet.named_modules():
        if isinstance(module, BasicTransformerBlock) and "motion_modules" not in name:
            yield name, module
