"""What sounds: a small network on mel patches, run by onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import InputError
from . import features
from .weighted import decibel

WEIGHTS = Path(__file__).resolve().parents[2] / "assets" / "tagger"
#: One patch: 3 s; a new one starts every second.
PATCH_FRAMES, PATCH_STEP = 150, 50
#: Patches this far under the loudest say nothing, dB.
QUIET_DB = 25.0


@dataclass(frozen=True)
class Tags:
    """What a tagger heard in windows of time.

    Attributes
    ----------
    names: (C,) vocabulary names.
    start_s, end_s: (W,) of each window.
    probability: (W, C) 0..1, each class on its own (they need not sum to 1).
    weight: (W,) what each window counts, 0 where it is too quiet.
    threshold: below this the best guess is not to be believed.
    """

    names: tuple[str, ...]
    start_s: np.ndarray
    end_s: np.ndarray
    probability: np.ndarray
    weight: np.ndarray
    threshold: float

    def mean(self) -> np.ndarray:
        """(C,) probability over the whole, windows weighed by their level."""
        return self.weight @ self.probability / max(float(self.weight.sum()), 1e-9)

    def ranked(self, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest names over the whole, best first."""
        mean = self.mean()
        order = np.argsort(-mean, kind="stable")[:count]
        return [(self.names[i], float(mean[i])) for i in order]

    def best(self) -> tuple[str, float] | None:
        """The likeliest name, None if none is likely enough: honestly unknown."""
        name, probability = self.ranked(1)[0]
        return (name, probability) if probability >= self.threshold else None

    def spans(self, name: str) -> list[tuple[float, float]]:
        """Seconds from..to where `name` is at least as likely as the threshold."""
        column = self.probability[:, self.names.index(name)] * (self.weight > 0)
        middle = (self.start_s + self.end_s) / 2
        edges = np.concatenate([self.start_s[:1], (middle[1:] + middle[:-1]) / 2, self.end_s[-1:]])
        spans: list[tuple[float, float]] = []
        for k in np.flatnonzero(column >= self.threshold):
            first, last = float(edges[k]), float(edges[k + 1])
            if spans and abs(spans[-1][1] - first) < 1e-9:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append((first, last))
        return spans


class Tagger(Protocol):
    """Listens to mono sound."""

    def listen(self, samples: np.ndarray, rate: int) -> Tags:
        """Tags of (n,) float samples at `rate` a second."""
        ...


class MelTagger:
    """Our own network (`training/tagger.py`)."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        import onnxruntime

        card = json.loads((weights / "tagger.json").read_text(encoding="utf-8"))
        self.names: tuple[str, ...] = tuple(card["names"])
        self.threshold = float(card["threshold"])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(weights / "tagger.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def listen(self, samples: np.ndarray, rate: int) -> Tags:
        power = features.mel_power(features.resample(samples, rate))
        patches, starts = cut_patches(power)
        (logits,) = self._session.run(None, {"patches": features.patch(patches)})
        seconds = features.HOP / features.RATE
        end = np.minimum(starts + PATCH_FRAMES, len(power)) * seconds
        level = decibel(patches.mean((1, 2)))
        weight = np.where(level > level.max() - QUIET_DB, 10 ** ((level - level.max()) / 20), 0)
        return Tags(
            self.names, starts * seconds, end, 1 / (1 + np.exp(-logits)), weight, self.threshold
        )


def cut_patches(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((W, PATCH_FRAMES, MELS), (W,) first frames); a short sound is padded with silence."""
    missing = PATCH_FRAMES - len(power)
    if missing > 0:
        power = np.pad(power, ((0, missing), (0, 0)))
    last = len(power) - PATCH_FRAMES
    starts = np.unique(np.append(np.arange(0, last + 1, PATCH_STEP), last))
    return np.stack([power[s : s + PATCH_FRAMES] for s in starts]), starts


def _clap() -> Tagger:
    from .clap import ClapTagger

    return ClapTagger()


#: Tagger name -> how to make it: ours, offline; or CLAP, from the hub.
TAGGERS: dict[str, Callable[[], Tagger]] = {"mel": MelTagger, "clap": _clap}


@cache
def get_tagger(name: str = "mel") -> Tagger:
    """A tagger by name, loaded once."""
    if name not in TAGGERS:
        raise InputError(f"there is no tagger '{name}': choose {', '.join(TAGGERS)}")
    return TAGGERS[name]()
