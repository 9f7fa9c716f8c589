"""Who is what: every heard source with its name, the user's or else the tagger's, and how it
moves; what is no object but the scene; and what is named but not heard apart."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from ..audio.hearing import Heard
from ..audio.scene import is_ambience
from ..audio.sources import HeardSource
from ..audio.taggers.base import Naming
from ..audio.taggers.naming import name_of
from ..vocabulary import BY_NAME, COLOURS, THE_SCENE, UNKNOWN, Resolution, normalise, resolve
from .base import PlanRequest
from .motion import MotionReading, path_of, read_motion

#: Places for what is named but not heard, the one furthest from the others first taken.
FREE_PLACES = (0.5, 0.22, 0.78)
#: How much likelier (logarithm) names must be in another order than that of loudness, for each that
#: moves; and what a probability counts at least, so that no single one decides.
MISPLACED, LEAST = 0.05, 0.001
#: What the probability of a thing that usually stays counts for a source that travels.
STILL_THAT_TRAVELS = 0.3


@dataclass(frozen=True)
class Planned:
    """A heard source with what it is said to be and how it was read.

    Attributes
    ----------
    named
        by the user.
    certainty
        1 for the user's name, the tagger's probability, 0 unknown.
    naming
        what the tagger calls it, None if nothing listened.
    heard_apart
        False for what was named, but no sound of its own was found for.
    is_object
        False for what is the scene: it gets no box.
    """

    heard: Heard
    name: str
    appearance: str
    resolution: Resolution
    reading: MotionReading
    named: bool
    certainty: float
    naming: Naming | None = None
    heard_apart: bool = True
    is_object: bool = True

    @property
    def source(self) -> HeardSource:
        return self.heard.source


def identify(request: PlanRequest) -> list[Planned]:
    """All sources in their order, then what was named and not heard apart."""
    cues = request.cues
    names, unheard = _given(request.heard, request.objects)
    doppler = (cues.doppler_semitones, cues.doppler_confidence)
    parts = [_identify(*pair, doppler) for pair in zip(request.heard, names, strict=True)]
    if not any(part.is_object for part in parts):
        parts = [
            replace(part, is_object=name is None and not _alone(part))
            for part, name in zip(parts, names, strict=True)
        ]
    for name in unheard:
        if normalise(name) != THE_SCENE:
            parts.append(_proposed(name, parts))
    return parts


def _given(
    heard: tuple[Heard, ...], names: tuple[str, ...]
) -> tuple[list[str | None], tuple[str, ...]]:
    """(the user's name for each source, None where there is none; names without a source).

    They go where the sounds and how these move make them likeliest together, and in order of
    loudness where that says nothing.
    """
    count = max(len(heard), len(names))
    order: list[str | None] = [*names, *[None] * (count - len(names))]

    def fits(chosen: tuple[int, ...]) -> float:
        likely = 0.0
        for k, one in zip(chosen, heard, strict=False):
            name = order[k]
            likely += _log_likelihood(one, name) if name else 0.0
        return likely - MISPLACED * sum(k != place for place, k in enumerate(chosen[: len(heard)]))

    best = max(itertools.permutations(range(count)), key=fits)
    given = [order[k] for k in best[: len(heard)]]
    left = sorted(best[len(heard) :])
    return given, tuple(name for k in left if (name := order[k]))


def _proposed(name: str, parts: list[Planned]) -> Planned:
    """A thing that was named and not heard apart: where nothing else is, as loud as the clip, and
    with nothing that speaks for its place."""
    loudest = parts[0].source
    taken = [float(np.mean(path_of(part.source, part.reading))) for part in parts if part.is_object]
    x = max(FREE_PLACES, key=lambda place: min((abs(place - one) for one in taken), default=0))
    source = HeardSource(
        x=np.full_like(loudest.x, x),
        level_db=np.full_like(loudest.level_db, loudest.level_db.max()),
        confidence=np.zeros_like(loudest.confidence),
        share=0.0,
        weight=0.0,
        member=np.zeros_like(loudest.member),
    )
    return replace(_identify(Heard(source, None), name), heard_apart=False)


def _log_likelihood(heard: Heard, name: str) -> float:
    """Of a user's name: the tagger's probability, less where what usually stays is heard to
    cross; the same for all sources if the tagger doesn't know the thing."""
    thing, p = resolve(name).thing, LEAST
    if heard.tags is not None and thing.name in heard.tags.names:
        p = max(p, float(heard.tags.mean()[heard.tags.names.index(thing.name)]))
    if not thing.mobile:
        p *= max(STILL_THAT_TRAVELS, 1 - heard.source.crossing)
    return math.log(p)


def _identify(
    heard: Heard, given: str | None, doppler: tuple[float, float] = (0.0, 0.0)
) -> Planned:
    """A source with its name, the user's or else what the tagger heard, and how it moves."""
    naming = _recognised(heard)
    if given is not None and normalise(given) != THE_SCENE:
        words = given.split()
        colour = next((word for word in words[:-1] if word.lower() in COLOURS), "")
        name, certainty = " ".join(word for word in words if word != colour), 1.0
        resolution = resolve(name)
        known = resolution.known and name != UNKNOWN
        reading = read_motion(heard.source, resolution.thing if known else None, doppler)
        return Planned(heard, name, colour.lower(), resolution, reading, True, certainty, naming)
    name = naming.name if naming and naming.known else UNKNOWN
    thing = resolve(name).thing if name != UNKNOWN else None
    reading = read_motion(heard.source, thing, doppler)
    return Planned(
        heard,
        name,
        "",
        resolve(name),
        reading,
        named=given is not None,
        certainty=naming.probability if naming else 0.0,
        naming=naming,
        is_object=given is None and not _is_scene(heard, naming, reading),
    )


def _is_scene(heard: Heard, naming: Naming | None, reading: MotionReading) -> bool:
    """Whether a source is an ambience; what is heard to move is an object."""
    if heard.tags is None or naming is None or reading.motion != "stationary":
        return False
    return is_ambience(heard.source, heard.tags, naming) is not None


def _alone(part: Planned) -> bool:
    """Whether a source is the scene even where nothing else is heard."""
    if part.heard.tags is None or part.naming is None:
        return False
    found = is_ambience(part.source, part.heard.tags, part.naming)
    return found is not None and found.alone


def _recognised(heard: Heard) -> Naming | None:
    """What the tagger calls it; what is heard to travel is rather a thing that can."""
    if heard.tags is None:
        return None
    travels = read_motion(heard.source, BY_NAME[UNKNOWN]).motion == "crossing"
    still = {name: STILL_THAT_TRAVELS for name in heard.tags.names if not BY_NAME[name].mobile}
    return name_of(heard.tags, still if travels else None)
