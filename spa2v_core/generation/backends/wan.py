"""The wan backend: Wan 2.1 / 2.2 text-to-video, grounded without training.

Two things place the objects. The first share of the steps runs with box-masked cross-attention
(`grounding/wan_boxes.py`), and a draft video of the layout is noised and denoised instead of pure
noise (`draft.py`). Both run on stock pipelines of diffusers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...errors import BackendError, InputError
from ...layout import VideoSceneLayout
from ..base import Frames, Notice, Preview, Progress, RenderEvent, RenderRequest
from ..conditioning import CaptionMode, frame_conditions
from ..draft import Draft, fit_draft, paint_draft
from ..grounding.wan_boxes import FRAMES_PER_LATENT, GroundedPrompt, ground_prompt
from ..worker import iterate
from .wan_model import WanSchedule, check_parts, load_wan

PREVIEW_EVERY = 5
#: What can be grounded by; "default" is all of them.
KINDS = ("boxes", "draft")
_RENDERING = threading.Lock()
PRESETS = {
    "draft": WanSchedule(15, 5.0, guidance_share=0.6, grounding_share=0.4, size_wh=(512, 320)),
    "fast": WanSchedule(20, 5.0, guidance_share=0.5, grounding_share=0.4),
    "default": WanSchedule(30, 5.0, guidance_share=0.8, grounding_share=0.4),
    "quality": WanSchedule(50, 5.0, grounding_share=0.4),
}


class WanBackend:
    """Up to five seconds at the model's own size and rate; one render at a time.

    Attributes
    ----------
    folder: weights, where a request gives none (`load_wan`).
    draft: makes the draft video of a request.
    max_frames: most frames of a render, None for what the model was trained at.
    """

    name = "wan"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        draft: Draft = paint_draft,
        max_frames: int | None = None,
    ) -> None:
        self.folder, self.draft, self.max_frames = folder, draft, max_frames

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settings = settings_for(request, self.folder)
        check_parts(settings.folder)

        def work(emit: Callable[[RenderEvent], None]) -> None:
            with _RENDERING:
                try:
                    _render(request, settings, self.draft, self.max_frames, emit)
                except torch.OutOfMemoryError as error:
                    raise BackendError(
                        "the GPU's memory is too small for this video: choose the preset 'draft' "
                        "or a shorter span"
                    ) from error

        return iterate(work)


@dataclass(frozen=True)
class Settings:
    """What a request asks of this backend."""

    folder: Path
    schedule: WanSchedule
    kinds: frozenset[str]


def settings_for(request: RenderRequest, folder: Path | None = None) -> Settings:
    """The only place that reads a request's options."""
    if request.preset not in PRESETS:
        raise InputError(f"there is no preset '{request.preset}': choose {', '.join(PRESETS)}")
    weights = request.weights or folder
    if weights is None:
        raise BackendError(
            "wan needs weights: give the folder of a download of "
            "Wan-AI/Wan2.1-T2V-1.3B-Diffusers (--weights DIR)"
        )
    schedule, kinds = PRESETS[request.preset], _kinds(request.grounding)
    return Settings(
        weights,
        replace(
            schedule,
            steps=schedule.steps if request.steps is None else request.steps,
            grounding_share=schedule.grounding_share if "boxes" in kinds else 0.0,
        ),
        kinds,
    )


def _kinds(grounding: bool | str) -> frozenset[str]:
    """Kinds of grounding: "default" or True is all, "none" or False none, else "boxes,draft"."""
    named = {True: ",".join(KINDS), "default": ",".join(KINDS), False: "", "none": ""}
    asked = str(named.get(grounding, grounding))
    kinds = frozenset(filter(None, asked.replace(" ", "").split(",")))
    if kinds - set(KINDS):
        raise InputError(
            f"wan can't be grounded by '{grounding}': choose default, none or {', '.join(KINDS)}"
        )
    return kinds


