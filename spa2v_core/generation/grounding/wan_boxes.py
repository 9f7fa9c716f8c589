"""Box-masked cross-attention: how objects get into their boxes in Wan, without any training.

Wan's transformer reads the prompt in the cross-attention (`attn2`) of each block. While grounding
is on, the words that name an object are seen only by the video tokens inside its box (others get
-inf for them); inside, the object in front is seen with `phrase_gain` times the weight. All other
words are seen everywhere. The pipelines stay stock: the processors read one shared
`BoxAttention`, since Wan passes no `attention_kwargs` on to its processors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor
from diffusers.pipelines.wan.pipeline_wan import prompt_clean
from torch import nn

from ..conditioning import FrameConditions
from ..full_size.prompts import sentences, thinned
from .base import box_coverage

#: Length of Wan's text, in tokens; the rest is padding.
TEXT_TOKENS = 512
#: Frames of each latent frame but the first, which is one frame.
FRAMES_PER_LATENT = 4
#: Share of a video token's area from which a box is over it; of a smaller box, the most it covers.
TOUCHED = 0.05


@dataclass(frozen=True)
class GroundedPrompt:
    """A prompt that names every object.

    Attributes
    ----------
    text
        the prompt.
    words
        (K, L) bool, which of the prompt's L tokens name each of the K objects; no token of an
        object does if its phrase was cut off.
    frame_captions
        how many frame captions are in the text.
    """

    text: str
    words: torch.Tensor
    frame_captions: int = 0


@dataclass
class BoxAttention:
    """What the grounded cross-attentions of one transformer read.

    Attributes
    ----------
    text
        (1, L, d) prompt embeddings; only calls that get exactly these are grounded, so that the
        unconditional call is not.
    bias
        (1, 1, N, L) added to the attention logits of N video tokens, None for the stock model.
    on
        switched by the schedule.
    active
        whether the call that runs now is grounded.
    """

    text: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    on: bool = True
    active: bool = False

    @contextmanager
    def grounded(self, text: torch.Tensor, bias: torch.Tensor | None) -> Iterator[None]:
        """Ground the calls with `text` (B, L, d) by the `bias` on its attention, None for none;
        the stock model again afterwards, also after an error."""
        self.text, self.bias, self.on = text, bias, True
        try:
            yield
        finally:
            self.text, self.bias, self.active = None, None, False

    def enter(self, _module: nn.Module, _args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Pre-hook of the transformer: a pipeline calls it apart for each half of the guidance."""
        self.active = (
            self.on
            and self.bias is not None
            and self.text is not None
            and torch.equal(kwargs["encoder_hidden_states"], self.text)
        )


