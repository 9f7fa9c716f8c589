"""What is heard in a clip: sources with their paths, each with what it may be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..vocabulary import BY_NAME
from .cues import BANDS_HZ, SpatialCues
from .localiser import get_localiser
from .located import sources_of
from .scene import SceneCue, scene_of
from .sources import DRY, HeardSource, extract, separate
from .taggers.base import Naming, Tagger, Tags
from .taggers.naming import name_of

#: Two sources whose tags are more alike than this (cosine) are one thing and its echo.
ALIKE = 0.6
#: What is no further than this from the middle may be the murmur of the place, widths.
MIDDLE = 0.1
#: Probability of the localiser from which on something passes.
PASSING = 0.5
#: Share of the frames that must have a place: the localiser knows no partly mono recordings.
MOSTLY = 0.8


@dataclass(frozen=True)
class Heard:
    """A source and its tags (None if nothing listened to it)."""

    source: HeardSource
    tags: Tags | None

    @cached_property
    def naming(self) -> Naming:
        """What it is called by its tags alone."""
        return name_of(self.tags) if self.tags else Naming("", 0.0, False, ())

    @property
    def spans_s(self) -> list[tuple[float, float]]:
        """Seconds from..to in which what it is called is heard; [] if that is unknown."""
        if self.tags is None or not self.naming.known:
            return []
        named = self.naming
        return self.tags.kind_spans(named.name) if named.is_kind else self.tags.spans(named.name)


def hear(
    cues: SpatialCues, tagger: Tagger | None, count: int | None = None, localise: bool = True
) -> tuple[Heard, ...]:
    """Sources of what was measured, the one with most energy first.

    The localiser tells them apart where it is sure of their number, else the cells alone do.
    count: how many the user named, None if unknown; then what is no source of its own, echoes and
    the murmur of the place, is counted to another. localise: ask the localiser at all.
    """
    located = _located(cues, count) if localise else None
    heard = _listen(cues, located or separate(cues, count), tagger)
    if count is not None or len(heard) < 2 or tagger is None:
        return heard
    if located:
        return tuple(one for one in heard if not _is_murmur(one, heard))
    if cues.cells.dryness > DRY:
        return heard
    kept = _without_echoes(heard)
    return _listen(cues, kept, tagger) if len(kept) < len(heard) else heard


def _located(cues: SpatialCues, count: int | None) -> tuple[HeardSource, ...] | None:
    """What the localiser tells apart, None where it is not sure or has learned nothing like it."""
    placed = np.mean([kind != "none" for kind in cues.evidence])
    if placed < MOSTLY:
        return None
    return sources_of(cues, get_localiser().locate(cues.clip), count)


def _listen(
    cues: SpatialCues, sources: tuple[HeardSource, ...], tagger: Tagger | None
) -> tuple[Heard, ...]:
    if tagger is None:
        return tuple(Heard(source, None) for source in sources)
    sounds = extract(cues.clip, cues, sources)
    return tuple(
        Heard(source, tagger.listen(sound, cues.clip.rate))
        for source, sound in zip(sources, sounds, strict=True)
    )


def _without_echoes(heard: tuple[Heard, ...]) -> tuple[HeardSource, ...]:
    """The sources, each with what sounds like it added: its place is that of the surer one."""
    kept: list[Heard] = []
    for one in heard:
        like = next((k for k, other in enumerate(kept) if _alike(one, other)), None)
        if like is None:
            kept.append(one)
        else:
            kept[like] = Heard(_joined(kept[like].source, one.source), kept[like].tags)
    return tuple(one.source for one in kept)


def _alike(one: Heard, other: Heard) -> bool:
    """Whether they sound alike; a part that sounds like nothing known is no source of its own."""
    if one.tags is None or other.tags is None:
        return False
    if not (one.naming.known and other.naming.known):
        return True
    a, b = (tags.mean() for tags in (one.tags, other.tags))
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-9)) > ALIKE


def _is_murmur(one: Heard, heard: tuple[Heard, ...]) -> bool:
    """Whether one is no more than the place that another passes in: in the middle, at rest, and
    nothing known or the same as that other."""
    return _is_central(one) and any(
        not one.naming.known or one.naming.name == other.naming.name
        for other in heard
        if other is not one and other.source.crossing > PASSING
    )


def _is_central(one: Heard) -> bool:
    x = float(np.average(one.source.x, weights=one.source.trust + 1e-6))
    return abs(x - 0.5) < MIDDLE and one.source.crossing < PASSING


def _joined(one: HeardSource, other: HeardSource) -> HeardSource:
    first = one if one.weight >= other.weight else other
    power = 10 ** (one.level_db / 10) + 10 ** (other.level_db / 10)
    return HeardSource(
        x=first.x,
        level_db=10 * np.log10(power),
        confidence=0.7 * first.confidence,
        share=one.share + other.share,
        weight=one.weight + other.weight,
        member=one.member + other.member,
    )


def to_dict(cues: SpatialCues, heard: tuple[Heard, ...]) -> dict[str, Any]:
    """The `cues.json` form; None where a value is not known."""
    per_frame = (
        "time_s", "level_db", "band_level_difference_db", "time_difference_ms", "coherence",
        "correlation", "centroid_hz", "pitch_hz", "onset", "x", "confidence",
    )  # fmt: skip
    return {
        "version": 1,
        "duration_s": round(cues.duration_s, 4),
        "channels": cues.channels,
        "frame_count": cues.frame_count,
        "bands_hz": list(BANDS_HZ),
        "frames": {
            **{name: _plain(getattr(cues, name)) for name in per_frame},
            "evidence": list(cues.evidence),
        },
        "doppler": {
            "semitones": round(cues.doppler_semitones, 2),
            "confidence": round(cues.doppler_confidence, 3),
        },
        "sources": [_source_dict(cues, one) for one in heard],
        "scene": [
            {"words": cue.ambience.name, "evidence": cue.evidence, "p": round(cue.p, 3)}
            for cue in scene_heard(heard)
        ],
        "notes": list(cues.notes),
    }


def scene_heard(heard: tuple[Heard, ...]) -> tuple[SceneCue, ...]:
    """What the sounds say about the place and the weather."""
    return scene_of([(one.tags, one.source.share) for one in heard if one.tags])


def _source_dict(cues: SpatialCues, one: Heard) -> dict[str, Any]:
    source = one.source
    spans = [
        (round(start, 3), round(min(end, cues.duration_s), 3)) for start, end in one.spans_s
    ] or [(0.0, round(cues.duration_s, 3))]
    sure = source.confidence > 0
    return {
        "name": one.naming.name or "unknown",
        "kind": BY_NAME[one.naming.name].kind if one.naming.name in BY_NAME else one.naming.name,
        "tags": [[name, round(p, 3)] for name, p in one.tags.ranked()] if one.tags else [],
        "kinds": _kinds(one.tags) if one.tags else [],
        "start_s": spans[0][0],
        "end_s": spans[-1][1],
        "spans": [list(span) for span in spans],
        "share": round(source.share, 4),
        "x": [round(float(x), 4) if ok else None for x, ok in zip(source.x, sure, strict=True)],
        "confidence": _plain(source.confidence),
        "level_db": _plain(source.level_db),
        "motion": {name: round(float(p), 3) for name, p in source.motion.items()},
        "distance": None if source.distance is None else _plain(np.exp(source.distance)),
        "evidence": [kind if ok else "none" for kind, ok in zip(cues.evidence, sure, strict=True)],
    }


def _kinds(tags: Tags, count: int = 3) -> list[list[Any]]:
    """The likeliest kinds of thing with their probabilities over the whole, best first."""
    mean = {kind: float(tags.over_time(p)) for kind, p in tags.kinds.items()}
    best = sorted(mean, key=lambda kind: -mean[kind])[:count]
    return [[kind, round(mean[kind], 3)] for kind in best]


def _plain(values: np.ndarray) -> list:
    """Rounded lists; NaN (no pitch) becomes None."""
    rounded = np.round(values.astype(float), 4).tolist()

    def clean(value: Any) -> Any:
        if isinstance(value, list):
            return [clean(v) for v in value]
        return None if value != value else value

    return clean(rounded)
