"""Several sounds at once: told apart by their direction over time, followed, and taken out.

Every source is a straight path of positions over the clip. Cells of time and frequency are shared
out among up to three paths by expectation maximisation (Dempster, Laird and Rubin, 1977) with a
floor for cells that belong to none; another source is only believed where it explains much more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from .clip import AudioClip
from .cues import SILENT_DB, SLOTS, SpatialCues, frame_medians
from .spectra import band_of, slot_of, transform
from .weighted import decibel, smooth, weighted_quantile

MAX_SOURCES = 3
#: Spread of a source's cells around its path, in widths of the picture: with echoes, and without.
SPREAD, SPREAD_DRY = 0.07, 0.05
#: Density of cells that belong to no path (a uniform one has 1).
STRAY = 0.25
#: What another path must gain (nats a cell), how much of the cells it must explain, and how far
#: it must be from the others; less is asked where there are no echoes to take for sources, and
#: for sources that the user has named.
SURE = (0.16, 0.10, 0.14)
SURE_DRY = (0.025, 0.06, 0.08)
NAMED, NAMED_DRY = (0.02, 0.04, 0.08), (0.01, 0.04, 0.06)
#: Parts of one passing source: share of a frame's power, and of the frames, that both may have at
#: once; difference in level where they meet, dB; travel in widths that is a way; and how far under
#: the loudest frame they are looked at, dB (lower noise speaks).
TOGETHER, MEETING_DB, GOES, LOUD_DB = 0.15, 10.0, 0.03, 15.0
#: From this dryness on there are no echoes to speak of.
DRY = 0.5


@dataclass(frozen=True)
class HeardSource:
    """One source over N frames.

    Attributes
    ----------
    x
        (N,) position 0..1.
    level_db
        (N,) its own level, dB re full scale.
    confidence
        (N,) 0..1 of x, 0 where it is silent or nothing tells the position.
    share
        of the clip's energy.
    weight
        of what its cells count (quiet ones count more).
    member
        (B, S) how far each cell is its own, 0..1.
    motion
        probability of each of the localiser's motions, empty if it did not say.
    distance
        (N,) natural log of its distance relative to its mean, None if nothing says.
    """

    x: np.ndarray
    level_db: np.ndarray
    confidence: np.ndarray
    share: float
    weight: float
    member: np.ndarray
    motion: Mapping[str, float] = field(default_factory=dict)
    distance: np.ndarray | None = None

    @property
    def audible(self) -> np.ndarray:
        """(M,) indices of the frames in which it is not silent."""
        return np.flatnonzero(self.level_db > self.level_db.max() - SILENT_DB)

    @property
    def crossing(self) -> float:
        """Probability 0..1 of the localiser that it crosses, 0 if it did not say."""
        return self.motion.get("crossing", 0.0)

    @property
    def trust(self) -> np.ndarray:
        """(N,) 0..1 what each frame's position counts: little where it is quiet or unsure, as
        noise and the room's tail have a place of their own."""
        amplitude = 10 ** ((self.level_db - self.level_db.max()) / 20)
        return amplitude * self.confidence

    @property
    def certainty(self) -> float:
        """How far its position can be trusted over all, 0..1."""
        loud = self.level_db > self.level_db.max() - 30
        return float(self.confidence[loud].mean())


def separate(cues: SpatialCues, count: int | None = None) -> tuple[HeardSource, ...]:
    """One to three sources, the one with most energy first.

    count: how many the user named, None if unknown. More than are told apart can't be found.
    """
    if not cues.positioned or count == 1:
        return (whole(cues),)
    dry = cues.cells.dryness > DRY
    least = (NAMED_DRY if dry else NAMED) if count else (SURE_DRY if dry else SURE)
    lines, likelihood = _fit(cues, 1)
    for paths in range(2, min(count or MAX_SOURCES, MAX_SOURCES) + 1):
        more, better = _fit(cues, paths)
        if not _believed(cues, more, better - likelihood, least):
            break
        lines, likelihood = more, better
    if len(lines) == 1:
        return (whole(cues),)
    member = _members(cues, lines)
    found = [_source(cues, line, part) for line, part in zip(lines, member, strict=True)]
    if count is None:
        found = _end_to_end(cues, found)
    return tuple(sorted(found, key=lambda source: -source.share))


