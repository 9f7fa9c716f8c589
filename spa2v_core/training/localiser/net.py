"""The network, and the loss by the best matching of its answers with the sources."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from ...audio.directional import (
    BANDS,
    CELL,
    CHANNELS,
    HOP,
    LAG_EDGES_HZ,
    WINDOW,
    Tables,
    cell_count,
    directions,
    tables,
)
from .scenes import COINCIDENT, MICROPHONES, MOTIONS, SOURCES, Truth

#: Names of the answers, in order, as in the exported file.
ANSWERS = ("presence", "place", "distance", "spread", "count", "microphones", "width", "motion")
#: Limits of the log of the spread of a place, in half widths: 0.4% to all of the picture's width.
SPREADS = (math.log(0.008), math.log(1.0))
#: Widths of the two columns' convolutions, of the frames' vectors, and of the whole clip's.
CELLS_WIDE, LAGS_WIDE, FRAME, HEADS = (48, 64, 96, 112), (32, 48, 48), 192, 6


@dataclass(frozen=True)
class Answers:
    """presence, place, distance, spread: (B, S, T) logits, half widths, log metres, log half
    widths. count: (B, S + 1), microphones: (B, kinds) logits. width: (B,). motion: (B, S, motions)
    logits."""

    presence: Any
    place: Any
    distance: Any
    spread: Any
    count: Any
    microphones: Any
    width: Any
    motion: Any


def _block(wide: int, wider: int, pool: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.MaxPool2d(pool, ceil_mode=False),
        nn.Conv2d(wide, wider, 3, padding=1, bias=False),
        nn.BatchNorm2d(wider),
        nn.ReLU(),
    )


class Attention(nn.Module):
    """Every frame looks at all others (pre-norm), then a two-layer network."""

    def __init__(self, wide: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.norm2 = nn.LayerNorm(wide), nn.LayerNorm(wide)
        self.ask, self.give = nn.Linear(wide, 3 * wide), nn.Linear(wide, wide)
        self.think = nn.Sequential(nn.Linear(wide, 2 * wide), nn.GELU(), nn.Linear(2 * wide, wide))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, T, d) states after attention over time and a feed-forward layer."""
        batch, times, wide = x.shape
        asked = self.ask(self.norm(x)).view(batch, times, 3, self.heads, -1)
        query, key, value = asked.permute(2, 0, 3, 1, 4).unbind(0)
        likeness = query @ key.transpose(-1, -2) * (wide / self.heads) ** -0.5
        seen = (likeness.softmax(-1) @ value).transpose(1, 2).reshape(batch, times, wide)
        x = x + self.give(seen)
        return x + self.think(self.norm2(x))


class LocaliserNet(nn.Module):
    """Cells and delays of a clip to up to `SOURCES` sources ten times a second."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = CELLS_WIDE
        self.place_of_band = nn.Parameter(torch.zeros(1, a, 1, BANDS // 2))
        self.stem = nn.Sequential(
            nn.Conv2d(len(CHANNELS), a, 3, padding=1, stride=(1, 2), bias=False), nn.BatchNorm2d(a)
        )
        self.cells = nn.Sequential(
            nn.ReLU(),
            _block(a, b, (1, 1)),
            _block(b, b, (1, 1)),
            _block(b, c, (2, 2)),
            _block(c, c, (1, 1)),
            _block(c, d, (1, 2)),
            _block(d, d, (1, 1)),
        )
        e, f, g = LAGS_WIDE
        self.delays = nn.Sequential(
            nn.Conv2d(len(LAG_EDGES_HZ) - 1, e, 3, padding=1, bias=False),
            nn.BatchNorm2d(e),
            nn.ReLU(),
            _block(e, f, (2, 2)),
            _block(f, g, (1, 2)),
            _block(g, g, (1, 2)),
        )
        self.join = nn.Linear(d * BANDS // 8 + g * BANDS // 8, FRAME)
        self.before = nn.GRU(FRAME, FRAME // 2, batch_first=True, bidirectional=True)
        self.among = Attention(FRAME, HEADS)
        self.after = nn.GRU(FRAME, FRAME // 2, batch_first=True, bidirectional=True)
        self.each = nn.Linear(FRAME, SOURCES * 4)
        whole = SOURCES + 1 + len(MICROPHONES) + 1 + SOURCES * len(MOTIONS)
        self.all = nn.Sequential(nn.Linear(2 * FRAME, FRAME), nn.ReLU(), nn.Linear(FRAME, whole))

    def forward(self, cells: torch.Tensor, delays: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, channels, T, BANDS), (B, parts, T, LAGS) to the fields of `Answers`, in order."""
        a = self.cells(self.stem(cells) + self.place_of_band)
        b = self.delays(delays)
        x = torch.cat([a.permute(0, 2, 1, 3).flatten(2), b.permute(0, 2, 1, 3).flatten(2)], -1)
        x = F.relu(self.join(x))
        x = x + self.before(x)[0]
        x = self.among(x)
        x = x + self.after(x)[0]
        each = self.each(x).view(x.shape[0], x.shape[1], SOURCES, 4).permute(3, 0, 2, 1)
        whole = self.all(torch.cat([x.mean(1), x.amax(1)], -1))
        sizes = (SOURCES + 1, len(MICROPHONES), 1, SOURCES * len(MOTIONS))
        count, microphones, width, motion = whole.split(sizes, -1)
        return (
            each[0],
            each[1],
            each[2],
            SPREADS[0] + (SPREADS[1] - SPREADS[0]) * each[3].sigmoid(),
            count,
            microphones,
            width.sigmoid()[:, 0],
            motion.reshape(-1, SOURCES, len(MOTIONS)),
        )


