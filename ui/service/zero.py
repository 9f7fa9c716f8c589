"""Renders on ZeroGPU: a Space whose card is lent to one call of one visitor at a time.

`spaces` runs what it decorates in a process that it forks for the call. So models are put on the
(then pretended) card here, before; what passes between is pickled; and errors, of which only
Gradio's own pass with their text, are passed as values.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from spa2v_core import hub, pipeline
from spa2v_core.errors import BackendError, Spa2vError
from spa2v_core.generation.base import RenderEvent, RenderRequest
from spa2v_core.jobs.perform import Render
from spa2v_core.jobs.saved import submission
from spa2v_core.jobs.store import JobStore

#: Seconds that are asked for where nothing like it was measured yet, at least and at most: some
#: visitors have two minutes a day.
FIRST_S, LEAST_S, MOST_S = 60, 15, 120
#: How much longer than measured a render may take.
MARGIN = 1.5
_TAKEN_AWAY = (
    "the card was not lent, or taken back: the day's quota is used up, it took too long, or it "
    "needs too much memory. Take the draft preset, or come back tomorrow"
)


@dataclass(frozen=True)
class Failed:
    """An error that a person can act on, as it comes out of the other process."""

    text: str


def lent_frames(request: RenderRequest) -> Iterator[RenderEvent | Failed]:
    """From the request to the frames: what runs with the card."""
    try:
        yield from pipeline.frames(request)
    except Spa2vError as error:
        yield Failed(str(error))


def seconds_for(store: JobStore, request: RenderRequest) -> int:
    """Seconds of the card for a request, from what was measured."""
    known = store.expected_s(submission(request))
    return FIRST_S if known is None else math.ceil(min(max(MARGIN * known, LEAST_S), MOST_S))


def renderer(
    store: JobStore, lend: Callable[..., Callable[[Callable], Callable]] | None = None
) -> Render:
    """What renders jobs inline here; `lend` is `spaces.GPU`."""
    if lend is None:
        import spaces

        lend = spaces.GPU
    lent = lend(duration=functools.partial(seconds_for, store))(lent_frames)

    def make(request: RenderRequest) -> Iterator[RenderEvent]:
        try:
            for event in lent(request):
                if isinstance(event, Failed):
                    raise BackendError(event.text)
                yield event
        except gr.Error as error:
            raise BackendError(f"{_TAKEN_AWAY} ({error.message})") from error

    def render(request: RenderRequest, out: Path) -> Iterator[RenderEvent | pipeline.Rendered]:
        return pipeline.render(request, out, make)

    return render


def place_models() -> None:
    """Load what renders first, in the main thread of the process that calls are forked from."""
    if all(hub.is_here(key) for key in ("sd15", "motion", "gligen")):
        from spa2v_core.generation.backends.animatediff.backend import warm_up
    else:
        from spa2v_core.generation.backends.mini.backend import warm_up
    warm_up()