def extract(
    clip: AudioClip, cues: SpatialCues, sources: tuple[HeardSource, ...]
) -> list[np.ndarray]:
    """(n,) mono sound of each source.

    Two sources that differ in level: the other one is cancelled by its panning, then what is left
    of it in its own cells is masked. Otherwise the cells of each are masked out of the sum of the
    channels.
    """
    if len(sources) == 1:
        return [clip.samples.mean(0)]
    edges, slots = cues.cells.edges, sources[0].member.shape[1]
    stft = transform(clip, slots)
    slot = slot_of(stft.times, clip.duration_s, slots)
    band = np.clip(band_of(stft.frequencies, edges), 0, len(edges) - 2)
    out = []
    for index, source in enumerate(sources):
        mixed = stft.spectrum.sum(0)
        if len(sources) == 2 and "level" in cues.evidence:
            other = np.interp(slot / slots, _middles(len(source.x)), sources[1 - index].x)
            angle = np.clip(other, 0, 1) * np.pi / 2
            mixed = np.sin(angle) * stft.spectrum[0] - np.cos(angle) * stft.spectrum[1]
            mixed = mixed * (1 if source.x.mean() < other.mean() else -1)
        out.append(stft.inverse(mixed * np.sqrt(source.member[band][:, slot])))
    return out


def _middles(count: int) -> np.ndarray:
    return (np.arange(count) + 0.5) / count


def _fit(cues: SpatialCues, paths: int) -> tuple[np.ndarray, float]:
    """((paths, S) straight paths, mean log-likelihood of the cells under them).

    Started from several places, as expectation maximisation only climbs the nearest hill.
    """
    x, weight, spread = cues.cells.x, cues.cells.weight, _spread(cues)
    fits = [_climb(x, weight, spread, *start) for start in _starts(x, weight, paths)]
    return max(fits, key=lambda fit: fit[1])


def _spread(cues: SpatialCues) -> float:
    return SPREAD_DRY if cues.cells.dryness > DRY else SPREAD


def _starts(x: np.ndarray, weight: np.ndarray, paths: int) -> Iterator[tuple[np.ndarray, float]]:
    """(paths, S) lines to start from, and how much wider than the spread to begin: all at rest at
    quantiles of the positions (wide, so that far cells pull too), or one of them on its way from
    one side to the other."""

    def quantiles(low: float, high: float, count: int) -> np.ndarray:
        wanted = np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2])
        return weighted_quantile(x, weight, wanted)

    def flat(values: np.ndarray) -> np.ndarray:
        return np.repeat(values[:, None], x.shape[1], 1)

    if paths == 1:
        yield flat(quantiles(0.5, 0.5, 1)), 2.5
        return
    for low, high in ((0.1, 0.9), (0.3, 0.7), (0.02, 0.6), (0.4, 0.98)):
        yield flat(quantiles(low, high, paths)), 2.5
    left, right = quantiles(0.05, 0.95, 2)
    for first, last in ((left, right), (right, left)):
        moving = np.linspace(first, last, x.shape[1])[None]
        yield np.concatenate([moving, flat(quantiles(0.2, 0.8, paths - 1))]), 1.0


def _climb(
    x: np.ndarray, weight: np.ndarray, narrow: float, lines: np.ndarray, wide: float
) -> tuple[np.ndarray, float]:
    paths, slots = lines.shape
    t = np.linspace(-0.5, 0.5, slots)
    shares = np.full(paths, (1 - STRAY) / paths)
    total = max(float(weight.sum()), 1e-12)
    likelihood = -np.inf
    for step in range(40):
        spread = narrow * max(1.0, wide - step / 8)
        density = (
            shares[:, None, None]
            * np.exp(-((x[None] - lines[:, None]) ** 2) / (2 * spread**2))
            / (spread * np.sqrt(2 * np.pi))
        )
        everything = density.sum(0) + STRAY
        likelihood = float((weight * np.log(everything)).sum() / total)
        pull = weight * density / everything
        mass = pull.sum((1, 2)) + 1e-9
        shares = (1 - STRAY) * mass / mass.sum()
        centre_t, centre_x = (pull * t).sum((1, 2)) / mass, (pull * x).sum((1, 2)) / mass
        away = t[None] - centre_t[:, None]
        # the prior of a source that stays: a few cells at one time are no slope
        spread_t = (pull.sum(1) * away**2).sum(1) + 0.004 * total
        slope = (pull * (x - centre_x[:, None, None])).sum(1) * away
        lines = np.clip(centre_x[:, None] + (slope.sum(1) / spread_t)[:, None] * away, 0, 1)
    return lines, likelihood


def _believed(
    cues: SpatialCues, lines: np.ndarray, gain: float, least: tuple[float, float, float]
) -> bool:
    """Whether these paths explain so much more that there is one more source."""
    weight = cues.cells.weight
    shares = (_members(cues, lines) * weight).sum((1, 2)) / max(float(weight.sum()), 1e-12)
    apart = min(float(np.abs(a - b).mean()) for i, a in enumerate(lines) for b in lines[:i])
    return gain > least[0] and shares.min() > least[1] and apart > least[2]


