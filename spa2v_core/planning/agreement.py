"""How far a layout agrees with what was measured, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ..audio.hearing import Heard
from ..layout import ObjectTrack, VideoSceneLayout
from ..layout.keyframes import dense
from ..vocabulary import UNKNOWN, resolve
from .motion import path_of, read_motion

#: Distance from the heard position, in widths, at which nothing agrees.
FAR = 0.5
#: Sum of a sound's trust under which nothing is said about it.
LEAST_TRUST = 0.05
#: Sources that are matched to tracks one by one; more would take long and are not told apart.
MATCHED = 4


@dataclass(frozen=True)
class Agreement:
    """track: its id. source: index of the sound it stands for, None if there is none.
    score: 0 to 1, 1 where it is heard; None where no position is heard.
    """

    track: int
    source: int | None
    score: float | None


def agreement(layout: VideoSceneLayout, heard: tuple[Heard, ...]) -> tuple[Agreement, ...]:
    """Scores of all tracks, each matched to at most one sound so that the sum is largest.

    A score (`score`) says how near the boxes are to where the evidence places the sound.
    """
    tracks = layout.objects
    count = min(len(tracks), len(heard), MATCHED)
    scores = [
        [_score(t, layout.frame_count, one) for one in heard[:MATCHED]] for t in tracks[:MATCHED]
    ]

    def total(order: tuple[int, ...]) -> float:
        return sum(_fit(scores[t][s], tracks[t], heard[s]) for s, t in enumerate(order))

    orders = permutations(range(min(len(tracks), MATCHED)), count)
    best = max(orders, key=total, default=())
    source_of = {t: s for s, t in enumerate(best)}
    return tuple(
        Agreement(
            track.id,
            source_of.get(index),
            scores[index][source_of[index]] if index in source_of else None,
        )
        for index, track in enumerate(tracks)
    )


def _fit(score: float | None, track: ObjectTrack, one: Heard) -> float:
    """What a match is worth: where it is, and more what it is."""
    named = dict(one.tags.ranked(5)).get(track.name, 0.0) if one.tags else 0.0
    return (0.0 if score is None else score) + 2.0 * named


def evidence_path(one: Heard, name: str) -> np.ndarray:
    """(N,) where the evidence places a sound that is called `name`: where it is heard, or across
    the picture if that is how it is read."""
    resolution = resolve(name)
    known = resolution.known and resolution.thing.name != UNKNOWN
    return path_of(one.source, read_motion(one.source, resolution.thing if known else None))


def score(centres: np.ndarray, path: np.ndarray, trust: np.ndarray) -> float | None:
    """1 minus the mean distance of box centres from a path, weighed by trust, over `FAR`; at least
    0, None if there is too little to go by. The page computes the same (`checks.mjs`).

    centres: (N,) of the boxes in widths, NaN where there is none; what is outside the frame counts
    as at its edge. path, trust: (N,) 0..1.
    """
    trust = np.where(np.isnan(centres), 0.0, trust)
    if trust.sum() < LEAST_TRUST:
        return None
    away = np.abs(np.clip(np.nan_to_num(centres), 0, 1) - path)
    return round(max(0.0, 1 - float((trust * away).sum() / trust.sum()) / FAR), 3)


def _score(track: ObjectTrack, frame_count: int, one: Heard) -> float | None:
    path = evidence_path(one, track.name)
    boxes = dense(track, frame_count, len(path))
    centres = np.array([np.nan if box is None else box.centre[0] for box in boxes])
    return score(centres, path, one.source.trust)