def torch_tables(device: torch.device) -> Tables:
    return Tables(*(torch.from_numpy(value).to(device) for value in vars(tables()).values()))


def torch_features(sound: torch.Tensor, table: Tables) -> tuple[torch.Tensor, torch.Tensor]:
    """As `audio.directional.features`, of (B, 2, n) sound."""
    sound = sound / sound.abs().amax((1, 2), keepdim=True).clamp(min=1e-20)
    before = (WINDOW - HOP) // 2
    after = cell_count(sound.shape[-1]) * CELL + WINDOW - HOP - before - sound.shape[-1]
    frames = F.pad(sound, (before, after)).unfold(-1, WINDOW, HOP) * table.window
    return directions(torch.fft.rfft(frames), table, torch)


MATCHINGS = tuple(itertools.permutations(range(SOURCES)))


def loss_of(answers: Answers, truth: Truth) -> dict[str, torch.Tensor]:
    """Parts of the loss, each a mean over the scenes, for the best matching of answers and sources
    over the whole clip (permutation invariant training: Yu et al., 2017)."""
    there = truth.presence.float()
    lasts = there.sum(-1).clamp(min=1)
    parts = {
        "presence": _presence(answers, there),
        "place": _place(answers, truth, there, lasts),
        "distance": _distance(answers, truth, there, lasts),
        "motion": _motion(answers, truth),
    }
    cost = torch.stack(list(parts.values())).sum(0)
    index = torch.arange(SOURCES, device=cost.device)
    matchings = torch.tensor(MATCHINGS, device=cost.device)
    best = cost[:, matchings, index].sum(-1).argmin(1)
    matched = {
        name: part[torch.arange(len(part), device=cost.device)[:, None], matchings[best], index]
        .sum(1)
        .mean()
        for name, part in parts.items()
    }
    coincident = truth.microphones == COINCIDENT
    width = (answers.width - truth.width).abs() * coincident
    return {
        **matched,
        "count": 0.5 * F.cross_entropy(answers.count, truth.count),
        "microphones": 0.3 * F.cross_entropy(answers.microphones, truth.microphones),
        "width": 0.5 * width.sum() / coincident.sum().clamp(min=1),
    }


def _pairs(answer: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Every answer (B, A, 1, T) beside every source (B, 1, S, T)."""
    return answer[:, :, None], wanted[:, None]


def _presence(answers: Answers, there: torch.Tensor) -> torch.Tensor:
    logit, wanted = _pairs(answers.presence, there)
    logit, wanted = torch.broadcast_tensors(logit, wanted)
    return 0.6 * F.binary_cross_entropy_with_logits(logit, wanted, reduction="none").mean(-1)


def _place(
    answers: Answers, truth: Truth, there: torch.Tensor, lasts: torch.Tensor
) -> torch.Tensor:
    """Distance of places, and a Laplace likelihood whose weight falls with the spread's root
    (beta-NLL: Seitzer et al., 2022), so that what can't be known hardly pulls."""
    place, wanted = _pairs(answers.place, truth.place.clamp(-1.2, 1.2))
    spread, there = _pairs(answers.spread, there)
    away = (place - wanted).abs()
    weight = spread.detach().mul(0.5).exp()
    likely = (away / spread.exp() + spread - SPREADS[0]) * weight
    place, wanted = torch.broadcast_tensors(place, wanted)
    near = F.smooth_l1_loss(place, wanted, beta=0.1, reduction="none")
    return ((2.5 * near + 0.5 * likely) * there).sum(-1) / lasts[:, None]


def _distance(
    answers: Answers, truth: Truth, there: torch.Tensor, lasts: torch.Tensor
) -> torch.Tensor:
    """Of distances without their mean while the source is there."""
    answer, wanted = _pairs(answers.distance, truth.distance)
    _, there = _pairs(answers.distance, there)
    away = (answer - wanted) * there
    away = away - away.sum(-1, keepdim=True) / lasts[:, None, :, None]
    error = F.smooth_l1_loss(away, torch.zeros_like(away), beta=0.2, reduction="none")
    return (error * there).sum(-1) / lasts[:, None]


def _motion(answers: Answers, truth: Truth) -> torch.Tensor:
    chance = answers.motion.log_softmax(-1)
    wanted = truth.motion[:, None].expand(-1, SOURCES, -1)
    return -0.15 * chance.gather(-1, wanted) * truth.presence.any(-1)[:, None]
