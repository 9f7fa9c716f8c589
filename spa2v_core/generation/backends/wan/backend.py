"""The wan backend: Wan 2.1 / 2.2 text-to-video, grounded without training.

Two things place the objects. The first share of the steps runs with box-masked cross-attention
(`grounding/wan_boxes.py`), and a draft video of the layout is noised and denoised instead of pure
noise (`draft.py`). Both run on stock pipelines of diffusers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from .... import hub
from ....layout import VideoSceneLayout
from ... import hardware
from ...base import Frames, Progress, RenderEvent, RenderRequest
from ...cache import MODELS
from ...conditioning import CaptionMode, frame_conditions
from ...controls.drafts import Draft, fit_draft, paint_draft
from ...grounding.wan_boxes import FRAMES_PER_LATENT, GroundedPrompt, ground_prompt
from ...registry import Settled, settle
from ...rendering import Emit, memory_errors, step_reporter, tell
from ...schedule import WanSchedule
from ...worker import iterate
from .model import NEGATIVE, WanModel, check_parts, load_wan

PREVIEW_EVERY = 5
#: Decoding all frames takes about as long as this many steps.
DECODING_STEPS = 2.0


class WanBackend:
    """Up to five seconds at the model's own size and rate; one render at a time.

    Attributes
    ----------
    draft
        makes the draft video of a request.
    """

    def __init__(self, draft: Draft = paint_draft) -> None:
        self.draft = draft

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settled = settle(request)
        folder = settled.options.weights or hub.locate("wan")
        check_parts(folder)

        def work(emit: Emit) -> None:
            with memory_errors("choose the preset draft, or fewer frames"):
                _render(request, settled, folder, self.draft, emit)

        return iterate(work)


def _render(
    request: RenderRequest, settled: Settled, folder: Path, make_draft: Draft, emit: Emit
) -> None:
    schedule = cast(WanSchedule, settled.preset.schedule)
    emit(Progress("load", 0, 1))
    device = hardware.cuda_or_cpu()
    drafted = "draft" in settled.kinds and request.layout.objects and schedule.strength < 1
    draft = make_draft(request) if drafted else None  # before the model, which it may be made with
    with MODELS.using((folder, device), lambda: load_wan(folder, device)) as model:
        emit(Progress("load", 1, 1))
        emit(Frames(_denoised(request, settled, schedule, model, draft, emit)))


def _denoised(
    request: RenderRequest,
    settled: Settled,
    schedule: WanSchedule,
    model: WanModel,
    draft: np.ndarray | None,
    emit: Emit,
) -> np.ndarray:
    """(F, H, W, 3) uint8 RGB."""
    layout, native, kinds = request.layout, model.native, settled.kinds
    count = frame_count(layout.duration_s, native.rate, most_frames(settled, native.frames))
    prompt = prompt_for(layout, request.captions, model.pipeline.tokenizer, bool(kinds))
    tell(notices(layout, request.captions, prompt, count, native.rate), emit)
    size = schedule.size_wh or native.size_wh
    latents = model.denoise(
        prompt,
        frame_conditions(layout, count, request.captions),
        schedule if "boxes" in kinds else replace(schedule, grounding_share=0.0),
        seed=request.seed,
        size=size,
        draft=None if draft is None else fit_draft(draft, count, size),
        negative_prompt=settled.options.negative_prompt or NEGATIVE,
        on_step=step_reporter(
            emit, schedule.steps, PREVIEW_EVERY, count // FRAMES_PER_LATENT // 2, DECODING_STEPS
        ),
    )
    emit(Progress("decode", 0, 1))
    frames = model.decode(latents)
    emit(Progress("decode", 1, 1))
    return frames


def most_frames(settled: Settled, native: int) -> int:
    """As many as the user says, else the preset's within what the model was trained with."""
    return settled.options.frames or min(settled.preset.frames, native)


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
    if hardware.cuda_or_cpu() == "cpu":
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
