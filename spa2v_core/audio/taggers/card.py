"""From the network's logits to probabilities of names: the numbers of `tagger.json`, and how they
are put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...audioset import (
    KIND_CLASSES,
    MEMBERS,
    OTHER_CLASSES,
    RARE,
    SCENE_CLASSES,
    THING_CLASSES,
)
from ...errors import InputError
from ...vocabulary import BY_NAME

#: A head that doesn't know a thing gives it this logit.
NO_HEAD = -4.0


@dataclass(frozen=True)
class Card:
    """Numbers of a tagger.

    Attributes
    ----------
    classes
        (A,) names of AudioSet's classes.
    prior
        (A,) what is taken off each class's logit, as some are in millions of clips and some in
        hundreds (logit adjustment: Menon et al., 2021).
    heads
        (H,) the things that the head knows.
    vehicles, others
        what the classes count beside the head for what drives and flies, and for all else.
    floors
        what the two opinions' logits are held over, so that neither forbids what the other is sure
        of.
    rare
        how much surer than the likeliest everyday thing a rare one must be, in logits.
    other
        what all things lose for every logit that a class of other things is ahead of theirs.
    slope, offset
        from a name's logit to its calibrated one.
    kind_slope, kind_offset
        the same for kinds.
    threshold
        below this no name is believed.
    """

    classes: tuple[str, ...]
    prior: tuple[float, ...]
    heads: tuple[str, ...]
    vehicles: float = 0.7
    others: float = 0.55
    floors: tuple[float, float] = (-5.0, -4.0)
    rare: float = 2.5
    other: float = 1.0
    slope: float = 1.0
    offset: float = 0.0
    kind_slope: float = 1.0
    kind_offset: float = 0.0
    threshold: float = 0.35

    @classmethod
    def read(cls, path: Path) -> Card:
        """Raises InputError if the file is not such a card."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            known: dict[str, Any] = {
                name: tuple(value) if isinstance(value := values[name], list) else value
                for name in cls.__dataclass_fields__
            }
            card = cls(**known)
            card._try()
            return card
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"the tagger's {path.name} is damaged or missing: install the app again"
            ) from error

    def _try(self) -> None:
        """Raises ValueError, KeyError or TypeError where the numbers don't go together."""
        classes, head = np.zeros((1, len(self.classes))), np.zeros((1, len(self.heads)))
        made = self.probability(classes, head), self.kinds(classes, head), self.scenes(classes)
        if not all(np.isfinite(one).all() for one in made) or not 0 <= self.threshold <= 1:
            raise ValueError("its numbers are not finite")

    def to_dict(self) -> dict:
        """As it is written into `tagger.json`."""
        return asdict(self)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(C,) every thing that can be named."""
        return tuple(THING_CLASSES)

    def logits(self, classes: np.ndarray, head: np.ndarray) -> np.ndarray:
        """(W, C) logits of the things from both opinions, (W, A) and (W, H)."""
        low, lowest = self.floors
        known = np.full((len(head), len(self.names)), NO_HEAD, np.float32)
        known[:, [self.names.index(name) for name in self.heads]] = head
        adjusted = classes - np.asarray(self.prior, np.float32)
        zero = self.likeliest(adjusted, THING_CLASSES)
        weight = self._weights
        both = weight * np.maximum(zero, low) + (1 - weight) * np.maximum(known, lowest)
        rare = np.array([name in RARE for name in self.names])
        everyday = both[:, ~rare].max(1, keepdims=True)
        both = np.where(rare & (both < everyday + self.rare), both - self.rare, both)
        other = self.likeliest(adjusted, {"": OTHER_CLASSES}) - zero.max(1, keepdims=True)
        return both - self.other * np.maximum(other, 0)

    def likeliest(self, classes: np.ndarray, table: Mapping[str, tuple[str, ...]]) -> np.ndarray:
        """(W, len(table)) the highest of each entry's classes, (W, A) logits or probabilities."""
        column = {name: index for index, name in enumerate(self.classes)}
        return np.stack(
            [classes[:, [column[name] for name in names]].max(1) for names in table.values()], 1
        )

    @cached_property
    def _weights(self) -> np.ndarray:
        """(C,) what the classes count for each thing."""
        driven = [BY_NAME[name].kind in ("vehicle", "aircraft") for name in self.names]
        return np.where(driven, self.vehicles, self.others).astype(np.float32)

    def probability(self, classes: np.ndarray, head: np.ndarray) -> np.ndarray:
        """(W, C) calibrated probability of every thing."""
        return _sigmoid(self.slope * self.logits(classes, head) + self.offset)

    def kinds(self, classes: np.ndarray, head: np.ndarray) -> np.ndarray:
        """(W, K) of anything of each kind: the classes of the kind or of one of its things."""
        general = self.likeliest(classes, KIND_CLASSES)
        things = self.logits(classes, head)
        members = np.stack(
            [
                things[:, [BY_NAME[n].kind in MEMBERS[kind] for n in self.names]].max(1)
                for kind in KIND_CLASSES
            ],
            1,
        )
        logit = np.logaddexp(general, members)
        return _sigmoid(self.kind_slope * logit + self.kind_offset)

    def scenes(self, classes: np.ndarray) -> np.ndarray:
        """(W, S) of every ambience, as AudioSet has it."""
        return _sigmoid(self.likeliest(classes, SCENE_CLASSES))


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logit, -40, 40)))