def _render(
    request: RenderRequest,
    settings: Settings,
    make_draft: Draft,
    max_frames: int | None,
    emit: Callable[[RenderEvent], None],
) -> None:
    layout, schedule = request.layout, settings.schedule
    emit(Progress("load", 0, 1))
    model = load_wan(settings.folder, default_device())
    emit(Progress("load", 1, 1))
    count = frame_count(layout.duration_s, model.native.rate, max_frames or model.native.frames)
    prompt = prompt_for(layout, request.captions, model.pipeline.tokenizer, bool(settings.kinds))
    for text in notices(layout, request.captions, prompt, count, model.native.rate):
        emit(Notice(text))
    size = schedule.size_wh or model.native.size_wh
    drafted = "draft" in settings.kinds and layout.objects and schedule.strength < 1
    draft = fit_draft(make_draft(request), count, size) if drafted else None
    started = time.monotonic()

    def on_step(done: int, decode: Callable[[int], np.ndarray]) -> None:
        per_step = (time.monotonic() - started) / done
        decoding = 2 * per_step  # decoding all frames costs about as much as two steps
        emit(
            Progress("denoise", done, schedule.steps, per_step * (schedule.steps - done) + decoding)
        )
        if done % PREVIEW_EVERY == 0 and done < schedule.steps:
            emit(Preview(done, decode(count // FRAMES_PER_LATENT // 2)))

    latents = model.denoise(
        prompt,
        frame_conditions(layout, count, request.captions),
        schedule,
        seed=request.seed,
        size=size,
        draft=draft,
        on_step=on_step,
    )
    emit(Progress("decode", 0, 1))
    frames = model.decode(latents)
    emit(Progress("decode", 1, 1))
    emit(Frames(frames))


def frame_count(duration_s: float, rate: int, most: int) -> int:
    """Frames for a clip, 4k + 1 with k >= 1 as Wan's VAE needs, nearest to its rate, capped."""
    wanted = round((duration_s * rate - 1) / FRAMES_PER_LATENT)
    capped = min(wanted, (most - 1) // FRAMES_PER_LATENT)
    return FRAMES_PER_LATENT * max(1, capped) + 1


def prompt_for(
    layout: VideoSceneLayout, captions: CaptionMode, tokenizer: Any, naming: bool
) -> GroundedPrompt:
    """The one prompt of the video, which names all objects if `naming`, else is the captions.

    `mix` is the caption followed by the distinct frame captions in their order, `global` the
    caption, `frame` the frame captions (without any, the caption).
    """
    of_frames = list(dict.fromkeys(filter(None, layout.frame_captions)))
    caption = "" if captions == "frame" and of_frames else layout.caption
    objects = [(track.phrase, track.name) for track in layout.objects] if naming else []
    return ground_prompt(caption, [] if captions == "global" else of_frames, objects, tokenizer)


def notices(
    layout: VideoSceneLayout,
    captions: CaptionMode,
    prompt: GroundedPrompt,
    count: int,
    rate: int,
) -> Iterator[str]:
    """What the user should know of a render of `count` frames."""
    if default_device() == "cpu":
        yield "no GPU was found: Wan takes hours on a CPU"
    if count < 0.9 * layout.duration_s * rate:
        yield (
            f"Wan makes at most {count} frames, spread over {layout.duration_s:.1f} s: "
            f"{count / layout.duration_s:.1f} frames a second; a shorter span moves more evenly"
        )
    written = len(set(filter(None, layout.frame_captions))) if captions != "global" else 0
    if prompt.frame_captions < written:
        yield (
            f"Wan reads one prompt for the video: {prompt.frame_captions} of {written} frame "
            "captions fit into it"
        )
    lost = [
        track.phrase
        for track, words in zip(layout.objects, prompt.words, strict=False)
        if not words.any()
    ]
    if lost:
        yield f"the caption is too long: {', '.join(lost)} can't be placed by attention"


def default_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
