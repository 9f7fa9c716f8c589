"""One render with a composed model: what the mini and the AnimateDiff backends share."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..base import Frames, Notice, Preview, Progress, RenderEvent, RenderRequest
from ..catalog import Preset
from ..composed import DECODE_CHUNK, ComposedModel
from ..conditioning import FrameConditions

PREVIEW_EVERY = 3
#: Decoding 16 frames takes about as long as this many steps.
_DECODING_STEPS = 1.6

Emit = Callable[[RenderEvent], None]


def compose(
    request: RenderRequest,
    preset: Preset,
    kinds: tuple[str, ...],
    conditions: FrameConditions,
    model: ComposedModel,
    size_wh: tuple[int, int],
    emit: Emit,
    *,
    negative_prompt: str = "",
    decode_chunk: int = DECODE_CHUNK,
) -> None:
    """Denoise and decode, telling `emit` of every step (which may raise to stop)."""
    schedule = preset.schedule
    middle = len(conditions.frame_texts) // 2
    started = time.monotonic()

    def on_step(done: int, decode: Callable[[int], np.ndarray]) -> None:
        per_step = (time.monotonic() - started) / done
        left = per_step * (schedule.steps - done + _DECODING_STEPS)
        emit(Progress("denoise", done, schedule.steps, left))
        if done % PREVIEW_EVERY == 0 and done < schedule.steps:
            emit(Preview(done, decode(middle)))

    latents = model.denoise(
        conditions,
        schedule,
        seed=request.seed,
        size=size_wh,
        kinds=kinds,
        negative_prompt=negative_prompt,
        on_step=on_step,
    )
    emit(Progress("decode", 0, 1))
    frames = model.decode(latents, decode_chunk)
    emit(Progress("decode", 1, 1))
    emit(Frames(frames))


def tell(notes: list[str], emit: Emit) -> None:
    """Each different note once."""
    for note in dict.fromkeys(filter(None, notes)):
        emit(Notice(note))
