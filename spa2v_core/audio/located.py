"""The localiser's proposal made precise: it says how many sounds there are, roughly where, and how
they move; the cells of time and frequency that agree say exactly where and how loud."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .cues import SILENT_DB, SLOTS, SpatialCues
from .localiser import Located, LocatedSource
from .sources import MAX_SOURCES, HeardSource, by_frame, whole
from .weighted import decibel, smooth, weighted_median

#: Probability from which on the localiser's one sound, or several, are taken: the cells alone tell
#: one dry sound as well, but hardly two in a room. Several that are named are always taken.
SURE_ONE, SURE_MORE = 0.6, 0.5
#: Probability from which on there is no one place that anything sounds from, and share of the
#: energy under which a source was not heard apart.
SURE_NONE, LEAST_SHARE = 0.5, 0.03
#: Cells within so many times the uncertainty of a path may be its own, and the narrowest and the
#: widest reach, widths.
REACH, NARROWEST, WIDEST = 1.5, 0.05, 0.25
#: Uncertainty at which a place is no longer believed, widths.
LOST = 0.2
#: Probability from which on microphones are a coincident pair, and its narrowest range.
COINCIDENT, NARROWEST_PAIR = 0.5, 0.3
#: Presence under which a sound has no cells of its own.
ABSENT = 0.15


def sources_of(
    cues: SpatialCues, located: Located, count: int | None = None
) -> tuple[HeardSource, ...] | None:
    """One to three sources, the one with most energy first; None if their number is not sure.

    count: how many the user named, None if unknown.
    """
    if count is None and located.count[0] > SURE_NONE:
        return (whole(cues),)
    number = min(count or int(located.count[1:].argmax()) + 1, MAX_SOURCES)
    if located.count[number] < (SURE_ONE if number == 1 else SURE_MORE if count is None else 0):
        return None
    found = located.sources[:number]
    paths = np.stack([_at_slots(cues, one.x) for one in found])
    paths = np.clip(0.5 + cues.width * (paths - 0.5), 0, 1)
    cues = _spread(cues, located)
    member = _members(cues, found, paths)
    sources = [
        _source(cues, one, path, own) for one, path, own in zip(found, paths, member, strict=True)
    ]
    heard = [source for source in sources if source.share > LEAST_SHARE] or sources[:1]
    return tuple(sorted(heard, key=lambda source: -source.share))


def _spread(cues: SpatialCues, located: Located) -> SpatialCues:
    """With the cells of a coincident pair, which pans by less than the full range, spread out."""
    if located.microphones["coincident"] < COINCIDENT:
        return cues
    x = np.clip(0.5 + (cues.cells.x - 0.5) / max(located.width, NARROWEST_PAIR), 0, 1)
    return replace(cues, cells=replace(cues.cells, x=x))


def _at_slots(cues: SpatialCues, values: np.ndarray) -> np.ndarray:
    """(S,) of (T,) values at equal steps of time."""
    slots = cues.cells.x.shape[1]
    at = (np.arange(slots) + 0.5) / slots * len(values) - 0.5
    return np.interp(at, np.arange(len(values)), values)


def _members(cues: SpatialCues, found: tuple[LocatedSource, ...], paths: np.ndarray) -> np.ndarray:
    """(sources, B, S) how far each cell belongs to each source; they sum to 1."""
    if len(found) == 1:
        return np.ones((1, *cues.cells.x.shape))
    spread = np.stack([_at_slots(cues, _reach(one)) for one in found])[:, None]
    present = np.stack([_at_slots(cues, one.presence) for one in found])[:, None]
    away = (cues.cells.x[None] - paths[:, None]) / spread
    likely = np.log(np.maximum(present, 0.02)) - np.minimum(away**2, 60) / 2
    near = np.exp(likely - likely.max(0))
    return near / near.sum(0)


def _reach(one: LocatedSource) -> np.ndarray:
    return np.clip(REACH * one.uncertainty, NARROWEST, WIDEST)


def _source(
    cues: SpatialCues, one: LocatedSource, path: np.ndarray, member: np.ndarray
) -> HeardSource:
    """A source: its cells' place where they agree with the path, the path elsewhere."""
    cells = cues.cells
    power, weight = by_frame(cells.power * member), by_frame(cells.weight * member)
    total = max(float(by_frame(cells.power).max()), 1e-20)
    level = decibel(np.maximum(power, 1e-9 * total)) + cues.level_db.max() - decibel(total)
    uncertainty, presence = (
        _by_frame_mean(_at_slots(cues, values)) for values in (one.uncertainty, one.presence)
    )
    x = _refined(cues, member, path, uncertainty)
    sure = np.clip(1 - uncertainty / LOST, 0.05, 1) * np.clip(2 * presence, 0.1, 1)
    audible = (level > level.max() - SILENT_DB) & (cues.confidence > 0) & (presence > ABSENT)
    return HeardSource(
        x=x,
        level_db=level,
        confidence=np.where(audible, sure, 0.0),
        share=float(power.sum() / max(float(cells.power.sum()), 1e-20)),
        weight=float(weight.sum() / max(float(by_frame(cells.weight).sum()), 1e-12)),
        member=member,
        motion=one.motion,
        distance=_by_frame_mean(_at_slots(cues, one.distance)),
    )


def _refined(
    cues: SpatialCues, member: np.ndarray, path: np.ndarray, uncertainty: np.ndarray
) -> np.ndarray:
    """(N,) median place of the cells within reach of the path, as far as there are such cells."""
    cells = cues.cells
    reach = np.repeat(np.clip(REACH * uncertainty, NARROWEST / 2, WIDEST), SLOTS)
    close = np.abs(cells.x - path) < reach
    own = cells.weight * member * close
    straight = _by_frame_mean(path)
    x = np.array(straight)
    for k in range(len(x)):
        near = slice(max(0, k - 1) * SLOTS, (k + 2) * SLOTS)
        if own[:, near].any():
            x[k] = weighted_median(cells.x[:, near], own[:, near])
    agree = by_frame(own) / np.maximum(by_frame(cells.weight * member), 1e-12)
    return smooth(straight + np.clip(2 * agree, 0, 1) * (x - straight), 5)


def _by_frame_mean(values: np.ndarray) -> np.ndarray:
    """(N,) mean over the slots of each frame."""
    return values.reshape(-1, SLOTS).mean(1)
