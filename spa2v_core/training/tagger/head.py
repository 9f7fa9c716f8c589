"""The head: what our own sounds add to what YAMNet's classes say about a thing.

Its logit is `scale * zero_shot + head`, where `zero_shot` is the likeliest class of the thing (see
`spa2v_core.audioset`), with AudioSet's priors taken out of it (logit adjustment: Menon et al.,
2021), and `head` is linear in the embedding and held small, so that the few recordings of a thing
refine and don't replace what two million clips have taught.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ...audio.taggers.card import Card
from ...audioset import THING_CLASSES
from .pool import WINDOWS, Takes
from .yamnet import EMBEDDING, Yamnet

#: Penalty of the head's weights, share of its inputs that is dropped, and of mixed takes.
PENALTY, DROPPED, MIXED = 0.2, 0.4, 0.3
#: How often other things are drawn, in classes.
OTHERS = 3.0


class Head(nn.Module):
    """(B, 1024) embeddings to (B, C) what is added to the zero-shot logits."""

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.linear = nn.Linear(EMBEDDING, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return self.linear((embedding - self.mean) / self.deviation)