class BoxAttnProcessor(WanAttnProcessor):
    """WanAttnProcessor that adds the bias of a shared `BoxAttention` while that is active."""

    def __init__(self, boxes: BoxAttention) -> None:
        super().__init__()
        self.boxes = boxes

    def __call__(
        self,
        attn: nn.Module,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        if self.boxes.active and self.boxes.bias is not None:
            attention_mask = self.boxes.bias.to(hidden_states.dtype)
        return super().__call__(
            attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb
        )


def graft(*transformers: nn.Module) -> BoxAttention:
    """Make the cross-attentions of Wan's transformers (those of VACE's control too) read the
    returned `BoxAttention`."""
    boxes = BoxAttention()
    for transformer in transformers:
        transformer.set_attn_processor(
            {
                name: BoxAttnProcessor(boxes) if name.endswith(".attn2.processor") else processor
                for name, processor in transformer.attn_processors.items()
            }
        )
        transformer.register_forward_pre_hook(boxes.enter, with_kwargs=True)
    return boxes


def token_masks(
    conditions: FrameConditions, grid_hw: tuple[int, int], per_latent: int = FRAMES_PER_LATENT
) -> torch.Tensor:
    """(J, K, N) bool: which of the N = h * w tokens of each latent frame are in an object's box.

    Latent frame 0 is frame 0 and latent frame j the next `per_latent` frames (4 of Wan: 4j-3..4j):
    where the box is in any of them while the object is present.
    """
    cover = box_coverage(torch.as_tensor(conditions.boxes, dtype=torch.float32), *grid_hw)
    touched = (cover > 0) & (cover >= cover.amax(-1, keepdim=True).clamp(max=TOUCHED))
    inside = touched & torch.as_tensor(conditions.present)[..., None]
    groups = inside[1:].split(per_latent) if len(inside) > 1 else ()
    return torch.stack([inside[0], *(group.any(0) for group in groups)])


def attention_bias(masks: torch.Tensor, words: torch.Tensor, phrase_gain: float) -> torch.Tensor:
    """(1, 1, J * N, L) float32 to add to attention logits.

    `masks` (J, K, N) and `words` (K, L) as above. A word of several objects is seen in the boxes
    of all of them; where boxes overlap, only the object in front gains.
    """
    behind = masks.flip(1).cumsum(1).flip(1) > 1  # an object further in front is there too
    seen, front = (_spread(where, words) for where in (masks, masks & ~behind))
    bias = torch.zeros(seen.shape)
    bias[words.any(0) & ~seen] = -math.inf
    bias[front] = math.log(phrase_gain)
    return bias[None, None]


def _spread(masks: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """(J * N, L) bool: whether any object has both the video token and the word."""
    return masks.transpose(1, 2).flatten(0, 1).float() @ words.float() > 0


def ground_prompt(
    caption: str,
    frame_captions: Sequence[str],
    objects: Sequence[tuple[str, str]],
    tokenizer: Any,
    motions: Sequence[str] = (),
    most: int = TEXT_TOKENS,
) -> GroundedPrompt:
    """One prompt that names all objects, each given by its phrase and name ("red car", "car").

    The caption, the frame captions and what the objects do become sentences, phrases that they
    lack are added at the end: "<caption>. <frame caption>. <phrase>, <phrase>". Frame captions are
    thinned out until the prompt fits into `most` tokens, L of the words.
    """
    wanted = [
        (prompt_clean(phrase).lower(), prompt_clean(name).lower()) for phrase, name in objects
    ]
    phrases = [phrase for phrase, _ in wanted]
    text, kept = thinned(
        frame_captions,
        lambda kept: _named([caption, *kept, *motions], phrases),
        lambda text: len(tokenizer(text).input_ids) <= most,
    )
    return GroundedPrompt(text, _words(text, wanted, tokenizer, most), kept)


def cut_off(phrases: Sequence[str], prompt: GroundedPrompt) -> str:
    """What is said of objects, given by their phrases, that the prompt has no room for; "" if there
    are none."""
    lost = [phrase for phrase, words in zip(phrases, prompt.words, strict=False) if not words.any()]
    if not lost:
        return ""
    return f"the caption is too long: {', '.join(lost)} can't be placed by attention"


def _named(parts: Sequence[str], phrases: Sequence[str]) -> str:
    """The parts as one text, followed by the phrases that are not in it."""
    text = sentences([prompt_clean(part) for part in parts])
    spans = phrase_spans(text, phrases)
    missing = ", ".join(phrase for phrase in dict.fromkeys(phrases) if not spans[phrase])
    return ". ".join(filter(None, (text, missing)))


def phrase_spans(text: str, phrases: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Where each phrase is in the text, as whole words, also in the plural: (start, stop).

    A longer phrase keeps its words for itself: the "car" in "red car" is not a place of "car".
    """
    taken: list[tuple[int, int]] = []
    spans: dict[str, list[tuple[int, int]]] = {}
    for phrase in sorted(dict.fromkeys(phrases), key=len, reverse=True):
        found = re.finditer(rf"(?<!\w){re.escape(phrase)}(?:s|es)?(?!\w)", text, re.IGNORECASE)
        spans[phrase] = [match.span() for match in found if not _overlaps(match.span(), taken)]
        taken += spans[phrase]
    return spans


def _overlaps(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(span[0] < stop and start < span[1] for start, stop in others)


def _words(
    text: str, objects: Sequence[tuple[str, str]], tokenizer: Any, most: int
) -> torch.Tensor:
    """(K, most) bool, the tokens of each object's phrase, and of its name where that stands
    alone."""
    spans = phrase_spans(text, [word for pair in objects for word in pair])
    offsets = tokenizer(
        text,
        padding="max_length",
        padding_side="right",
        truncation=True,
        max_length=most,
        return_offsets_mapping=True,
    )["offset_mapping"]
    rows = [
        [_overlaps(tuple(offset), spans[phrase] + spans[name]) for offset in offsets]
        for phrase, name in objects
    ]
    return torch.tensor(rows, dtype=torch.bool).reshape(len(objects), len(offsets))
