"""The wan backend: Wan 2.1 / 2.2 text-to-video, grounded without training.

Two things place the objects. The first share of the steps runs with box-masked cross-attention
(`grounding/wan_boxes.py`), and a draft video of the layout is noised and denoised instead of pure
noise (`draft.py`). Both run on stock pipelines of diffusers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ... import hub
from ...layout import VideoSceneLayout
from .. import hardware
from ..base import Frames, Progress, RenderEvent, RenderRequest
from ..catalog import settle
from ..conditioning import CaptionMode, frame_conditions
from ..draft import Draft, fit_draft, paint_draft
from ..grounding.wan_boxes import FRAMES_PER_LATENT, GroundedPrompt, ground_prompt
from ..schedule import WanSchedule
from ..worker import iterate
from .composing import Emit, memory_errors, step_reporter, tell
from .kept import LAST
from .wan_model import NEGATIVE, check_parts, load_wan

PREVIEW_EVERY = 5
#: Decoding all frames takes about as long as this many steps.
DECODING_STEPS = 2.0
_RENDERING = threading.Lock()


class WanBackend:
    """Up to five seconds at the model's own size and rate; one render at a time.

    Attributes
    ----------
    draft: makes the draft video of a request.
    """

    name = "wan"

    def __init__(self, draft: Draft = paint_draft) -> None:
        self.draft = draft

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        preset, kinds = settle(request)
        schedule = cast(WanSchedule, preset.schedule)
        folder = request.options.weights or hub.locate("wan")
        check_parts(folder)

        def work(emit: Emit) -> None:
            with _RENDERING, memory_errors("choose the preset draft, or fewer frames"):
                _render(request, schedule, kinds, folder, self.draft, emit)

        return iterate(work)


def _render(
    request: RenderRequest,
    schedule: WanSchedule,
    kinds: tuple[str, ...],
    folder: Path,
    make_draft: Draft,
    emit: Emit,
) -> None:
    layout, options = request.layout, request.options
    emit(Progress("load", 0, 1))
    device = hardware.cuda_or_cpu()
    model = LAST.get((folder, device), lambda: load_wan(folder, device))
    emit(Progress("load", 1, 1))
    most = options.frames or model.native.frames
    count = frame_count(layout.duration_s, model.native.rate, most)
    prompt = prompt_for(layout, request.captions, model.pipeline.tokenizer, bool(kinds))
    tell(notices(layout, request.captions, prompt, count, model.native.rate), emit)
    size = schedule.size_wh or model.native.size_wh
    drafted = "draft" in kinds and layout.objects and schedule.strength < 1
    draft = fit_draft(make_draft(request), count, size) if drafted else None
    latents = model.denoise(
        prompt,
        frame_conditions(layout, count, request.captions),
        schedule if "boxes" in kinds else replace(schedule, grounding_share=0.0),
        seed=request.seed,
        size=size,
        draft=draft,
        negative_prompt=options.negative_prompt_or(NEGATIVE),
        on_step=step_reporter(
            emit, schedule.steps, PREVIEW_EVERY, count // FRAMES_PER_LATENT // 2, DECODING_STEPS
        ),
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
