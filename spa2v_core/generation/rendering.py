"""What backends share in a render: steps with progress and previews, notices, lack of memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from ..errors import BackendError
from .base import Frames, Notice, Preview, Progress, RenderEvent, RenderRequest
from .cache import free_memory
from .composed import DECODE_CHUNK, ComposedModel, StepCallback
from .conditioning import FrameConditions
from .registry import Settled
from .worker import iterate

#: Steps between previews, fewer where there are few steps in all.
PREVIEW_EVERY = 3
#: Decoding 16 frames takes about as long as this many steps.
DECODING_STEPS = 1.6

Emit = Callable[[RenderEvent], None]


def render_composed(
    request: RenderRequest,
    settled: Settled,
    conditions: FrameConditions,
    model: ComposedModel,
    size_wh: tuple[int, int],
    emit: Emit,
    *,
    negative_prompt: str = "",
    decode_chunk: int = DECODE_CHUNK,
) -> None:
    """Denoise and decode, telling `emit` of every step (which may raise to stop).

    negative_prompt: where the request has none.
    """
    schedule = settled.preset.schedule
    middle = len(conditions.frame_texts) // 2
    preview_every = max(1, min(PREVIEW_EVERY, schedule.steps // 2))
    latents = model.denoise(
        conditions,
        schedule,
        seed=request.seed,
        size=size_wh,
        kinds=settled.kinds,
        negative_prompt=settled.options.negative_prompt or negative_prompt,
        on_step=step_reporter(emit, schedule.steps, preview_every, middle, DECODING_STEPS),
    )
    emit(Progress("decode", 0, 1))
    frames = model.decode(latents, decode_chunk)
    emit(Progress("decode", 1, 1))
    emit(Frames(frames))


def step_reporter(
    emit: Emit, steps: int, preview_every: int, preview_frame: int, decoding_steps: float
) -> StepCallback:
    """Emits progress with the remaining time after each step, and a preview every few."""
    started = time.monotonic()

    def on_step(done: int, decode: Callable[[int], np.ndarray]) -> None:
        per_step = (time.monotonic() - started) / done
        emit(Progress("denoise", done, steps, per_step * (steps - done + decoding_steps)))
        if done % preview_every == 0 and done < steps:
            emit(Preview(done, decode(preview_frame)))

    return on_step


@contextmanager
def memory_errors(remedy: str) -> Iterator[None]:
    """Frees the card at the end of a render, however it ends; out of memory gets its message."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise BackendError(f"the graphics card has too little memory for this: {remedy}") from error
    finally:
        free_memory()


def on_card(render: Callable[[Emit], None], remedy: str) -> Iterator[RenderEvent]:
    """What `render(emit)` emits, as it comes; `remedy` is what to do where memory runs out."""

    def work(emit: Emit) -> None:
        with memory_errors(remedy):
            render(emit)

    return iterate(work)


def tell(notes: Iterable[str], emit: Emit) -> None:
    """Each different note once."""
    for note in dict.fromkeys(filter(None, notes)):
        emit(Notice(note))
