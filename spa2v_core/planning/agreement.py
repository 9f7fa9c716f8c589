"""How far a layout agrees with what was measured, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ..audio.hearing import Heard
from ..layout import ObjectTrack, VideoSceneLayout
from ..layout.keyframes import dense

#: Distance from the heard position, in widths, at which nothing agrees.
FAR = 0.5
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

    A score is 1 minus the mean distance of the box's centre from the heard position, weighed by
    how sure that is, over `FAR`.
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


def _score(track: ObjectTrack, frame_count: int, one: Heard) -> float | None:
    source = one.source
    boxes = dense(track, frame_count, len(source.x))
    there = np.array([box is not None for box in boxes])
    trust = source.trust * there
    if trust.sum() < 0.05:
        return None
    centre = np.array([box.centre[0] if box is not None else 0.0 for box in boxes])
    away = float((trust * np.abs(np.clip(centre, 0, 1) - source.x)).sum() / trust.sum())
    return round(max(0.0, 1 - away / FAR), 3)
