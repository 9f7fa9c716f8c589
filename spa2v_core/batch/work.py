"""The two things that are done with a row, as callables that any runner takes.

Each holds nothing but settings: the tagger and the model that it needs are kept by the process in
which it runs, so a process that stays keeps them warm.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import pipeline
from ..audio.network import use_threads
from ..audio.span import Span
from ..audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from ..errors import InputError, Spa2vError
from ..generation.base import RenderRequest
from ..generation.conditioning import CaptionMode
from ..layout import VideoSceneLayout
from ..layout import io as layout_io
from ..planning.registry import options_for
from ..storage import Folder, split
from .rows import Row

LAYOUT, VIDEO, BOXES, POSTER = ".layout.json", ".mp4", ".boxes.mp4", ".jpg"


@dataclass(frozen=True)
class Settings:
    """What is the same for all rows.

    Attributes
    ----------
    out
        folder or URL.
    render
        whether videos are made too.
    planner_options, render_options
        name -> value, those that were given.
    threads
        of each process, 0 for as many as there are cores.
    """

    out: str
    render: bool = True
    tagger: str = DEFAULT_TAGGER
    width: float = 1.0
    swap_channels: bool = False
    captions: CaptionMode = "mix"
    grounding: str = "default"
    planner_options: dict[str, Any] = field(default_factory=dict)
    render_options: dict[str, Any] = field(default_factory=dict)
    threads: int = 1

    def described(self) -> dict[str, Any]:
        """What decides the files that are made, as JSON values."""
        made = {k: v for k, v in asdict(self).items() if k not in ("out", "threads", "render")}
        for name in ("planner_options", "render_options"):
            made[name] = {k: str(v) if isinstance(v, Path) else v for k, v in made[name].items()}
        return made


@dataclass(frozen=True)
class Outcome:
    """What became of a row: a line of the report.

    Attributes
    ----------
    status
        "planned" (a render follows), "done" or "failed".
    stage
        where it failed.
    error
        one line.
    found
        stages whose files were there before.
    planned
        names in the layout.
    seconds
        wall time per stage.
    memory_mb
        the most that its process held until then.
    """

    row: Row
    status: str = "planned"
    stage: str = ""
    error: str = ""
    found: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    memory_mb: int = 0

    def to_dict(self) -> dict[str, Any]:
        row = {k: v for k, v in self.row.to_dict().items() if k != "problem"}
        return row | {
            "status": self.status,
            "stage": self.stage,
            "error": self.error,
            "found": list(self.found),
            "planned": list(self.planned),
            "seconds": self.seconds,
            "memory_mb": self.memory_mb,
        }


def outputs(name: str, render: bool) -> tuple[str, ...]:
    """Files of a row that is done."""
    made = (LAYOUT, POSTER, BOXES, VIDEO) if render else (LAYOUT,)
    return tuple(f"{name}{suffix}" for suffix in made)


class PlanRow:
    """Row -> Outcome: its layout is in the output folder, or why it is not."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.out = Folder(settings.out)
        use_threads(settings.threads)

    def __call__(self, row: Row) -> Outcome:
        outcome = Outcome(row, status="planned" if self.settings.render else "done")
        if row.problem:
            return replace(outcome, status="failed", stage="read", error=row.problem)
        return _tried(outcome, "plan", self._plan)

    def _plan(self, outcome: Outcome) -> Outcome:
        row, settings = outcome.row, self.settings
        name = f"{row.name}{LAYOUT}"
        if self.out.exists(name):
            with self.out.reading(name) as path:
                layout = layout_io.read(path)
            found = (*outcome.found, "plan")
            return replace(outcome, planned=_names(layout), found=found)
        given = options_for(row.planner, settings.planner_options)
        with _clip(row.clip) as path:
            analysis = pipeline.analyse(
                _span(row, path, settings),
                width=settings.width,
                objects=row.objects or None,
                tagger=settings.tagger,
            )
        made = pipeline.plan(
            analysis,
            planner=row.planner,
            seed=row.seed,
            options=given,
            embedding=pipeline.embedding(analysis.clip, settings.tagger),
        )
        self.out.write_text(name, layout_io.dumps(made.layout) + "\n")
        return replace(outcome, planned=_names(made.layout))


class RenderRow:
    """Outcome of a plan -> Outcome: the video is in the output folder, or why it is not."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.out = Folder(settings.out)
        use_threads(settings.threads)
        _limit_torch(settings.threads)

    def __call__(self, outcome: Outcome) -> Outcome:
        if outcome.status != "planned":
            return outcome
        return _tried(outcome, "render", self._render)

    def _render(self, outcome: Outcome) -> Outcome:
        row, settings = outcome.row, self.settings
        layout_name, *made = outputs(row.name, True)
        if all(self.out.exists(name) for name in made):
            return replace(outcome, status="done", found=(*outcome.found, "render"))
        with self.out.reading(layout_name) as path:
            layout = layout_io.read(path)
        with _clip(row.clip) as path:
            clip = _span(row, path, settings).read().clip
        request = RenderRequest(
            layout=layout,
            clip=clip,
            backend=row.backend,
            preset=row.preset,
            seed=row.seed,
            captions=settings.captions,
            grounding=settings.grounding,
            options=settings.render_options,
        )
        with self.out.writing(*made) as (poster, boxes, video):
            rendered = None
            for event in pipeline.render(request, video):
                if isinstance(event, pipeline.Rendered):
                    rendered = event
            if rendered is None:
                raise RuntimeError(f"{row.backend} ended without a video")
            rendered.poster_path.replace(poster)
            rendered.boxes_path.replace(boxes)
        return replace(outcome, status="done")


def both(settings: Settings) -> Callable[[Row], Outcome]:
    """One callable for a row from its clip to its last file."""
    plan = PlanRow(settings)
    if not settings.render:
        return plan
    render = RenderRow(settings)
    return lambda row: render(plan(row))


def _tried(outcome: Outcome, stage: str, work: Callable[[Outcome], Outcome]) -> Outcome:
    """What `work` makes of it, or a failed outcome with one line."""
    start = time.monotonic()
    try:
        outcome = work(outcome)
    except Spa2vError as error:
        outcome = replace(outcome, status="failed", stage=stage, error=_line(str(error)))
    except OSError as error:
        text = f"{error.strerror or error}: {error.filename or outcome.row.clip}"
        outcome = replace(outcome, status="failed", stage=stage, error=_line(text))
    except Exception as error:  # noqa: BLE001 (a fault of one row must not end thousands of others)
        text = f"unexpected {type(error).__name__}: {error}"
        outcome = replace(outcome, status="failed", stage=stage, error=_line(text))
    seconds = outcome.seconds | {stage: round(time.monotonic() - start, 3)}
    return replace(outcome, seconds=seconds, memory_mb=_peak_mb())


def _span(row: Row, path: Path, settings: Settings) -> Span:
    return Span(path, row.start_s, row.duration_s, settings.swap_channels, row.channels)


def _line(text: str) -> str:
    return " ".join(text.split())[:300]


def _names(layout: VideoSceneLayout) -> tuple[str, ...]:
    return tuple(track.name for track in layout.objects)


@contextmanager
def _clip(url: str) -> Iterator[Path]:
    folder, name = split(url)
    if not name:
        raise InputError(f"{url} is not a file")
    with folder.reading(name) as path:
        yield path


def _peak_mb() -> int:
    """Most main memory that this process has used; 0 where it can't be said (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def _limit_torch(threads: int) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)
