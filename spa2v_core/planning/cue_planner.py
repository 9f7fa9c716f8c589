"""The offline planner: tracks from measured cues and tags, nothing guessed."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from ..audio.hearing import Heard
from ..audio.sources import HeardSource
from ..audio.weighted import smooth
from ..layout import Box, ObjectTrack, VideoSceneLayout
from ..layout.keyframes import sparse
from ..vocabulary import BY_NAME, COLOURS, UNKNOWN, resolve
from . import wording
from .base import PlanRequest
from .motion import path_of, read_motion
from .wording import Planned

WIDTH, HEIGHT = 512, 320
HORIZON = 0.5
#: Vertical centre of what is not on the ground.
MIDDLES = {"air": 0.34, "perched": 0.42, "held": 0.55}
#: Height of a box in the far distance.
SMALLEST = 0.08
#: Places for what is named but not heard, the one furthest from the others first taken.
FREE_PLACES = (0.5, 0.22, 0.78)
#: Confidence of a motion that is read from level alone, for a known and an unknown thing.
FROM_LEVEL, FROM_LEVEL_UNKNOWN = 0.5, 0.3
#: How much likelier names must be in another order than that of loudness, for each that moves.
MISPLACED = 0.1
#: A kind of thing is named where none of its things is likely enough, but all together are; of
#: what drives and what flies most drives.
KINDS = {
    "vehicle": ("vehicle", "aircraft"),
    "animal": ("animal",),
    "instrument": ("instrument",),
}
#: What the probability of a thing that usually stays counts for a source that travels.
STILL_THAT_TRAVELS = 0.3


class CuePlanner:
    """Plans from what was measured and recognised offline (no network, no torch)."""

    name = "cues"

    def plan(self, request: PlanRequest) -> VideoSceneLayout:
        cues = request.cues
        names, unheard = _given(request.heard, request.objects)
        doppler = (cues.doppler_semitones, cues.doppler_confidence)
        parts = [_identify(*pair, doppler) for pair in zip(request.heard, names, strict=True)]
        for name in unheard:
            parts.append(_proposed(name, parts))
        tracks = tuple(_track(index, part) for index, part in enumerate(parts))
        tracks = tuple(sorted(tracks, key=lambda track: track.keyframes[-1].box.y2))
        return VideoSceneLayout(
            frame_count=cues.frame_count,
            duration_s=cues.duration_s,
            width=WIDTH,
            height=HEIGHT,
            reasoning=wording.reasoning(request, parts, tracks),
            caption=wording.caption(tracks, cues.frame_count),
            frame_captions=wording.frame_captions(tracks, cues.frame_count),
            objects=tracks,
        )


def _given(
    heard: tuple[Heard, ...], names: tuple[str, ...]
) -> tuple[list[str | None], tuple[str, ...]]:
    """(the user's name for each source, None where there is none; names without a source).

    Names go to sources in order of loudness, unless the tagger clearly hears them another way.
    """
    count = max(len(heard), len(names))
    order: list[str | None] = [*names, *[None] * (count - len(names))]

    def fits(chosen: tuple[int, ...]) -> float:
        likely = 0.0
        for k, one in zip(chosen, heard, strict=False):
            name = order[k]
            likely += _likelihood(one, name) if name else 0.0
        return likely - MISPLACED * sum(k != place for place, k in enumerate(chosen[: len(heard)]))

    best = max(itertools.permutations(range(count)), key=fits)
    given = [order[k] for k in best[: len(heard)]]
    left = sorted(best[len(heard) :])
    return given, tuple(name for k in left if (name := order[k]))


def _proposed(name: str, parts: list[Planned]) -> Planned:
    """A thing that was named and not heard apart: where nothing else is, as loud as the clip, and
    with nothing that speaks for its place."""
    loudest = parts[0].source
    taken = [float(np.mean(_positions(part))) for part in parts]
    x = max(FREE_PLACES, key=lambda place: min(abs(place - other) for other in taken))
    source = HeardSource(
        x=np.full_like(loudest.x, x),
        level_db=np.full_like(loudest.level_db, loudest.level_db.max()),
        confidence=np.zeros_like(loudest.confidence),
        share=0.0,
        weight=0.0,
        member=np.zeros_like(loudest.member),
    )
    return replace(_identify(Heard(source, None), name), heard_apart=False)


def _likelihood(heard: Heard, name: str) -> float:
    """The tagger's probability of a user's name, 0 if it doesn't know the thing."""
    thing = resolve(name).thing.name
    if heard.tags is None or thing not in heard.tags.names:
        return 0.0
    return float(heard.tags.mean()[heard.tags.names.index(thing)])


def _identify(
    heard: Heard, given: str | None, doppler: tuple[float, float] = (0.0, 0.0)
) -> Planned:
    """A source with its name, the user's or else what the tagger heard, and how it moves."""
    colour, named = "", given is not None
    if given is not None:
        words = given.split()
        colour = next((word for word in words[:-1] if word.lower() in COLOURS), "")
        name, certainty = " ".join(word for word in words if word != colour), 1.0
    else:
        name, certainty = _recognised(heard)
    resolution = resolve(name)
    known = name != UNKNOWN and (resolution.known or not named)
    reading = read_motion(heard.source, resolution.thing if known else None, doppler)
    return Planned(heard, name, colour.lower(), resolution, reading, named, certainty)


def _recognised(heard: Heard) -> tuple[str, float]:
    """The tagger's name for a source and its probability, else a kind, else a loudspeaker.

    What is heard to travel is rather a thing that can: others count less.
    """
    if heard.tags is None:
        return UNKNOWN, 0.0
    travels = read_motion(heard.source, BY_NAME[UNKNOWN]).motion == "crossing"
    chances = {
        name: float(p) * (STILL_THAT_TRAVELS if travels and not BY_NAME[name].mobile else 1.0)
        for name, p in zip(heard.tags.names, heard.tags.mean(), strict=True)
    }
    best = max(chances, key=lambda name: chances[name])
    if chances[best] >= heard.tags.threshold:
        return best, chances[best]
    kinds = {
        kind: 1 - math.prod(1 - p for name, p in chances.items() if BY_NAME[name].kind in members)
        for kind, members in KINDS.items()
    }
    kind = max(kinds, key=lambda k: kinds[k])
    if kinds[kind] >= heard.tags.threshold:
        return kind, kinds[kind]
    return UNKNOWN, 0.0


def _track(index: int, part: Planned) -> ObjectTrack:
    thing, reading = part.resolution.thing, part.reading
    x, heights = _positions(part), _heights(part)
    boxes = []
    for centre, height in zip(x, heights, strict=True):
        width = height * thing.aspect * HEIGHT / WIDTH
        boxes.append(
            Box.from_centre(float(centre), _middle(part, float(height)), width, float(height))
        )
    start, end = _presence(part)
    keyframes = sparse(boxes[start : end + 1], start, tolerance=0.02)
    if reading.motion == "stationary":
        keyframes = keyframes[:1]
    return ObjectTrack(
        id=index,
        name=part.name,
        appearance=part.appearance,
        start=start,
        end=end,
        confidence=_confidence(part),
        keyframes=keyframes,
    )


def _confidence(part: Planned) -> float:
    """Of the place (or of the motion that level shows), less where the name is unsure."""
    confidence = part.source.certainty * (0.6 if part.reading.faint else 1.0)
    if part.reading.motion in ("approaching", "receding"):
        known = part.named or part.certainty > 0
        confidence = max(confidence, FROM_LEVEL if known else FROM_LEVEL_UNKNOWN)
    confidence *= part.certainty**0.5 if part.certainty else 0.6
    return round(min(max(confidence, 0.05), 1.0), 2)


def _positions(part: Planned) -> np.ndarray:
    """(N,) centre of the box in the picture: where it is heard; a category never moves it."""
    if not part.heard_apart:
        return part.source.x
    return path_of(part.source, part.reading)


def _heights(part: Planned) -> np.ndarray:
    """(N,) box heights: size follows distance, 1/r, as level does (20 log10)."""
    thing, level = part.resolution.thing, part.source.level_db
    if part.reading.motion not in ("approaching", "receding"):
        return np.full(len(level), thing.height)
    heard = part.source.audible
    curve = smooth(np.interp(np.arange(len(level)), heard, level[heard]), 5)
    rising = part.reading.motion == "approaching"
    curve = np.maximum.accumulate(curve) if rising else np.maximum.accumulate(curve[::-1])[::-1]
    nearest = min(0.8, 1.9 * thing.height)
    heights = nearest * 10 ** ((curve - curve.max()) / 20)
    return np.maximum(heights, SMALLEST)


def _middle(part: Planned, height: float) -> float:
    """Vertical centre: where such a thing is; on the ground lower in the picture when nearer."""
    place = part.resolution.thing.place
    if place != "ground":
        return MIDDLES[place]
    bottom = HORIZON + 0.06 + 0.42 * min(1.0, height / 0.5) * 0.85
    return bottom - height / 2


def _presence(part: Planned) -> tuple[int, int]:
    """First and last frame where it is there: from the first to the last audible one, but a thing
    that is quiet for less than a quarter of the clip stays."""
    audible, last = part.source.audible, len(part.source.x) - 1
    pause = (last + 1) / 4
    start, end = int(audible[0]), int(audible[-1])
    return (start if start >= pause else 0), (end if last - end >= pause else last)
