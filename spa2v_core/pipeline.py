"""Analyse -> plan -> render: the one path that the command line, the app and the API take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import __version__
from .audio.clip import AudioClip
from .audio.cues import SpatialCues, measure
from .audio.hearing import Heard, hear
from .audio.reading.choices import MENDED
from .audio.span import Span
from .audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from .audio.taggers.registry import get_tagger
from .files import atomic
from .generation import budget
from .generation.base import (
    Frames,
    Notice,
    Preview,
    Progress,
    RenderEvent,
    RenderRequest,
)
from .generation.registry import BACKENDS, Settled, settle
from .layout import VideoSceneLayout
from .options import options_of
from .planning.base import Plan, PlanRequest, parse_objects
from .planning.caption_planner import place_mentioned
from .planning.registry import DEFAULT as DEFAULT_PLANNER
from .planning.registry import planner_spec

__all__ = ["Analysis", "Notice", "Preview", "Progress", "Rendered", "analyse", "plan", "render"]


@dataclass(frozen=True)
class Analysis:
    """A span of a recording and what was measured in it.

    Attributes
    ----------
    clip
        the span.
    cues
        of the span.
    heard
        its sources and what they may be.
    objects
        what the user named.
    start_s
        where it starts in the recording.
    note
        how the span was chosen ("" if by the user).
    """

    clip: AudioClip
    cues: SpatialCues
    heard: tuple[Heard, ...]
    objects: tuple[str, ...]
    start_s: float
    note: str


@dataclass(frozen=True)
class Rendered:
    """The finished video.

    Attributes
    ----------
    path
        the mp4.
    boxes_path
        the same with the boxes drawn over it.
    poster_path
        its middle frame.
    seconds
        wall time per stage ("load", "denoise", "decode", "smooth", "export").
    """

    path: Path
    boxes_path: Path
    poster_path: Path
    seconds: dict[str, float]


def analyse(
    span: Span | Path,
    *,
    width: float = 1.0,
    objects: str | None = None,
    tagger: str = DEFAULT_TAGGER,
    localise: bool = True,
) -> Analysis:
    """Read a span (of a path alone: all, or the loudest 10 s), measure and listen.

    width: factor by which positions are spread from the middle.
    objects: comma-separated names of what the user hears, which say how many sources to find.
    localise: ask the learned localiser; without it the rules alone tell sources apart.

    Raises
    ------
    InputError
        the recording can't be used, or there is no such tagger.
    """
    span = span if isinstance(span, Span) else Span(span)
    excerpt = span.read()
    cues = measure(excerpt.clip, mend=span.channels in MENDED, width=width)
    names = parse_objects(objects)
    heard = hear(cues, get_tagger(tagger), len(names) or None, localise)
    return Analysis(excerpt.clip, cues, heard, names, excerpt.start_s, excerpt.note)


def embedding(clip: AudioClip, tagger: str) -> tuple[float, ...]:
    """What CLAP makes of a clip, () if another tagger listens: examples are found by it too."""
    listens = get_tagger(tagger)
    embed = getattr(listens, "embed", None)
    return tuple(embed(clip.samples.mean(0), clip.rate).tolist()) if embed else ()


def plan(
    analysis: Analysis,
    *,
    planner: str = DEFAULT_PLANNER,
    seed: int = 0,
    options: Any = None,
    current: VideoSceneLayout | None = None,
    change: str = "",
    embedding: tuple[float, ...] = (),
) -> Plan:
    """A layout for the span, with what passed between us and a model if one was asked.

    options: of the planner's own kind (`planning.registry.options_for`), None for its defaults.
    current, change: by a model: change the current layout in words.
    embedding: of the clip by CLAP (`embedding`), to find examples by.
    """
    spec = planner_spec(planner)
    request = PlanRequest(
        analysis.clip,
        analysis.cues,
        analysis.heard,
        analysis.objects,
        seed,
        spec.options() if options is None else options,
        current,
        change,
        embedding,
    )
    return spec.make().plan(request)


def frames(request: RenderRequest) -> Iterator[RenderEvent]:
    """What the request's backend makes, in this process."""
    yield from BACKENDS.get(request.backend).make().render(request)


