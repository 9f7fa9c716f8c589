"""One job from its row to its end, each event recorded."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import pipeline
from ..errors import Spa2vError
from ..generation.base import RenderEvent, RenderRequest
from ..layout import io as layout_io
from .job import CANCELLED, DONE, FAILED, Job
from .logs import tag
from .saved import SOUND, read_request
from .store import JobStore

log = logging.getLogger("spa2v.jobs")

VIDEO, LAYOUT, PREVIEW = "video.mp4", "layout.json", "preview.jpg"
#: Share of a render's time before and after denoising.
LOADING, DENOISING = 0.06, 0.8
TOO_MUCH_MEMORY = (
    "it needs more memory than a render may use here: fewer frames, fewer objects or a smaller span"
)

Render = Callable[[RenderRequest, Path], Iterator[RenderEvent | pipeline.Rendered]]


class MemoryExceeded(Spa2vError):  # noqa: N818 (an error by its base)
    """The job failed for want of memory; the process had better start anew."""


def perform(
    store: JobStore, job: Job, worker: str, render: Render = pipeline.render
) -> Iterator[bool]:
    """Render a claimed job and record how it goes; True after each event while it goes on.

    Closing the iterator cancels the render within a step and records nothing (it can be parked).
    Every failure becomes the job's error; MemoryExceeded is raised after it is recorded.
    """
    try:
        yield from _perform(store, job, worker, render)
    except Spa2vError as error:
        store.end(job.id, worker, FAILED, error=str(error))
        log.info("job refused", extra={"job": tag(job.id)})
    except (MemoryError, RuntimeError) as error:
        if not _for_want_of_memory(error):
            _failed(store, job, worker, error)
            return
        store.end(job.id, worker, FAILED, error=TOO_MUCH_MEMORY)
        log.warning("job out of memory", extra={"job": tag(job.id)})
        raise MemoryExceeded(TOO_MUCH_MEMORY) from error
    except Exception as error:  # noqa: BLE001 (a job's fault is its own: the next one is rendered)
        _failed(store, job, worker, error)


def _perform(store: JobStore, job: Job, worker: str, render: Render) -> Iterator[bool]:
    started = time.monotonic()
    recorder = _Recorder(store, job, worker)
    request = read_request(job.request, job.folder)
    events = render(request, job.folder / VIDEO)
    try:
        for event in events:
            if isinstance(event, pipeline.Rendered):
                layout_io.write(request.layout, job.folder / LAYOUT)
                (job.folder / SOUND).unlink()
                (job.folder / PREVIEW).unlink(missing_ok=True)
                size = sum(path.stat().st_size for path in job.folder.iterdir())
                store.end(job.id, worker, DONE, seconds=event.seconds, size=size)
                spent = round(time.monotonic() - started, 2)
                log.info("job done", extra={"job": tag(job.id), "kind": job.kind, "seconds": spent})
                return
            if not recorder.note(event):
                events.close()  # type: ignore[attr-defined]
                store.end(job.id, worker, CANCELLED)
                log.info("job cancelled", extra={"job": tag(job.id)})
                return
            yield True
    finally:
        events.close()  # type: ignore[attr-defined]
    raise RuntimeError("the render ended without a video")


class _Recorder:
    """Writes events into the job's row, and previews beside it."""

    def __init__(self, store: JobStore, job: Job, worker: str) -> None:
        self.store, self.job, self.worker = store, job, worker
        self.notes: list[str] = []
        self.previews = 0
        self.rest_s = store.rest_s(job.kind)

    def note(self, event: RenderEvent) -> bool:
        """Whether the render is to go on."""
        fields: dict[str, Any] = {}
        if isinstance(event, pipeline.Progress):
            fields = stage(event, self.rest_s)
        elif isinstance(event, pipeline.Preview):
            write_preview(event.picture, self.job.folder / PREVIEW)
            self.previews += 1
            fields = {"preview": self.previews}
        elif isinstance(event, pipeline.Notice):
            self.notes.append(event.text)
            fields = {"notes": self.notes}
        return self.store.progress(self.job.id, self.worker, **fields)


def stage(event: pipeline.Progress, rest_s: float) -> dict[str, Any]:
    """{done: share of the whole, text, remaining_s} of an event; rest_s: seconds of what comes
    beside denoising, so that the time left is rather too long than too short."""
    share = event.done / event.total
    if event.stage == "load":
        done, text = LOADING * share, "Loading the model"
    elif event.stage == "denoise":
        done, text = LOADING + DENOISING * share, f"Step {event.done} of {event.total}"
    elif event.stage == "decode":
        done, text = LOADING + DENOISING, "Decoding the frames"
    elif event.stage == "smooth":
        done, text = 0.88 + 0.06 * share, "Adding frames between"
    else:
        done, text = 0.95, "Adding the sound"
    left = None if event.remaining_s is None else event.remaining_s + rest_s
    return {"done": done, "text": text, "remaining_s": left}


def write_preview(picture: np.ndarray, path: Path) -> None:
    """(H, W, 3) uint8 RGB as a JPEG; whoever reads it sees a whole one."""
    part = path.with_name(f"part.{path.name}")
    if not cv2.imwrite(str(part), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85]):
        raise OSError(errno.EIO, "the preview could not be written")
    part.replace(path)


def _failed(store: JobStore, job: Job, worker: str, error: Exception) -> None:
    full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    text = (
        "the disk of this app is full: free some space and render again"
        if full
        else f"the render failed ({type(error).__name__}): the app's log says more"
    )
    store.end(job.id, worker, FAILED, error=text)
    log.error("job failed", extra={"job": tag(job.id)}, exc_info=None if full else error)


def _for_want_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "alloc" in text or "out of memory" in text
