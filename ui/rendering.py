"""What rendering does in the app: a request from the page, progress, the session's takes."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np

from spa2v_core import pipeline
from spa2v_core.errors import InputError, Spa2vError
from spa2v_core.generation.base import MAX_SEED, RenderRequest
from spa2v_core.layout import io as layout_io
from spa2v_core.layout.picture import SIZE_WH

from .handlers import span_of, status
from .settings import Settings
from .stops import Stops
from .toasts import toasting

TAKES_KEPT = 12
#: Values before the settings in what `render` is given.
_FIXED = 7
_RENDERS = Stops()


@dataclass
class Take:
    """One rendered video of a session."""

    video: str
    boxes: str
    layout: str
    poster: str


@dataclass
class Takes:
    """A session's videos, the newest last, and the one that is shown."""

    all: list[Take] = field(default_factory=list)
    shown: int = -1

    def gallery(self) -> list[tuple[str, str]]:
        return [(take.poster, f"Take {i + 1}") for i, take in enumerate(self.all)]


@toasting
def render_api(
    layout: Any,
    audio: str | None,
    backend: str,
    preset: str,
    seed: float,
    channels: str = "auto",
) -> Iterator[str]:
    """`/render`: the video of a layout with its clip; `channels`: what they are."""
    clip, *_ = pipeline.load_span(**span_of(audio, None, None, channels))
    settings = Settings(backend=backend, preset=preset, seed=seed)
    request = settings.request(layout_io.from_dict(layout), clip)
    folder = _folder()
    try:
        for event in pipeline.render(request, folder / "video.mp4"):
            if isinstance(event, pipeline.Rendered):
                yield str(event.path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # Gradio has its copy by now


def warm_up() -> None:
    """Load the mini model behind the page, once, so that the first render starts at once."""

    def load() -> None:
        from spa2v_core.generation.backends.mini import backend as mini

        with suppress(Spa2vError):  # a render will say it
            mini.warm_up()

    threading.Thread(target=load, daemon=True).start()


#: Share of a render's time before and after denoising, for the bar.
_LOADING, _DENOISING = 0.06, 0.8


def _shown(event: pipeline.Progress) -> dict[str, Any]:
    share = event.done / event.total
    if event.stage == "load":
        return status(_LOADING * share, 1, "Loading the model")
    if event.stage == "denoise":
        left = f", about {event.remaining_s:.0f} s left" if event.remaining_s is not None else ""
        return status(_LOADING + _DENOISING * share, 1, f"Step {event.done} of {event.total}{left}")
    if event.stage == "decode":
        return status(_LOADING + _DENOISING, 1, "Decoding the frames")
    if event.stage == "smooth":
        return status(0.88 + 0.06 * share, 1, "Adding frames between")
    return status(0.95, 1, "Adding the sound")


@toasting
def render(session: gr.Request, *given: Any) -> Iterator[tuple[Any, ...]]:
    """The Render button: (progress, preview, note, cancel, video, gallery, takes, files).

    given: layout, audio, start, duration, channels, with_boxes, takes and the settings.
    """
    layout, audio, start, duration, channels, with_boxes, takes = given[:_FIXED]
    if layout is None or not (layout.objects or layout.caption.strip()):
        raise InputError("there is nothing to draw: plan first, add an object or write a caption")
    clip, *_ = pipeline.load_span(**span_of(audio, start, duration, channels))
    request = Settings.read(given[_FIXED:]).request(layout, clip)
    notes: list[str] = []
    bar = status(0, 1, "Starting")
    yield _update(bar, note="", cancel=True, takes=takes)
    folder = _folder()
    with _RENDERS.running(session) as stop:
        events = pipeline.render(request, folder / "video.mp4")
        try:
            for event in events:
                if stop.is_set():
                    break
                if isinstance(event, pipeline.Progress):
                    bar = _shown(event)
                    yield _update(bar, takes=takes)
                elif isinstance(event, pipeline.Preview):
                    yield _update(bar, picture=event.picture, takes=takes)
                elif isinstance(event, pipeline.Notice):
                    notes.append(event.text)
                    yield _update(bar, note="\n".join(notes), takes=takes)
                elif isinstance(event, pipeline.Rendered):
                    takes = _add_take(takes, event, request)
                    done = status(1, 1, f"Done in {sum(event.seconds.values()):.0f} s")
                    yield (*_update(done, cancel=False, takes=takes)[:4], *_view(takes, with_boxes))
            if stop.is_set():
                events.close()  # type: ignore[attr-defined]
                yield _update(status(0, 1, "Cancelled"), cancel=False, takes=takes)
        except Spa2vError:
            yield _update(status(0, 1, "Stopped by an error"), cancel=False, takes=takes)
            raise
        finally:
            events.close()  # type: ignore[attr-defined]
            if not (folder / "video.jpg").exists():
                shutil.rmtree(folder, ignore_errors=True)


def _update(
    bar: dict[str, Any],
    *,
    picture: np.ndarray | None = None,
    note: str | None = None,
    cancel: bool | None = None,
    takes: Takes,
) -> tuple[Any, ...]:
    """Outputs of the render event; what is not given stays as it is.

    `cancel` True is at the start (the button works, the preview waits), False at the end.
    """
    preview = gr.skip()
    if cancel is not None:
        preview = gr.update(value=None, visible=False)
    if picture is not None:
        large = cv2.resize(picture, SIZE_WH, interpolation=cv2.INTER_CUBIC)
        preview = gr.update(value=large, visible=True)
    return (
        bar,
        preview,
        gr.skip() if note is None else gr.update(value=note, visible=bool(note)),
        gr.skip() if cancel is None else gr.update(interactive=cancel),
        gr.skip(),
        gr.skip(),
        takes,
        gr.skip(),
    )


def cancel(session: gr.Request) -> Any:
    """The Cancel button: the session's render stops after its current step."""
    _RENDERS.stop(session)
    return gr.update(interactive=False)


def _add_take(takes: Takes, event: pipeline.Rendered, request: RenderRequest) -> Takes:
    layout_path = event.path.with_name("layout.json")
    layout_io.write(request.layout, layout_path)
    take = Take(str(event.path), str(event.boxes_path), str(layout_path), str(event.poster_path))
    kept = [*takes.all, take][-TAKES_KEPT:]
    forget(Takes([old for old in takes.all if old not in kept]))
    return Takes(kept, len(kept) - 1)


def forget(takes: Takes) -> None:
    """Delete the files of takes that nobody can see any more."""
    for take in takes.all:
        shutil.rmtree(Path(take.video).parent, ignore_errors=True)


def _view(takes: Takes, with_boxes: bool) -> tuple[Any, ...]:
    """(video, gallery, takes, files) of the shown take."""
    if not takes.all:
        return None, [], takes, None
    take = takes.all[takes.shown]
    video = take.boxes if with_boxes else take.video
    files = gr.update(value=[take.video, take.layout], visible=True)
    return video, gr.update(value=takes.gallery(), visible=len(takes.all) > 1), takes, files


def show_boxes(with_boxes: bool, takes: Takes) -> tuple[Any, ...]:
    """The switch for the boxes over the video."""
    return _view(takes, with_boxes)


def choose_take(with_boxes: bool, takes: Takes, event: gr.SelectData) -> tuple[Any, ...]:
    """A click on an earlier take."""
    return _view(Takes(takes.all, int(event.index)), with_boxes)


def another_seed() -> int:
    return secrets.randbelow(MAX_SEED)


def _folder() -> Path:
    """A new folder for one render's files; Gradio serves copies of what is in it."""
    return Path(tempfile.mkdtemp(prefix="spa2v-"))
