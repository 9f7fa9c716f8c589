"""How the network's numbers become probabilities of names: the values of `tagger.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...audioset import KIND_CLASSES, SCENE_CLASSES, SPEAKERS, THING_CLASSES, WIDER
from ...errors import WeightsError

#: Logits further out than that say no more.
LARGEST_LOGIT = 12.0
#: What a narrower name ("speedboat") counts where the wider one ("boat") is as likely.
NARROWER = 0.9


@dataclass(frozen=True)
class Card:
    """Names and numbers of a tagger.

    Attributes
    ----------
    names: (C,) of the head. classes: (A,) of AudioSet. prior: (A,) what is taken off each class's
    logit. scale: of the zero-shot logits. slope, offset: logit of the mean to the calibrated one.
    kind_slope, kind_offset: the same for kinds. threshold: below this no name is believed.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    prior: tuple[float, ...]
    scale: float
    slope: float = 1.0
    offset: float = 0.0
    threshold: float = 0.35

    @classmethod
    def read(cls, path: Path) -> Card:
        """Raises WeightsError if the file is not such a card."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            lists = {name: tuple(values[name]) for name in ("names", "classes", "prior")}
            numbers = {name: float(values[name]) for name in ("scale", "slope", "offset", "threshold")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(f"{path.name} is damaged or missing: install the app again") from error
        return cls(**lists, **numbers)
