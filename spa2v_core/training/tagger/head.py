"""The head: what our own sounds add to what YAMNet's classes say about a thing."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .pool import Takes

#: Hidden units, share of the inputs and of the hidden units that are dropped, penalty of weights.
HIDDEN, DROPPED, DROPPED_HIDDEN, DECAY = 256, 0.4, 0.3, 0.01
#: Share of takes with another mixed in, and from which share on both are to be heard.
MIXED, HEARD = 0.3, 0.35
#: How often other things are drawn, in classes, and what the question "which of them" counts.
OTHERS, WHICH = 3.0, 0.2
BATCH, RATE = 256, 2e-3


class Head(nn.Module):
    """(B, F) embeddings of patches to (B, C) logits of things; inputs are brought to unit variance.

    mean, deviation: (F,) of the embeddings that it is trained on.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor, things: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.layers = nn.Sequential(
            nn.Dropout(DROPPED),
            nn.Linear(len(mean), HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPPED_HIDDEN),
            nn.Linear(HIDDEN, things),
        )

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """(N, H) logits of (N, 1024) embeddings."""
        return self.layers((embeddings - self.mean) / self.deviation)


def train_head(takes: Takes, steps: int, seed: int) -> Head:
    """Fit a head on batches that hold every thing equally often."""
    torch.manual_seed(seed)
    embeddings = torch.from_numpy(takes.embeddings.astype(np.float32))
    things = len(takes.names)
    labels = torch.from_numpy(takes.label)
    weights = torch.zeros(len(labels), dtype=torch.float64)
    for label in range(-1, things):
        rows = labels == label
        weights[rows] = (OTHERS if label < 0 else 1.0) / max(int(rows.sum()), 1)
    targets = torch.cat([torch.eye(things), torch.zeros(1, things)])[labels]
    head = Head(embeddings.mean((0, 1)), embeddings.std((0, 1)) + 0.1, things).train()
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        rows = torch.multinomial(weights, BATCH, replacement=True)
        seen, wanted = _mixed(_blended(embeddings[rows]), targets[rows])
        loss = _loss(head(seen), wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 500 == 0:
            print(f"head: {step} of {steps} steps, loss {float(loss.detach()):.4f}", flush=True)
    return head.eval()


def _blended(embeddings: torch.Tensor) -> torch.Tensor:
    """(B, W, F) patches of takes to (B, F): a random mean of each take's patches."""
    count, patches, _ = embeddings.shape
    share = torch.distributions.Dirichlet(torch.ones(patches)).sample((count,))
    return (embeddings * share[..., None]).sum(1)


def _mixed(embeddings: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Some with another blended in (mixup: Zhang et al., 2018); what is loud enough is to be heard
    as well."""
    count = len(embeddings)
    other = torch.randperm(count)
    share = (torch.rand(count, 1) < MIXED).float() * torch.rand(count, 1) * 0.5
    mixed = embeddings * (1 - share) + embeddings[other] * share
    return mixed, torch.maximum(targets, targets[other] * (share > HEARD).float())


def _loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Each thing on its own, and which of them it is where it is one."""
    loss = functional.binary_cross_entropy_with_logits(logits, targets * 0.97 + 0.001)
    one = (targets > 0.5).sum(1) == 1
    return loss + WHICH * functional.cross_entropy(logits[one], targets[one].argmax(1))
