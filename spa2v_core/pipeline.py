"""Analyse -> plan -> render: the one path that the command line, the app and the API take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .audio.cues import SpatialCues, measure
from .audio.hearing import Heard, hear
from .audio.io import AudioClip, read_audio, select_span
from .audio.tagger import get_tagger
from .generation.base import (
    Frames,
    Notice,
    Preview,
    Progress,
    RenderEvent,
    RenderRequest,
    get_backend,
)
from .layout import VideoSceneLayout
from .planning.base import ModelOptions, PlanReport, PlanRequest, get_planner, parse_objects

__all__ = ["Analysis", "Notice", "Preview", "Progress", "Rendered", "analyse", "plan", "render"]


@dataclass(frozen=True)
class Analysis:
    """A span of a recording and what was measured in it.

    Attributes
    ----------
    clip: the span; cues: of the span; heard: its sources and what they may be;
    objects: what the user named; start_s: where it starts in the recording;
    recording_s: how long the recording is; note: how the span was chosen ("" if by the user).
    """

    clip: AudioClip
    cues: SpatialCues
    heard: tuple[Heard, ...]
    objects: tuple[str, ...]
    start_s: float
    recording_s: float
    note: str


@dataclass(frozen=True)
class Rendered:
    """The finished video.

    Attributes
    ----------
    path: the mp4; boxes_path: the same with the boxes drawn over it.
    seconds: wall time per stage ("load", "denoise", "decode", "export").
    """

    path: Path
    boxes_path: Path
    seconds: dict[str, float]


def load_span(
    path: Path,
    *,
    start_s: float | None = None,
    duration_s: float | None = None,
    swap_channels: bool = False,
    channels: str = "auto",
) -> tuple[AudioClip, float, float, str]:
    """(span, its start, the recording's length, note) of a file."""
    recording = read_audio(path, channels=channels)
    clip, start, note = select_span(recording, start_s, duration_s)
    return clip.swapped() if swap_channels else clip, start, recording.duration_s, note


def analyse(
    path: Path,
    *,
    start_s: float | None = None,
    duration_s: float | None = None,
    swap_channels: bool = False,
    channels: str = "auto",
    objects: str | None = None,
    tagger: str = "mel",
) -> Analysis:
    """Read a file, take the span (default: all, or the loudest 10 s), measure and listen.

    objects: comma-separated names of what the user hears, which say how many sources to find.
    """
    clip, start, length, note = load_span(
        path,
        start_s=start_s,
        duration_s=duration_s,
        swap_channels=swap_channels,
        channels=channels,
    )
    cues = measure(clip)
    names = parse_objects(objects)
    heard = hear(clip, cues, get_tagger(tagger), len(names) or None)
    return Analysis(clip, cues, heard, names, start, length, note)


def embedding(clip: AudioClip, tagger: str) -> tuple[float, ...]:
    """What CLAP makes of a clip, () if another tagger listens: examples are found by it too."""
    listens = get_tagger(tagger)
    embed = getattr(listens, "embed", None)
    return tuple(embed(clip.samples.mean(0), clip.rate).tolist()) if embed else ()


def plan(
    analysis: Analysis,
    *,
    planner: str = "cues",
    seed: int = 0,
    options: ModelOptions | None = None,
    current: VideoSceneLayout | None = None,
    change: str = "",
    report: PlanReport | None = None,
) -> VideoSceneLayout:
    """A layout for the span; by a model: with its options, or a change of the current one in
    words. What passed is put into `report`."""
    request = PlanRequest(
        analysis.clip,
        analysis.cues,
        analysis.heard,
        analysis.objects,
        seed,
        options or ModelOptions(),
        current,
        change,
        report if report is not None else PlanReport(),
    )
    return get_planner(planner).plan(request)


def render(request: RenderRequest, out: Path) -> Iterator[RenderEvent | Rendered]:
    """Render and write `out` (and `out` with ".boxes" before its suffix); the last event is
    `Rendered`. Closing the iterator cancels within one step and writes nothing."""
    from .generation.export import draw_boxes, write_video

    seconds: dict[str, float] = {}
    last = time.monotonic()
    frames = None
    backend = get_backend(request.backend).render(request)
    try:
        for event in backend:
            if isinstance(event, Progress):
                now = time.monotonic()
                seconds[event.stage] = seconds.get(event.stage, 0.0) + now - last
                last = now
            if isinstance(event, Frames):
                frames = event.frames
            else:
                yield event
    finally:
        backend.close()  # type: ignore[attr-defined]
    if frames is None:
        raise RuntimeError(f"backend {request.backend} ended without frames")
    yield Progress("export", 0, 1)
    last = time.monotonic()
    boxes_path = out.with_suffix(f".boxes{out.suffix}")
    write_video(frames, request.clip, out, request.layout)
    write_video(draw_boxes(frames, request.layout), request.clip, boxes_path, request.layout)
    seconds["export"] = time.monotonic() - last
    yield Rendered(out, boxes_path, {stage: round(value, 3) for stage, value in seconds.items()})
