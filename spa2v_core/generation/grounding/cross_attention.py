"""Cross-attention that can be steered and watched; otherwise it is the stock one.

`attention` and `energy` share it: one set of processors on a UNet's spatial cross-attention.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import nn

from ..conditioning import FrameConditions
from .base import TextTools, as_tensor, box_coverage, spatial_blocks, token_counts


@dataclass
class Hooks:
    """What the processors of one UNet do, for the last F rows of a batch.

    Attributes
    ----------
    steering
        per token count, (F, N, L) -1..1: push each text token's attention down or up there.
    watching
        put maps (F, heads, N, L) of the layers named here into `maps`.
    """

    steering: dict[int, torch.Tensor] | None = None
    watching: tuple[str, ...] = ()
    maps: dict[str, torch.Tensor] = field(default_factory=dict)


class HookedProcessor(AttnProcessor2_0):
    """The stock processor, unless its hooks ask for more."""

    def __init__(self, hooks: Hooks, name: str) -> None:
        super().__init__()
        self.hooks, self.name = hooks, name

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        watched = self.name.startswith(self.hooks.watching) if self.hooks.watching else False
        if self.hooks.steering is None and not watched:
            return super().__call__(
                attn, hidden_states, encoder_hidden_states, attention_mask, temb
            )
        query, key, value = (
            part.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for part in (
                attn.to_q(hidden_states),
                attn.to_k(encoder_hidden_states),
                attn.to_v(encoder_hidden_states),
            )
        )
        logits = query @ key.transpose(-1, -2) * attn.scale
        if self.hooks.steering is not None:
            logits = steered(logits, self.hooks.steering[hidden_states.shape[1]])
        maps = logits.float().softmax(-1)
        if watched:
            self.hooks.maps[self.name] = maps
        out = (maps.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        return attn.to_out[1](attn.to_out[0](out)) / attn.rescale_output_factor


def steered(logits: torch.Tensor, pushes: torch.Tensor) -> torch.Tensor:
    """Logits (B, heads, N, L) with those of the last F rows pushed by (F, N, L).

    A push of 1 lifts a logit to its row's highest, -1 lowers it to its lowest (dense diffusion,
    Kim et al., ICCV 2023, eq. 4: the range of the values there is kept).
    """
    frames = len(pushes)
    rest, rows = logits[:-frames], logits[-frames:]
    push = pushes[:, None].to(logits.dtype)
    up = push.clamp(min=0) * (rows.amax(-1, keepdim=True) - rows)
    down = push.clamp(max=0) * (rows - rows.amin(-1, keepdim=True))
    return torch.cat([rest, rows + up + down])


def hooked(unet: nn.Module) -> Hooks:
    """The hooks of a UNet's spatial cross-attention, put there at the first call."""
    blocks = dict(spatial_blocks(unet))
    for block in blocks.values():
        if isinstance(block.attn2.processor, HookedProcessor):
            return block.attn2.processor.hooks
    hooks = Hooks()
    for name, block in blocks.items():
        block.attn2.set_processor(HookedProcessor(hooks, name))
    return hooks


@dataclass(frozen=True)
class Targets:
    """Which tokens of which frame's text name which object, and where it is.

    Attributes
    ----------
    tokens
        (F, K, L) 1 where token l of frame f's text is a word of object k's phrase.
    cover
        per token count, (F, K, N) share of a cell that the object's box covers, 0 if absent.
    area
        (F, K) share of the frame that the box covers.
    """

    tokens: torch.Tensor
    cover: dict[int, torch.Tensor]
    area: torch.Tensor


def targets(
    conditions: FrameConditions,
    text: TextTools,
    latent_hw: tuple[int, int],
    like: torch.Tensor,
    levels: int = 4,
) -> Targets:
    """Targets on the device of `like`. An object that a frame's text does not name has none."""
    boxes = as_tensor(conditions.boxes, like)
    present = as_tensor(conditions.present, like)
    cover = {
        height * width: box_coverage(boxes, height, width) * present[..., None]
        for height, width in token_counts(latent_hw, levels)
    }
    maps = {t: token_map(t, conditions.phrases, text) for t in set(conditions.frame_texts)}
    tokens = np.stack([maps[t] for t in conditions.frame_texts])
    return Targets(as_tensor(tokens, like), cover, cover[latent_hw[0] * latent_hw[1]].mean(-1))


def token_map(frame_text: str, phrases: list[str], text: TextTools) -> np.ndarray:
    """(K, L) 1 where a token of the text belongs to the phrase, or at least to its last word."""
    ids = text.token_ids(frame_text)
    out = np.zeros((len(phrases), len(ids)), np.float32)
    for row, phrase in zip(out, phrases, strict=True):
        for words in (phrase, phrase.split()[-1]):
            found = find(_bare(text, words), ids)
            if found:
                row[found] = 1
                break
    return out


def _bare(text: TextTools, words: str) -> list[int]:
    special = set(text.tokenizer.all_special_ids)
    return [i for i in text.token_ids(words) if i not in special]


def find(part: list[int], whole: list[int]) -> list[int]:
    """Indices in `whole` of every occurrence of `part`."""
    size = len(part)
    starts = [i for i in range(len(whole) - size + 1) if size and whole[i : i + size] == part]
    return [start + k for start in starts for k in range(size)]


def named_everywhere(conditions: FrameConditions) -> list[str]:
    """The frames' texts, with the phrases that they lack added: what is steered must be named."""
    texts = []
    for frame_text, present in zip(conditions.frame_texts, conditions.present, strict=True):
        lacking = [
            phrase
            for phrase, there in zip(conditions.phrases, present, strict=True)
            if there and phrase.split()[-1].lower() not in frame_text.lower()
        ]
        texts.append(", ".join([frame_text, *lacking]) if frame_text else ", ".join(lacking))
    return texts
