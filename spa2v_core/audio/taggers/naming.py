"""From tags to a name: the thing, or its kind where only that is sure, or honestly nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ...audioset import MEMBERS
from ...vocabulary import BY_NAME
from .base import Naming, Tags

GUESSES = 3


def name_of(tags: Tags, discount: Mapping[str, float] | None = None) -> Naming:
    """What a sound is called.

    discount: name -> factor on its probability, from what else is known (what travels is rather a
    thing that can).
    """
    factor = discount or {}
    chances = {
        name: float(p) * factor.get(name, 1.0)
        for name, p in zip(tags.names, tags.mean(), strict=True)
    }
    ranked = sorted(chances, key=lambda name: -chances[name])
    if chances[ranked[0]] >= tags.threshold:
        return Naming(ranked[0], chances[ranked[0]], False, _guesses(ranked, chances))
    kinds = _kinds(tags, chances)
    kind = max(kinds, key=lambda name: kinds[name])
    if kinds[kind] >= tags.threshold:
        members = [name for name in ranked if BY_NAME[name].kind in MEMBERS[kind]]
        return Naming(kind, kinds[kind], True, _guesses(members, chances))
    return Naming("", 0.0, False, _guesses(ranked, chances))


def _kinds(tags: Tags, chances: Mapping[str, float]) -> dict[str, float]:
    """Probability of each kind; of a tagger that knows only things, that it is any of them."""
    if tags.kinds:
        return {kind: float(tags.over_time(values)) for kind, values in tags.kinds.items()}
    return {
        kind: 1 - math.prod(1 - p for name, p in chances.items() if BY_NAME[name].kind in members)
        for kind, members in MEMBERS.items()
    }


def _guesses(ranked: list[str], chances: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((name, chances[name]) for name in ranked[:GUESSES])
