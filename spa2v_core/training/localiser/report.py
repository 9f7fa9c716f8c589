"""How well sounds are located, beside the whole planner, on scenes of `simulation/scenes.py`.

python -m spa2v_core.training.localiser report --scenes 60 --seed 4242
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from ...audio.cues import measure
from ...audio.hearing import hear
from ...audio.io import AudioClip
from ...audio.localiser import LocatedSource, get_localiser
from ...layout import VideoSceneLayout
from ...layout.category import LEFT, RIGHT, motion_category
from ...layout.keyframes import dense
from ...planning.base import PlanRequest
from ...planning.registry import get_planner
from ...simulation.scenes import KINDS, draw_scene, synthesised_sounds

FRAMES = 16
#: Where a source counts as there.
PRESENT = 0.5
WAYS = ("planner, by ear", "planner, true names", "localiser")


@dataclass(frozen=True)
class Found:
    """A thing in the picture: x (FRAMES,), NaN where it is not there, and its category."""

    x: np.ndarray
    category: str


def found_by_localiser(clip: AudioClip) -> list[Found]:
    """What the localiser alone finds."""
    return [
        Found(_at_frames(source), category(source))
        for source in get_localiser().locate(clip).likely
    ]


def found_by_planner(clip: AudioClip, names: Sequence[str] = ()) -> list[Found]:
    """What the offline planner plans, by ear or with names given."""
    from ...audio.taggers.registry import get_tagger

    cues = measure(clip)
    heard = hear(cues, get_tagger(), len(names) or None)
    return in_layout(get_planner("cues").plan(PlanRequest(clip, cues, heard, tuple(names))).layout)


def in_layout(layout: VideoSceneLayout) -> list[Found]:
    """The things of a layout."""
    return [
        Found(
            np.array([np.nan if box is None else box.centre[0] for box in dense(track, FRAMES)]),
            motion_category(track, FRAMES),
        )
        for track in layout.objects
    ]


def category(source: LocatedSource) -> str:
    """The motion category of a located source."""
    motion = max(source.motion, key=source.motion.__getitem__)
    there = source.x[source.presence > PRESENT]
    x = there if len(there) else source.x
    if motion == "crossing":
        return "crossing_right" if x[-1] > x[0] else "crossing_left"
    if motion != "still":
        return motion
    middle = float(x.mean())
    if middle < LEFT:
        return "stationary_left"
    return "stationary_right" if middle > RIGHT else "stationary_centre"


def _at_frames(source: LocatedSource) -> np.ndarray:
    """(FRAMES,) places at the middles of the frames."""
    at = ((np.arange(FRAMES) + 0.5) / FRAMES * len(source.x)).astype(int)
    return source.x[np.clip(at, 0, len(source.x) - 1)]


def score(found: list[Found], true: list[Found]) -> dict[str, float]:
    """Position error in widths of those found, share of right motions, right number, for the
    assignment with the least error (what is not found counts 1)."""
    best: tuple[float, dict[str, float]] = (np.inf, {})
    free = [*range(len(found)), *([None] * len(true))]
    for order in set(itertools.permutations(free, len(true))):
        errors = [
            np.nanmean(np.abs(np.clip(found[k].x, 0, 1) - np.clip(wanted.x, 0, 1)))
            for k, wanted in zip(order, true, strict=True)
            if k is not None
        ]
        total = sum(errors) + order.count(None)
        if total < best[0]:
            same = [
                k is not None and found[k].category == wanted.category
                for k, wanted in zip(order, true, strict=True)
            ]
            best = (
                total,
                {
                    "position": float(np.mean(errors)) if errors else np.nan,
                    "motion": float(np.mean(same)),
                    "count": float(len(found) == len(true)),
                },
            )
    return best[1]


def _one(job: tuple[str, tuple, int, int]) -> tuple[str, dict[str, dict[str, float]]]:
    kind, (count, reverberant, noisy, microphones), seed, index = job
    scene = draw_scene(
        f"{index:04d}",
        synthesised_sounds(),
        np.random.default_rng((seed, index)),
        count=count,
        reverberant=reverberant,
        noisy=noisy,
        microphones=microphones,
    )
    return kind, scores(scene.clip, scene.layout)


def scores(clip: AudioClip, layout: VideoSceneLayout) -> dict[str, dict[str, float]]:
    """The score of every one of `WAYS`."""
    true = in_layout(layout)
    names = [track.name for track in layout.objects]
    found = (found_by_planner(clip), found_by_planner(clip, names), found_by_localiser(clip))
    return {way: score(things, true) for way, things in zip(WAYS, found, strict=True)}


def table(rows: Iterable[tuple[str, dict[str, dict[str, float]]]]) -> str:
    """Means of position error, right motion and right number by kind of scene and way."""
    by_kind: dict[str, list[dict[str, dict[str, float]]]] = {}
    for kind, row in rows:
        by_kind.setdefault(kind, []).append(row)
    lines = ["| scenes | " + " | ".join(WAYS) + " |", "|---" * (1 + len(WAYS)) + "|"]
    for kind, found in by_kind.items():
        cells = [
            " / ".join(
                f"{np.nanmean([row[way][figure] for row in found]):.{digits}f}"
                for figure, digits in (("position", 3), ("motion", 2), ("count", 2))
            )
            for way in WAYS
        ]
        lines.append(f"| {kind} ({len(found)}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(scenes: int, seed: int, workers: int = 2) -> str:
    """The table over `scenes` scenes of every kind, position / motion / number."""
    jobs = [(kind, spec, seed, index) for _, kind, spec in KINDS for index in range(scenes)]
    with ProcessPoolExecutor(workers) as pool:
        return table(pool.map(_one, jobs, chunksize=4))
