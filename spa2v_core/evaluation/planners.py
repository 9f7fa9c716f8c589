"""Planners over a set of clips with known layouts, with the ablations of the paper (Tab. 3).

A set is a folder of `name.wav` (or any sound) with `name.layout.json`, as
`python -m spa2v_core.simulation` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import pipeline
from ..errors import InputError, PlannerError
from ..layout import VideoSceneLayout, motion_category
from ..layout import io as layout_io
from ..metrics.docsim import docsim
from ..metrics.ltsim import ltsim
from ..metrics.max_iou import max_iou
from ..metrics.static import mean_over_frames
from ..options import options_of
from ..planning.base import NoPlanError
from ..planning.report import PlanReport
from .layouts import aligned

METRICS = {"MaxIoU": max_iou, "LTSim": ltsim, "DocSim": docsim}
#: Rows of the table: what is changed about the options.
ABLATIONS: dict[str, dict[str, object]] = {
    "full": {},
    "2 examples": {"shots": 2},
    "1 example": {"shots": 1},
    "no examples": {"shots": 0},
    "random examples": {"random_shots": True},
    "no spatial reasoning": {"reasoning": False},
    "no cue table": {"cue_table": False},
    "no tags": {"tags": False},
    "one guess": {"guesses": 1},
    "no sound": {"sound": False},
    "LEFT and RIGHT parts": {"parts": True},
}


@dataclass(frozen=True)
class Row:
    """One planner under one condition.

    Attributes
    ----------
    stationary, translational
        metric -> mean over the scenes of that kind, times 100; empty without such scenes.
    planned, failed
        numbers of clips.
    tokens
        in and out.
    """

    name: str
    stationary: dict[str, float]
    translational: dict[str, float]
    planned: int
    failed: int
    tokens: tuple[int, int]


@dataclass(frozen=True)
class _Clip:
    """A clip of the set, analysed once for all conditions."""

    name: str
    analysis: pipeline.Analysis
    truth: VideoSceneLayout


def clips_of(folder: Path) -> list[tuple[Path, VideoSceneLayout]]:
    """(sound, true layout) of a set."""
    found = []
    for layout in sorted(folder.glob("*.layout.json")):
        stem = layout.name.removesuffix(".layout.json")
        sounds = [p for p in folder.glob(f"{stem}.*") if p.suffix != ".json"]
        if len(sounds) == 1:
            found.append((sounds[0], layout_io.read(layout)))
    if not found:
        raise InputError(f"{folder} holds no name.wav with its name.layout.json")
    return found


def run(
    folder: Path,
    planner: str,
    options: Any,
    conditions: list[str],
    *,
    named: bool = False,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Iterator[Row]:
    """A row for each condition; a clip that a planner fails on counts as an empty layout.

    named: the planner is told the true names.
    """
    clips = [_heard(path, truth, named) for path, truth in clips_of(folder)]
    for condition in conditions:
        if condition not in ABLATIONS:
            raise InputError(f"there is no ablation '{condition}': choose {', '.join(ABLATIONS)}")
        known = {one.name for one in options_of(type(options))}
        if not set(ABLATIONS[condition]) <= known:
            say(f"{condition}: {planner} has no such option")
            continue
        changed = replace(options, **ABLATIONS[condition])
        try:
            yield _row(condition, clips, planner, changed, seed, say)
        except InputError as error:  # such as no cues for a model that hears nothing
            say(f"{condition}: {error}")


def _heard(path: Path, truth: VideoSceneLayout, named: bool) -> _Clip:
    names = ", ".join(track.name for track in truth.objects) if named else None
    return _Clip(path.name, pipeline.analyse(path, objects=names), truth)


def _row(
    condition: str,
    clips: list[_Clip],
    planner: str,
    options: Any,
    seed: int,
    say: Callable[[str], None],
) -> Row:
    scores: dict[bool, list[list[float]]] = {True: [], False: []}
    spent, failed = [0, 0], 0
    for clip in clips:
        truth = clip.truth
        try:
            plan = pipeline.plan(clip.analysis, planner=planner, seed=seed, options=options)
            layout, report = plan.layout, plan.report
        except PlannerError as error:
            failed += 1
            say(f"{condition}: {clip.name}: {error}")
            report = error.report if isinstance(error, NoPlanError) else PlanReport()
            layout = VideoSceneLayout(
                frame_count=truth.frame_count, duration_s=clip.analysis.clip.duration_s
            )
        spent[0] += report.tokens_in
        spent[1] += report.tokens_out
        still = all(
            motion_category(track, truth.frame_count).startswith("stationary")
            for track in truth.objects
        )
        values = [100 * mean_over_frames(metric, layout, truth) for metric in METRICS.values()]
        scores[still].append(values)
    return Row(
        condition,
        stationary=_means(scores[True]),
        translational=_means(scores[False]),
        planned=len(clips) - failed,
        failed=failed,
        tokens=(spent[0], spent[1]),
    )


def _means(scores: list[list[float]]) -> dict[str, float]:
    if not scores:
        return {}
    return dict(zip(METRICS, np.mean(scores, axis=0).round(2).tolist(), strict=True))


def table(rows: list[Row]) -> str:
    """The paper's shape: stationary and translational scenes side by side."""
    head = ["", *(f"{m} (stat.)" for m in METRICS), *(f"{m} (transl.)" for m in METRICS)]
    lines = [[*head, "planned", "failed", "tokens in/out"]]
    for row in rows:
        cells = [
            f"{part[metric]:.2f}" if part else "-"
            for part in (row.stationary, row.translational)
            for metric in METRICS
        ]
        told = [str(row.planned), str(row.failed), "{}/{}".format(*row.tokens)]
        lines.append([row.name, *cells, *told])
    return "\n".join(aligned(lines, str.rjust))
