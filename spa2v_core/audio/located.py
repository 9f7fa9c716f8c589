"""The localiser's proposal made precise: it says how many sounds there are, roughly where, and how
they move; the cells of time and frequency that agree say exactly where and how loud."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .crossed import are_alike, crossed_cells
from .cues import SILENT_DB, SLOTS, SpatialCues
from .localiser import Located, LocatedSource
from .places import HEAD_M, cells_of
from .sources import MAX_SOURCES, HeardSource, by_frame, whole
from .weighted import decibel, smooth, weighted_median, weighted_quantile

#: Probability from which on the localiser's one sound, or so many, are taken, and from which on two
#: are where only that it is several is sure: the cells alone tell one dry sound as well, but hardly
#: two in a room.
SURE_ONE, SURE_MORE, SURE_SEVERAL = 0.6, 0.5, 0.7
#: Probability from which on there is no one place that anything sounds from, and share of the
#: energy under which a source was not heard apart.
SURE_NONE, LEAST_SHARE = 0.5, 0.03
#: Cells within so many times the uncertainty of a path may be its own, and the narrowest and the
#: widest reach, widths.
REACH, NARROWEST, WIDEST = 1.5, 0.05, 0.25
#: Uncertainty at which a place is no longer believed, widths.
LOST = 0.2
#: Probability from which on microphones are what the localiser says.
SURE_PAIR = 0.5
#: Microphones whose geometry is known -> scatter of the cells about their path (which 80% keep to,
#: widths) up to which they alone say where a sound is, and from which on they add nothing: where
#: they agree they are exact, while the localiser hears what is far aside too near the middle.
KNOWN = {"pan": (0.02, 0.06), "coincident": (0.1, 0.4), "binaural": (0.04, 0.12)}
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
    number = _named(located, count) if count else _sure(located)
    if number is None:
        return None
    found = located.sources[:number]
    paths = np.stack([_at_slots(cues, one.x) for one in found])
    pair = max(located.microphones, key=located.microphones.__getitem__)
    if located.microphones[pair] < SURE_PAIR:
        pair = ""
    if pair == "coincident" and cues.width != 1:
        # how far such a pair is spread is then the user's to say: from where it pans to
        paths, pair = 0.5 + located.width * (paths - 0.5), ""
    paths = np.clip(0.5 + cues.width * (paths - 0.5), 0, 1)
    cues, known = _as_recorded(cues, pair, located.width), _known(cues, pair, number)
    member = _members(cues, found, paths)
    sources = [
        _source(cues, one, path, own, known)
        for one, path, own in zip(found, paths, member, strict=True)
    ]
    heard = [source for source in sources if source.share > LEAST_SHARE] or sources[:1]
    return tuple(sorted(heard, key=lambda source: -source.share))


def _named(located: Located, count: int) -> int | None:
    """So many as were named; one that is named needs to be heard as one."""
    return None if count == 1 and located.count[1] < SURE_ONE else min(count, MAX_SOURCES)


def _sure(located: Located) -> int | None:
    """How many there surely are, two if there are surely several; else None."""
    number = int(located.count[1:].argmax()) + 1
    if located.count[number] >= (SURE_ONE if number == 1 else SURE_MORE):
        return min(number, MAX_SOURCES)
    return 2 if located.count[2:].sum() >= SURE_SEVERAL else None


def _as_recorded(cues: SpatialCues, pair: str, share: float) -> SpatialCues:
    """With the cells as that pair records them; share: of the panning range that the picture of a
    coincident one takes up."""
    match pair:
        case "coincident":
            cells = crossed_cells(cues.rising, share)
        case "binaural":
            cells = cells_of(cues.rising, True, cues.width, HEAD_M)
        case _:
            return cues
    heard = np.repeat([kind != "none" for kind in cues.evidence], SLOTS)
    return replace(cues, cells=replace(cells, weight=cells.weight * heard))


def _known(cues: SpatialCues, pair: str, number: int) -> tuple[float, float] | None:
    """The scatter of `KNOWN` if the cells of so many sounds may lead."""
    if pair != "binaural" and number > 1:
        return None  # by level, a cell that two sounds share lies between them
    if pair == "coincident" and not are_alike(cues.rising):
        return None
    return KNOWN.get(pair)


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
    cues: SpatialCues,
    one: LocatedSource,
    path: np.ndarray,
    member: np.ndarray,
    known: tuple[float, float] | None,
) -> HeardSource:
    """A source: its cells' place where they agree with the path, or with each other as far as is
    `known` (the scatter of `KNOWN`) of the microphones; the path elsewhere."""
    cells = cues.cells
    power, weight = by_frame(cells.power * member), by_frame(cells.weight * member)
    total = max(float(by_frame(cells.power).max()), 1e-20)
    level = decibel(np.maximum(power, 1e-9 * total)) + cues.level_db.max() - decibel(total)
    uncertainty, presence = (
        _by_frame_mean(_at_slots(cues, values)) for values in (one.uncertainty, one.presence)
    )
    x = _refined(cues, member, path, uncertainty)
    if known is not None:
        x = _led(cues, member, path, x, known)
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
    weight = cues.cells.weight * member
    reach = np.repeat(np.clip(REACH * uncertainty, NARROWEST / 2, WIDEST), SLOTS)
    straight = _by_frame_mean(path)
    x, own = _near(cues.cells.x, weight, path, reach)
    agree = by_frame(own) / np.maximum(by_frame(weight), 1e-12)
    return smooth(straight + np.clip(2 * agree, 0, 1) * (x - straight), 5)


def _led(
    cues: SpatialCues,
    member: np.ndarray,
    path: np.ndarray,
    x: np.ndarray,
    scatter: tuple[float, float],
) -> np.ndarray:
    """(N,) x drawn to the median place of all cells of a source, the further the less they
    `scatter` (of `KNOWN`)."""
    weight = cues.cells.even * member
    if not weight.any():
        return x
    middle, _ = _near(cues.cells.x, weight, path, WIDEST)
    away = np.abs(cues.cells.x - np.repeat(middle, SLOTS))
    agreed, lost = scatter
    share = (lost - float(weighted_quantile(away, weight, 0.8))) / (lost - agreed)
    return smooth(x + np.clip(share, 0, 1) * (middle - x), 5)


def _near(
    x: np.ndarray, weight: np.ndarray, path: np.ndarray, reach: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """((N,) median place over each frame and its neighbours of the (B, S) cells within reach of the
    (S,) path, which it is where there are none, (B, S) their weight)."""
    own = weight * (np.abs(x - path) < reach)
    middle = _by_frame_mean(path)
    for k in range(len(middle)):
        near = slice(max(0, k - 1) * SLOTS, (k + 2) * SLOTS)
        if own[:, near].any():
            middle[k] = weighted_median(x[:, near], own[:, near])
    return middle, own


def _by_frame_mean(values: np.ndarray) -> np.ndarray:
    """(N,) mean over the slots of each frame."""
    return values.reshape(-1, SLOTS).mean(1)
