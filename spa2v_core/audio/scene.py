"""Where and in which weather a clip is: what is heard all the time, from nowhere, is no object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..audioset import SCENE_CLASSES
from .sources import HeardSource
from .taggers.base import Naming, Tags

#: Mean probability from which an ambience is said, and share of the windows that it is heard in.
SAID, LASTING = 0.3, 0.6
#: A source is the ambience itself if its level stays within this (dB, standard deviation)...
STEADY_DB = 5.0
#: ... and it comes from no one place: its position is no surer than this, or in the middle.
PLACED, MIDDLE = 0.6, 0.12


@dataclass(frozen=True)
class Ambience:
    """What one kind of ambience says about a clip.

    Attributes
    ----------
    name
        key of `SCENE_CLASSES`.
    place
        key of `vocabulary.SCENES` ("" if it could be anywhere).
    weather, light
        words of the caption, key of `vocabulary.LIGHTS`.
    things
        what it is called where it is taken for an object.
    alone
        whether it is the scene even where nothing else is heard; a lone bird is what a clip is
        about.
    least
        probability from which on a source is it.
    """

    name: str
    place: str = ""
    weather: str = ""
    light: str = ""
    things: tuple[str, ...] = ()
    alone: bool = True
    least: float = SAID


AMBIENCES = (
    Ambience("wind", weather="in the wind"),
    Ambience("waves", "beach", things=("wave",)),
    Ambience("stream", "forest", things=("wave",)),
    Ambience("rain", weather="in the rain", things=("rain",)),
    Ambience("thunder", weather="in a thunderstorm"),
    Ambience("people", "street", "among people", things=("crowd",)),
    Ambience("traffic", "street", things=("car", "vehicle"), least=0.5),
    Ambience("birdsong", "forest", things=("bird",), alone=False),
    Ambience("crickets", "field", light="night", things=("bee",), alone=False),
    Ambience("farm", "farm"),
    Ambience("hall", "concert hall"),
    Ambience("indoors", "room"),
    Ambience("city", "street"),
    Ambience("country", "field"),
)


@dataclass(frozen=True)
class SceneCue:
    """An ambience that is heard: with its probability 0..1 and the figures that say so."""

    ambience: Ambience
    p: float
    evidence: str


def scene_of(tags: Sequence[tuple[Tags, float]]) -> tuple[SceneCue, ...]:
    """Ambiences that the sources' tags (each with its share of the energy) speak for, the likeliest
    first."""
    found = []
    for ambience in AMBIENCES:
        heard = [(one, share) for one, share in tags if ambience.name in one.scenes]
        if not heard:
            continue
        best, _ = max(heard, key=lambda pair: _mean(pair[0], ambience.name) * pair[1] ** 0.25)
        p = _mean(best, ambience.name)
        loud = best.scenes[ambience.name][best.weight > 0]
        lasting = float((loud > SAID / 2).mean()) if len(loud) else 0.0
        if p >= SAID and lasting >= LASTING:
            windows = f"{int((loud > SAID / 2).sum())} of {len(loud)} windows"
            label = SCENE_CLASSES[ambience.name][0].lower()
            found.append(SceneCue(ambience, p, f"{label} heard at {p:.2f} in {windows}"))
    return tuple(sorted(found, key=lambda cue: -cue.p))


def _mean(tags: Tags, name: str) -> float:
    return float(tags.over_time(tags.scenes[name]))


def is_ambience(source: HeardSource, tags: Tags, naming: Naming) -> Ambience | None:
    """The ambience that a source is: named like one, lasting, even, and from nowhere."""
    for ambience in AMBIENCES:
        if naming.name not in ambience.things or ambience.name not in tags.scenes:
            continue
        if _mean(tags, ambience.name) < ambience.least:
            continue
        loud = source.level_db > source.level_db.max() - 30
        even = float(source.level_db[loud].std()) < STEADY_DB and loud.mean() > 0.9
        trust = source.trust
        aside = float(np.average(np.abs(source.x - 0.5), weights=trust + 1e-6))
        if even and (source.certainty < PLACED or aside < MIDDLE):
            return ambience
    return None