def render(
    request: RenderRequest,
    out: Path,
    make: Callable[[RenderRequest], Iterator[RenderEvent]] = frames,
) -> Iterator[RenderEvent | Rendered]:
    """Render and write `out`, the same with the boxes over it (".boxes" before the suffix) and a
    poster (".jpg"); the last event is `Rendered`. Closing the iterator cancels within one step and
    writes nothing. make: where the frames come from."""
    settled = settle(request)
    budget.check(request, settled)
    preset = settled.preset
    if settled.kinds:
        layout, placed = place_mentioned(request.layout)
        request = replace(request, layout=layout)
        if placed:
            yield Notice(placed)
    clock = _Clock()
    made = None
    backend = make(request)
    try:
        for event in backend:
            if isinstance(event, Progress):
                clock.note(event.stage)
            if isinstance(event, Frames):
                made = event.frames
            else:
                yield event
    finally:
        backend.close()  # type: ignore[attr-defined]
    if made is None:
        raise RuntimeError(f"backend {request.backend} ended without frames")
    for event in _smoothed(made, request, preset.fps):
        if isinstance(event, Frames):
            video = event.frames
        else:
            yield event
    if settled.spec.finish is not None:
        video = settled.spec.finish(video, request)
    clock.note("smooth")
    yield Progress("export", 0, 1)
    settings = describe(request, settled, len(made))
    fps = preset.fps if len(video) > len(made) else len(video) / request.clip.duration_s
    boxes, still = _export(out, video, request, fps, settings)
    clock.note("export")
    yield Rendered(out, boxes, still, clock.seconds())


def _export(
    out: Path, video: np.ndarray, request: RenderRequest, fps: float, settings: dict[str, Any]
) -> tuple[Path, Path]:
    """Write `out`, and beside it the video with its boxes and a poster, whose paths are returned:
    all three of one render, or none."""
    from .generation.export import draw_boxes, encode_video, poster

    paths = out.with_suffix(".jpg"), out.with_suffix(f".boxes{out.suffix}"), out
    with ExitStack() as written:
        still, boxes, plain = (written.enter_context(atomic(path)) for path in paths)
        for pictures, part in ((video, plain), (draw_boxes(video, request.layout), boxes)):
            encode_video(pictures, request.clip, part, request.layout, fps=fps, settings=settings)
        still.write_bytes(poster(video))
    return paths[1], paths[0]


def _smoothed(frames: np.ndarray, request: RenderRequest, fps: float) -> Iterator[RenderEvent]:
    """Progress while frames are added between the generated ones, then the `Frames`."""
    from .generation.frames import smooth

    count = round(fps * request.clip.duration_s)
    if count <= len(frames):
        yield Frames(frames)
        return
    made = np.empty((count, *frames.shape[1:]), np.uint8)  # a list, stacked, takes twice as much
    for index, frame in enumerate(smooth(frames, request.layout, count)):
        made[index] = frame
        if index % 12 == 0:
            yield Progress("smooth", index + 1, count)
    yield Frames(made)


def describe(request: RenderRequest, settled: Settled, frames: int) -> dict[str, Any]:
    """What is needed to render it again, for the video's metadata: only what was used."""
    used = {
        one.name: getattr(settled.options, one.name)
        for one in options_of(settled.spec.options)
        if not one.secret
    }
    return {
        "version": __version__,
        "backend": request.backend,
        "preset": request.preset,
        "seed": request.seed,
        "captions": request.captions,
        "grounding": "+".join(settled.kinds) or "none",
        **{name: _plain(value) for name, value in used.items() if value},
        "frames": frames,
        "fps": settled.preset.fps,
        **asdict(settled.preset.schedule),
    }


def _plain(value: Any) -> Any:
    """A path by its last name only: where it lies is nobody's business."""
    return value.name if isinstance(value, Path) else value


class _Clock:
    """Wall seconds per stage: the time before a note belongs to the stage that it names."""

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.spent: dict[str, float] = {}

    def note(self, stage: str) -> None:
        now = time.monotonic()
        self.spent[stage] = self.spent.get(stage, 0.0) + now - self.last
        self.last = now

    def seconds(self) -> dict[str, float]:
        return {stage: round(value, 3) for stage, value in self.spent.items()}
