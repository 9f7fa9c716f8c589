"""Probabilities that can be believed: fitted on development clips, by two numbers for things and
two for kinds, and a threshold under which nothing is named.

    python -m spa2v_core.training.tagger.calibrate FOLDER     # with a clips.csv (file,label)

The clips teach the network nothing. The table printed is of folds that the numbers were not
fitted on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from ...audio.taggers.card import Card
from ...audio.taggers.yamnet import WEIGHTS, YamnetTagger
from ...audioset import KIND_CLASSES, MEMBERS
from ...vocabulary import BY_NAME
from .report import Heard, clips_of, reliability_table

FOLDS = 5
#: Share of known clips that may be called unknown.
UNKNOWN = 0.08


@dataclass(frozen=True)
class Claim:
    """A name or kind said of a clip: (W,) logits before calibration, what each window counts, and
    whether it is right."""

    logits: np.ndarray
    weight: np.ndarray
    right: bool

    def said(self, slope: float, offset: float) -> float:
        """Mean probability over the windows."""
        logit = np.clip(slope * self.logits + offset, -40, 40)
        return float(self.weight @ (1 / (1 + np.exp(-logit))) / self.weight.sum())


def claims(heard: Sequence[Heard]) -> tuple[list[Claim], list[Claim]]:
    """(the best name of each clip, every kind of each known clip) of a tagger without
    calibration."""
    names, kinds = [], []
    for one in heard:
        tags = one.tags
        best = int(tags.mean().argmax())
        names.append(Claim(_logit(tags.probability[:, best]), tags.weight, one.right()))
        for kind in KIND_CLASSES if one.known else ():
            right = BY_NAME[one.label].kind in MEMBERS[kind]
            kinds.append(Claim(_logit(tags.kinds[kind]), tags.weight, right))
    return names, kinds


def _logit(probability: np.ndarray) -> np.ndarray:
    p = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.log(p / (1 - p))


def fitted(found: Sequence[Claim]) -> tuple[float, float]:
    """(slope, offset) of least log loss (Platt, 1999)."""
    truth = np.array([claim.right for claim in found], float)

    def loss(values: np.ndarray) -> float:
        p = np.clip([claim.said(*values) for claim in found], 1e-6, 1 - 1e-6)
        return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p)))

    slope, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return round(float(slope), 4), round(float(offset), 4)


def crossed(found: Sequence[Claim]) -> np.ndarray:
    """(N,) what is said of each clip by numbers that were fitted without its fold."""
    said = np.zeros(len(found))
    fold = np.random.default_rng(0).permutation(len(found)) % FOLDS
    for k in range(FOLDS):
        numbers = fitted([claim for claim, at in zip(found, fold, strict=True) if at != k])
        for index in np.flatnonzero(fold == k).tolist():
            said[index] = found[index].said(*numbers)
    return said


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    tagger = YamnetTagger(options.weights)
    card = tagger.card
    tagger.card = replace(card, slope=1.0, offset=0.0, kind_slope=1.0, kind_offset=0.0)
    heard = list(clips_of(options.clips, tagger))
    names, kinds = claims(heard)
    print(reliability_table(crossed(names), np.array([claim.right for claim in names])))
    card = _with(card, fitted(names), fitted(kinds))
    known = [
        claim.said(card.slope, card.offset)
        for claim, one in zip(names, heard, strict=True)
        if one.known
    ]
    card = replace(card, threshold=round(float(np.quantile(known, UNKNOWN)), 3))
    path = options.weights / "tagger.json"
    path.write_text(json.dumps(card.to_dict(), indent=1) + "\n", encoding="utf-8")
    print(f"slope {card.slope}, offset {card.offset}, kinds {card.kind_slope}, {card.kind_offset}")
    print(f"threshold {card.threshold}")


def _with(card: Card, names: tuple[float, float], kinds: tuple[float, float]) -> Card:
    return replace(card, slope=names[0], offset=names[1], kind_slope=kinds[0], kind_offset=kinds[1])


if __name__ == "__main__":
    main()
