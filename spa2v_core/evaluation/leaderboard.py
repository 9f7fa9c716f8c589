"""A table of planners on two sets of simulated scenes that anyone can make again.

A set is named by its seed, its number of scenes and the checksum of its sounds and layouts: all is
drawn from the seed, sounds included (they are synthesised), so nothing need be downloaded.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from .. import pipeline
from ..errors import InputError, Spa2vError
from ..layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from ..layout import io as layout_io
from ..layout.folders import entries
from ..simulation.scenes import (
    Scene,
    Sounds,
    draw_scene,
    scene_set,
    synthesised_sounds,
    write_scenes,
)
from .layouts import Figure, compare

#: What a planner that hears nothing says: this, still, in the middle.
GUESS = "car"
COLUMNS = (
    "motion_accuracy", "max_iou", "ltsim", "track_iou", "seld_f", "seld_doa", "spatial_recall",
    "spatial_precision",
)  # fmt: skip


@dataclass(frozen=True)
class SceneSet:
    """A set of scenes; `scenes` draws as many of them as are wanted, from the seed."""

    name: str
    about: str
    seed: int
    count: int
    scenes: Callable[[int, int], Iterator[Scene]]


def _usual(count: int, seed: int) -> Iterator[Scene]:
    for _, scene in scene_set(synthesised_sounds(), count, seed):
        yield scene


def _harder(count: int, seed: int) -> Iterator[Scene]:
    sounds: Sounds = synthesised_sounds()
    for index in range(count):
        yield draw_scene(
            f"{index:04d}",
            sounds,
            np.random.default_rng((seed, index)),
            count=2 + index % 2,
            reverberant=True,
            noisy=True,
            microphones=("pan", "coincident", "spaced")[index % 3],
        )


SETS = (
    SceneSet("usual", "one or two things; dry, in rooms, with noise", 2025, 240, _usual),
    SceneSet("harder", "two or three things, all in rooms, with noise", 2026, 120, _harder),
)


def write_set(chosen: SceneSet, count: int, folder: Path) -> str:
    """Write clips and layouts of a set; the checksum of all of them."""
    write_scenes(folder, chosen.scenes(count, chosen.seed))
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.wav"), *folder.glob("*.layout.json")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _guess(_: Path, truth: VideoSceneLayout, named: bool) -> VideoSceneLayout:
    names = [track.name for track in truth.objects] if named else [GUESS]
    box = Box.from_centre(0.5, 0.6, 0.25, 0.35)
    tracks = tuple(
        ObjectTrack(
            id=k,
            name=name,
            start=0,
            end=truth.frame_count - 1,
            keyframes=(Keyframe(frame=0, box=box),),
        )
        for k, name in enumerate(names)
    )
    return VideoSceneLayout(
        frame_count=truth.frame_count, duration_s=truth.duration_s, objects=tracks
    )


def _planned(clip: Path, truth: VideoSceneLayout, named: bool, localise: bool) -> VideoSceneLayout:
    names = ", ".join(track.name for track in truth.objects) if named else None
    try:
        return pipeline.plan(pipeline.analyse(clip, objects=names, localise=localise)).layout
    except Spa2vError:  # a planner that can't is one that shows nothing
        return VideoSceneLayout(frame_count=truth.frame_count, duration_s=truth.duration_s)


#: Row -> layout of (clip, its true layout, of which "named" rows are told the names).
ROWS: dict[str, Callable[[Path, VideoSceneLayout], VideoSceneLayout]] = {
    "constant guess": partial(_guess, named=False),
    "constant guess, true names given": partial(_guess, named=True),
    "rules by ear": partial(_planned, named=False, localise=False),
    "localiser by ear": partial(_planned, named=False, localise=True),
    "localiser, true names given": partial(_planned, named=True, localise=True),
}


def _of_scene(job: tuple[Path, Path]) -> dict[str, VideoSceneLayout]:
    clip, layout = job
    truth = layout_io.read(layout)
    return {row: make(clip, truth) for row, make in ROWS.items()}


def rows_of(
    folder: Path, others: Mapping[str, Path], workers: int
) -> Iterator[tuple[str, dict[str, Figure]]]:
    """(row, its figures) on the scenes of a folder; others: row -> folder of layouts to add."""
    scenes = {name: entry for name, entry in entries(folder).items() if entry.clip}
    truth = {name: entry.read() for name, entry in scenes.items()}
    jobs = [(entry.clip, entry.layout) for entry in scenes.values() if entry.clip]
    with ProcessPoolExecutor(workers) as pool:
        made = dict(zip(scenes, pool.map(_of_scene, jobs), strict=True))
    for row in ROWS:
        yield row, compare({name: (made[name][row], truth[name]) for name in scenes})
    for row, given in others.items():
        found = entries(given)
        if missing := [name for name in scenes if name not in found]:
            raise InputError(f"{given} has no layout of {missing[0]} ({len(missing)} are missing)")
        yield row, compare({name: (found[name].read(), truth[name]) for name in scenes})


def page(work: Path, counts: Mapping[str, int], others: Mapping[str, Path], workers: int) -> str:
    """The leaderboard in Markdown. others: row -> folder with a folder of layouts for each set."""
    options = "".join(f" --{name} {count}" for name, count in counts.items())
    options += "".join(f" --row {shlex.quote(f'{row}={path}')}" for row, path in others.items())
    lines = [HEAD.format(options=options)]
    for chosen in SETS:
        count = counts[chosen.name]
        if not count:
            continue
        checksum = write_set(chosen, count, work / chosen.name)
        written = len(list((work / chosen.name).glob("*.wav")))
        lines.append(f"## {chosen.name.capitalize()}: {chosen.about}\n")
        lines.append(
            f"{written} scenes (the whole set has {chosen.count}), seed {chosen.seed}, SHA-256"
            f" `{checksum}`.\n"
        )
        there = {row: path / chosen.name for row, path in others.items()}
        lines += list(_table(rows_of(work / chosen.name, there, workers)))
    return "\n".join(lines) + "\n"


def _table(rows: Iterator[tuple[str, dict[str, Figure]]]) -> Iterator[str]:
    for index, (row, figures) in enumerate(rows):
        shown = [figures[key] for key in COLUMNS]
        if index == 0:
            yield f"| | {' | '.join(figure.name for figure in shown)} |"
            yield f"|{'---|' * (len(shown) + 1)}"
        yield f"| {row} | {' | '.join(map(_cell, shown))} |"
    yield ""


def _cell(figure: Figure) -> str:
    digits = 1 if figure.name.endswith("degrees") and "error" in figure.name else 3
    if figure.value is None:
        return "-"
    sure = figure.interval
    return f"{figure.value:.{digits}f}" + (
        f" ({sure[0]:.{digits}f} to {sure[1]:.{digits}f})" if sure else ""
    )


HEAD = """# Leaderboard

Planners on simulated scenes with exact layouts, 95% intervals by bootstrap over the scenes. Made by

    python -m spa2v_core leaderboard --out docs/leaderboard.md{options}

The scenes are drawn from a seed, their sounds are synthesised: the tagger learned from sounds like
them, so names are easier here than on recordings (see the figures on held-out recordings).

To add a row, plan the clips of `build/leaderboard/usual` and `build/leaderboard/harder` with
anything, write the layouts (in any form that is read) under the clips' names to `mine/usual` and
`mine/harder`, and run the command with `--row "my planner=mine"`. A row names its planner, its
version and what it was told; the checksum has to be the one below.
"""
