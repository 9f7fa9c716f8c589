"""SELD scores of DCASE 2025 Task 3 (stereo): is the right sound heard in the right direction?

Location-dependent F-score at 20 degrees, class-dependent DOA and relative distance errors.
Mesaros et al., "Joint Measurement of Localization and Detection of Sound Events", WASPAA 2019;
with distances: Krause et al., https://arxiv.org/abs/2403.11827. As the task's baseline counts them
(partha2409/DCASE2025_seld_baseline, metrics.py): per frame and class, azimuths folded to the front
and matched one to one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..layout import VideoSceneLayout
from ..layout.keyframes import dense
from ..layout.picture import ASPECT
from ..layout.written import FIELD_OF_VIEW, azimuth_deg
from .static import canonical

#: Labels are given each 100 ms.
FRAMES_PER_S = 10.0
#: A match counts if its azimuth is no further off, degrees, and its distance by no larger share.
NEAR_DEG, NEAR_SHARE = 20.0, 1.0


@dataclass(frozen=True)
class Event:
    """A sound in one frame: azimuth in degrees (left is positive), distance in m."""

    frame: int
    label: str
    azimuth_deg: float
    distance_m: float


@dataclass(frozen=True)
class SeldScores:
    """
    Attributes
    ----------
    f_score
        0..1, mean over the classes; higher is better.
    doa_error_deg, distance_error
        mean over the classes that were matched at all, whatever the error; the second relative to
        the true distance. None if none was. Lower is better.
    matched
        share of the true events that had a partner of their class: what the errors rest on.
    """

    f_score: float
    doa_error_deg: float | None
    distance_error: float | None
    matched: float


@dataclass
class Matches:
    """Counts of one class, and the errors of its matches."""

    right: int = 0
    far: int = 0
    extra: int = 0
    missed: int = 0
    degrees: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def add(self, other: Matches) -> None:
        self.right += other.right
        self.far += other.far
        self.extra += other.extra
        self.missed += other.missed
        self.degrees += other.degrees
        self.shares += other.shares


def seld_scores(
    clips: Iterable[tuple[Iterable[Event], Iterable[Event]]],
    classes: Iterable[str] | None = None,
) -> SeldScores:
    """Scores over (predicted, true) events of all clips.

    Per class F = right / (right + far + (extra + missed) / 2): right is a match within 20 degrees
    and once its distance, far any other match, extra and missed what has no partner.

    Parameters
    ----------
    classes
        that the means are over, absent ones count 0 in F as in the baseline; None for those that
        occur in the truth. Predictions of other classes don't count.
    """
    return pooled([counted(predicted, true) for predicted, true in clips], classes)


def counted(predicted: Iterable[Event], true: Iterable[Event]) -> dict[str, Matches]:
    """What `seld_scores` counts in one clip, by class, for `pooled`."""
    counts: dict[str, Matches] = defaultdict(Matches)
    ours, theirs = _by_frame(predicted), _by_frame(true)
    for key in sorted(ours.keys() | theirs.keys()):
        _count(counts[key[1]], ours.get(key, []), theirs.get(key, []))
    return dict(counts)


def pooled(
    clips: Iterable[Mapping[str, Matches]], classes: Iterable[str] | None = None
) -> SeldScores:
    """Scores over clips that were counted each by itself."""
    counts: dict[str, Matches] = defaultdict(Matches)
    for clip in clips:
        for name, matches in clip.items():
            counts[name].add(matches)
    occur = [name for name, c in counts.items() if c.right + c.far + c.missed]
    found = [counts[name] for name in (occur if classes is None else classes)]
    if not found:
        return SeldScores(0.0, None, None, 0.0)
    pairs = sum(c.right + c.far for c in found)
    return SeldScores(
        float(np.mean([_f_score(c) for c in found])),
        _mean([float(np.mean(c.degrees)) for c in found if c.degrees]),
        _mean([float(np.mean(c.shares)) for c in found if c.shares]),
        pairs / max(pairs + sum(c.missed for c in found), 1),
    )


def _by_frame(events: Iterable[Event]) -> dict[tuple[int, str], list[Event]]:
    found = defaultdict(list)
    for event in events:
        found[event.frame, event.label].append(event)
    return found


def _count(into: Matches, predicted: list[Event], true: list[Event]) -> None:
    cost = np.array(
        [[abs(_folded(p.azimuth_deg) - _folded(t.azimuth_deg)) for p in predicted] for t in true]
    ).reshape(len(true), len(predicted))
    for row, column in zip(*linear_sum_assignment(cost), strict=True):
        wanted = true[row].distance_m
        share = abs(predicted[column].distance_m - wanted) / max(wanted, 1e-9)
        into.degrees.append(float(cost[row, column]))
        into.shares.append(share)
        near = cost[row, column] <= NEAR_DEG and share <= NEAR_SHARE
        into.right += bool(near)
        into.far += not near
    into.extra += max(0, len(predicted) - len(true))
    into.missed += max(0, len(true) - len(predicted))


def _folded(azimuth: float) -> float:
    """What is behind is mirrored to the front, -90..90: stereo does not tell them apart."""
    azimuth = (azimuth + 180) % 360 - 180
    if azimuth < -90:
        return -180 - azimuth
    return 180 - azimuth if azimuth > 90 else azimuth


def _f_score(c: Matches) -> float:
    whole = c.right + c.far + 0.5 * (c.extra + c.missed)
    return c.right / whole if whole else 0.0


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def events_of(
    layout: VideoSceneLayout,
    heights_m: Mapping[str, float],
    field_of_view: float = FIELD_OF_VIEW,
) -> list[Event]:
    """The objects of a layout as events each 100 ms; ours: a layout states boxes, not metres.

    The azimuth is that of a box's middle by a pinhole camera. The distance is that at which a
    thing of its real height, `heights_m` by name (2 m where it is not known), looks as high.
    """
    count = max(1, round(layout.duration_s * FRAMES_PER_S))
    half = math.tan(math.radians(field_of_view / 2))
    events = []
    for track in layout.objects:
        name = canonical(track.name)
        height = heights_m.get(name, 2.0)
        for frame, box in enumerate(dense(track, layout.frame_count, count)):
            if box is None:
                continue
            azimuth = azimuth_deg(box.centre[0], field_of_view)
            depth = height * ASPECT / (2 * half * box.height)
            distance = depth / math.cos(math.radians(azimuth))
            events.append(Event(frame, name, azimuth, distance))
    return events


def to_dcase(events: Iterable[Event], classes: Mapping[str, int]) -> str:
    """The task's CSV (frame, class, source, azimuth, distance in cm, onscreen); other classes are
    left out."""
    lines = ["frame,class,source,azimuth,distance,onscreen"]
    taken: dict[tuple[int, str], int] = defaultdict(int)
    for event in sorted(events, key=lambda event: event.frame):
        if event.label not in classes:
            continue
        source = taken[event.frame, event.label]
        taken[event.frame, event.label] += 1
        seen = int(abs(event.azimuth_deg) <= FIELD_OF_VIEW / 2)
        lines.append(
            f"{event.frame},{classes[event.label]},{source},{round(event.azimuth_deg)},"
            f"{round(100 * event.distance_m)},{seen}"
        )
    return "\n".join(lines) + "\n"
