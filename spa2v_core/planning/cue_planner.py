"""The offline planner: tracks from measured cues and tags, nothing guessed."""

from __future__ import annotations

import numpy as np

from ..audio.hearing import Heard
from ..audio.sources import smooth
from ..layout import Box, ObjectTrack, VideoSceneLayout
from ..layout.keyframes import sparse
from ..vocabulary import COLOURS, THINGS, UNKNOWN, resolve
from . import wording
from .base import PlanRequest
from .motion import read_motion
from .wording import Planned

WIDTH, HEIGHT = 512, 320
HORIZON = 0.5
#: Height of a box in the far distance.
SMALLEST = 0.08
#: A side that is heard at all, but less than this from the middle, is moved out to it: ambience
#: compresses level differences.
SIDE, HEARD_SIDE = 0.22, 0.06
#: Confidence of a motion that is read from level alone, for a known and an unknown thing.
FROM_LEVEL, FROM_LEVEL_UNKNOWN = 0.5, 0.3
#: A kind of thing is named where none of its things is likely enough, but all together are.
KINDS = ("vehicle", "animal", "instrument")


class CuePlanner:
    """Plans from what was measured and recognised offline (no network, no torch)."""

    name = "cues"

    def plan(self, request: PlanRequest) -> VideoSceneLayout:
        cues = request.cues
        parts = [_identify(heard, request.objects, i) for i, heard in enumerate(request.heard)]
        tracks = tuple(_track(index, part) for index, part in enumerate(parts))
        tracks = tuple(sorted(tracks, key=lambda track: track.keyframes[-1].box.y2))
        return VideoSceneLayout(
            frame_count=cues.frame_count,
            duration_s=cues.duration_s,
            width=WIDTH,
            height=HEIGHT,
            reasoning=wording.reasoning(request, parts, tracks),
            caption=wording.caption(tracks, parts, cues.frame_count),
            frame_captions=wording.frame_captions(tracks, cues.frame_count),
            objects=tracks,
        )


def _identify(heard: Heard, names: tuple[str, ...], index: int) -> Planned:
    """Names of the user go to sources in order of loudness; others are what the tagger heard."""
    colour = ""
    if index < len(names):
        words = names[index].split()
        colour = next((word for word in words[:-1] if word.lower() in COLOURS), "")
        name, certainty, named = " ".join(w for w in words if w != colour), 1.0, True
    else:
        name, certainty = _recognised(heard)
        named = False
    resolution = resolve(name)
    reading = read_motion(
        heard.source,
        mobile=resolution.thing.mobile,
        known=name != UNKNOWN and (resolution.known or not named),
    )
    return Planned(heard, name, colour.lower(), resolution, reading, named, certainty)


def _recognised(heard: Heard) -> tuple[str, float]:
    """The tagger's name for a source and its probability, else a kind, else a loudspeaker."""
    if heard.tags is None:
        return UNKNOWN, 0.0
    best = heard.tags.best()
    if best:
        return best
    mean = dict(zip(heard.tags.names, heard.tags.mean(), strict=True))
    chances = {}
    for kind in KINDS:
        missed = [1 - float(mean.get(t.name, 0.0)) for t in THINGS if t.kind == kind]
        chances[kind] = 1 - float(np.prod(missed))
    kind = max(chances, key=lambda k: chances[k])
    if chances[kind] >= heard.tags.threshold + 0.1:
        return kind, chances[kind]
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
    """(N,) centre of the box in the picture."""
    x, reading = part.source.x, part.reading
    if reading.unheard:
        return np.linspace(0.12, 0.88, len(x))
    if part.source.certainty == 0:
        return np.full_like(x, 0.5)
    if reading.motion == "stationary":
        centre = float(np.median(x[part.source.audible]))
        side = centre - 0.5
        if HEARD_SIDE < abs(side) < SIDE:
            centre = 0.5 + np.sign(side) * SIDE
        return np.full_like(x, np.clip(centre, 0.1, 0.9))
    if reading.faint:
        return np.linspace(0.12, 0.88, len(x))[:: 1 if reading.travel > 0 else -1]
    if reading.motion == "crossing":
        return x
    t = np.linspace(-0.5, 0.5, len(x))
    slope, offset = np.polyfit(t, x, 1)
    return np.clip(slope * t + offset, 0.08, 0.92)


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
    """Vertical centre: on the ground, lower in the picture the nearer it is, or in the air."""
    if part.resolution.thing.airborne:
        return 0.34
    bottom = HORIZON + 0.06 + 0.42 * min(1.0, height / 0.5) * 0.85
    return bottom - height / 2


def _presence(part: Planned) -> tuple[int, int]:
    """First and last frame where it is there: from the first to the last audible one, but a thing
    that is quiet for less than a quarter of the clip stays."""
    audible, last = part.source.audible, len(part.source.x) - 1
    pause = (last + 1) / 4
    start, end = int(audible[0]), int(audible[-1])
    return (start if start >= pause else 0), (end if last - end >= pause else last)