def _members(cues: SpatialCues, lines: np.ndarray) -> np.ndarray:
    """(paths, B, S) how far each cell belongs to each path; they sum to 1."""
    distance = (cues.cells.x[None] - lines[:, None]) ** 2 / (2 * (1.5 * _spread(cues)) ** 2)
    near = np.exp(-(distance - distance.min(0)))
    return near / near.sum(0)


def _source(cues: SpatialCues, line: np.ndarray, member: np.ndarray) -> HeardSource:
    """One of several: its cells' mean position, its path where it is silent."""
    cells = cues.cells
    weight = by_frame(cells.weight * member)
    power = by_frame(cells.power * member)
    position = frame_medians(cells.x, cells.weight * member)
    sure = weight / max(float(weight.max()), 1e-12)
    straight = line.reshape(-1, SLOTS).mean(1)
    x = smooth(np.where(sure > 0.1, position, straight), 5, sure)
    level = decibel(np.maximum(power, 1e-9 * max(float(power.max()), 1e-12)))
    everything = decibel(max(float(by_frame(cells.power).max()), 1e-20))
    share = float(power.sum() / max(float(cells.power.sum()), 1e-20))
    confidence = np.where(level > level.max() - SILENT_DB, cues.confidence, 0.0)
    # where it has few cells of its own the mixture's confidence says little about it
    confidence = np.maximum(confidence, 0.5 * (cues.confidence > 0)) * np.clip(2 * sure, 0.1, 1)
    counted = float(weight.sum() / max(float(cells.weight.sum()), 1e-12))
    level = level + cues.level_db.max() - everything
    return HeardSource(x, level, confidence, share, counted, member)


def whole(cues: SpatialCues) -> HeardSource:
    """Everything as one source."""
    x = cues.x
    heard = np.flatnonzero(cues.confidence > 0)
    if len(heard):
        x = np.interp(np.arange(len(x)), heard, x[heard])
    return HeardSource(
        smooth(x, 5, cues.confidence),
        cues.level_db,
        cues.confidence,
        1.0,
        1.0,
        np.ones_like(cues.cells.x),
    )


def _end_to_end(cues: SpatialCues, found: list[HeardSource]) -> list[HeardSource]:
    """With parts that meet end to end in time as one: what passes is no straight line, so that its
    way here and its way there may look like two sources that never sound together."""
    for one, other in itertools.combinations(found, 2):
        if _one_passes(one, other):
            rest = [source for source in found if source is not one and source is not other]
            return _end_to_end(cues, [*rest, _in_turn(one, other)]) if rest else [whole(cues)]
    return found


def _one_passes(one: HeardSource, other: HeardSource) -> bool:
    """Whether one sounds until the other does, as loud where they meet, and they go the same way.

    Two that take turns each stay where they are.
    """
    mine = 1 / (1 + 10 ** ((other.level_db - one.level_db) / 10))
    heard = np.maximum(one.level_db, other.level_db)
    audible = heard > heard.max() - LOUD_DB
    first, second = (one, other) if mine[audible][0] > 0.5 else (other, one)
    before = (first.level_db > second.level_db) & audible
    after = ~before & audible
    if min(before.sum(), after.sum()) < 2:
        return False
    last, start = int(np.flatnonzero(before)[-1]), int(np.flatnonzero(after)[0])
    apart = np.minimum(mine, 1 - mine)[audible]
    if last > start or float(np.mean(apart < TOGETHER)) < 1 - TOGETHER:
        return False
    if abs(first.level_db[last] - second.level_db[start]) > MEETING_DB or start - last > 2:
        return False
    way = np.sign(second.x[after].mean() - first.x[before].mean())
    travels = [
        way * float(np.polyfit(np.flatnonzero(part), source.x[part], 1)[0]) * float(part.sum())
        for source, part in ((first, before), (second, after))
    ]
    return min(travels) > -GOES and max(travels) > GOES


def _in_turn(one: HeardSource, other: HeardSource) -> HeardSource:
    """Two parts of one source: in each frame the louder one's place."""
    louder = one.level_db >= other.level_db
    return HeardSource(
        x=smooth(np.where(louder, one.x, other.x), 3),
        level_db=decibel(10 ** (one.level_db / 10) + 10 ** (other.level_db / 10)),
        confidence=np.where(louder, one.confidence, other.confidence),
        share=one.share + other.share,
        weight=one.weight + other.weight,
        member=one.member + other.member,
    )


def by_frame(cells: np.ndarray) -> np.ndarray:
    """(N,) sum over the bands and slots of each frame."""
    return cells.sum(0).reshape(-1, SLOTS).sum(1)
