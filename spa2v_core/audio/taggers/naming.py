"""From tags to a name: the thing, or its kind where only that is sure, or honestly nothing."""

from __future__ import annotations

from collections.abc import Mapping

from ...vocabulary import BY_NAME
from .base import Naming, Tags

#: Kind -> kinds of things that it covers; of what drives and what flies most drives.
MEMBERS = {
    "vehicle": ("vehicle", "aircraft"),
    "animal": ("animal",),
    "instrument": ("instrument",),
    "person": ("person",),
}
GUESSES = 3


def name_of(tags: Tags, discount: Mapping[str, float] | None = None) -> Naming:
    """What a sound is called.

    discount: name -> factor on its probability, from what else is known (what travels is rather a
    thing that can).
    """
    chances = {
        name: float(p) * (discount or {}).get(name, 1.0)
        for name, p in zip(tags.names, tags.mean(), strict=True)
    }
    ranked = sorted(chances, key=lambda name: -chances[name])
    best = ranked[0]
    kinds = {kind: float(tags.over_time(values)) for kind, values in tags.kinds.items()}
    if chances[best] >= tags.threshold:
        return Naming(best, chances[best], False, _guesses(ranked, chances))
    kind = max(kinds, key=lambda name: kinds[name], default="")
    if kind and kinds[kind] >= tags.threshold:
        members = [name for name in ranked if BY_NAME[name].kind in MEMBERS[kind]]
        return Naming(kind, kinds[kind], True, _guesses(members, chances))
    return Naming("", 0.0, False, _guesses(ranked, chances))


def _guesses(ranked: list[str], chances: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple((name, chances[name]) for name in ranked[:GUESSES])
