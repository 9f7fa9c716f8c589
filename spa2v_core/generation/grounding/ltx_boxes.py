"""Box-masked cross-attention in LTX-2: as `wan_boxes`, by the mask that its transformer takes.

The words that name an object are seen only by the video tokens inside its box. LTX-2 reads its text
through connectors, which mix the words; each token is still first of all its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

#: What the transformer itself adds where its text is padding.
PADDING = -10_000.0


class TextMask:
    """What an LTX-2 transformer's video may read of its text.

    Attributes
    ----------
    bias
        (N, L) added to the attention logits of the N video tokens, None for the stock model.
    on
        switched by the schedule.
    """

    def __init__(self, transformer: nn.Module) -> None:
        self.bias: torch.Tensor | None = None
        self.on = True
        transformer.register_forward_pre_hook(self.enter, with_kwargs=True)

    @contextmanager
    def grounded(self, bias: torch.Tensor | None) -> Iterator[None]:
        """While in the block, a bias (N, L) is added to what reads the prompt; the stock model
        again afterwards, also after an error."""
        self.bias, self.on = bias, True
        try:
            yield
        finally:
            self.bias = None

    def enter(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pre-hook of the transformer: the prompt is the last of the batch in all passes of the
        guidance, and tokens of references follow those of the video."""
        if self.bias is None or not self.on:
            return None
        video, words = kwargs["hidden_states"], kwargs["encoder_attention_mask"]
        mask = ((1 - words.to(video.dtype)) * PADDING)[:, None].repeat(1, video.shape[1], 1)
        mask[-1, : len(self.bias)] += self.bias.to(mask)
        # for each head, else every block would make that copy, gigabytes at the full size
        mask = mask[:, None].expand(-1, module.config.num_attention_heads, -1, -1).flatten(0, 1)
        return args, {**kwargs, "encoder_attention_mask": mask}


def where_read(pipeline: Any, prompt: str, words: torch.Tensor) -> torch.Tensor:
    """Words (K, L) bool of a prompt, counted from its first token, where the transformer reads
    them: there, if the connectors fill the rest with registers, else behind the padding."""
    if pipeline.connectors.video_connector.learnable_registers is not None:
        return words
    return words.roll(words.shape[1] - len(pipeline.tokenizer(prompt).input_ids), 1)
