"""The backends wan (Wan 2.1 / 2.2 text-to-video) and vace (the same with a control video), grounded
without training.

What places the objects: the first share of the steps runs with box-masked cross-attention
(`grounding/wan_boxes.py`); a draft video of the layout is noised and denoised instead of pure noise
(`controls/drafts.py`), or held inside the boxes (`grounding/time_to_move.py`); VACE is shown the
layout (`control.py`). All run on stock pipelines of diffusers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from ....layout import VideoSceneLayout
from ....units import latent_frame_count
from ... import hardware
from ...base import Frames, Notice, Progress, RenderEvent, RenderRequest
from ...cache import MODELS
from ...conditioning import CaptionMode, FrameConditions, frame_conditions
from ...controls.drafts import Draft, cut_draft, fit_draft, paint_draft
from ...grounding.wan_boxes import FRAMES_PER_LATENT, GroundedPrompt, ground_prompt
from ...parts import Parts, weights_folder
from ...prompts import captions_of, motions
from ...registry import Settled, settle
from ...rendering import Emit, memory_errors, step_reporter, tell
from ...schedule import WanSchedule
from ...worker import iterate
from .control import Control, Pictures, control_of, read_pictures
from .loading import VACE, WAN, check_parts, load_wan
from .model import NEGATIVE, WanModel

PREVIEW_EVERY = 5
#: Decoding all frames takes about as long as this many steps.
DECODING_STEPS = 2.0


class WanBackend:
    """Up to five seconds at the model's own size and rate, of VACE up to ten; one render at a time.

    Attributes
    ----------
    draft
        makes the draft video of a request.
    parts
        of the model: Wan's, or VACE's.
    """

    def __init__(self, draft: Draft = paint_draft, parts: Parts = WAN) -> None:
        self.draft, self.parts = draft, parts

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settled = settle(request)
        folder = weights_folder(settled)
        check_parts(folder, self.parts)
        shows = self.parts is VACE
        pictures = read_pictures(request.layout, settled) if shows else Pictures()

        def work(emit: Emit) -> None:
            with memory_errors("choose the preset draft, --memory low, or fewer frames"):
                self._render(request, settled, folder, pictures, emit)

        return iterate(work)

    def _render(
        self,
        request: RenderRequest,
        settled: Settled,
        folder: Path,
        pictures: Pictures,
        emit: Emit,
    ) -> None:
        emit(Progress("load", 0, 1))
        device, memory = hardware.cuda_or_cpu(), settled.options.memory
        drafted = uses_of_draft(request, settled) and pictures.first is None
        # before the model, which it may be made with
        draft = self.draft(request) if drafted else None
        with MODELS.using(
            (folder, device, memory),
            lambda: load_wan(folder, device, parts=self.parts, memory=memory),
        ) as model:
            emit(Progress("load", 1, 1))
            emit(Frames(_frames(request, settled, model, pictures, draft, emit)))


def uses_of_draft(request: RenderRequest, settled: Settled) -> tuple[str, ...]:
    """What a draft video is for: to start from ("draft"), to be held ("held")."""
    if not request.layout.objects:
        return ()
    schedule = cast(WanSchedule, settled.preset.schedule)
    starts = "draft" in settled.kinds and schedule.strength < 1
    held = "time-to-move" in settled.kinds and schedule.inside_steps > 0
    return ("draft",) * starts + ("held",) * held


def _frames(
    request: RenderRequest,
    settled: Settled,
    model: WanModel,
    pictures: Pictures,
    draft: np.ndarray | None,
    emit: Emit,
) -> np.ndarray:
    """(F, H, W, 3) uint8 RGB; of VACE in runs, each of which starts with the last frame before."""
    layout, native, kinds = request.layout, model.native, settled.kinds
    schedule = cast(WanSchedule, settled.preset.schedule)
    most = settled.preset.frames if model.shows else most_frames(request, settled, native.frames)
    count = latent_frame_count(layout.duration_s, native.rate, most, FRAMES_PER_LATENT)
    parts = runs(count, native.frames if model.shows else count)
    size = schedule.size_wh or native.size_wh
    prompt = prompt_for(layout, request.captions, model.pipeline.tokenizer, kinds)
    tell([*model.placed.notes, *notices(request, kinds, prompt, count, native.rate)], emit)
    if len(parts) > 1:
        emit(
            Notice(f"VACE makes {native.frames} frames at once: {count} are joined of {len(parts)}")
        )
    report = step_reporter(
        emit,
        schedule.steps * len(parts),
        PREVIEW_EVERY if model.placed.previews else schedule.steps * len(parts),
        min(count, native.frames) // FRAMES_PER_LATENT // 2,
        DECODING_STEPS * len(parts),
    )
    conditions = frame_conditions(layout, count, request.captions)
    fitted = None if draft is None else fit_draft(draft, count, size)
    made: list[np.ndarray] = []
    for k, part in enumerate(parts):
        here = conditions.part(part)
        given = replace(pictures, first=made[-1][-1]) if made else pictures
        control = control_of(given, kinds, here, size) if model.shows else None
        latents = model.denoise(
            prompt,
            here,
            schedule if "boxes" in kinds else replace(schedule, grounding_share=0.0),
            seed=request.seed + k,
            size=size,
            control=control,
            negative_prompt=settled.options.negative_prompt or NEGATIVE,
            on_step=lambda done, decode, before=k * schedule.steps: report(before + done, decode),
            **_drafts(uses_of_draft(request, settled), fitted, part, control, here),
        )
        emit(Progress("decode", k, len(parts)))
        made.append(model.decode(latents)[min(k, 1) :])
    emit(Progress("decode", len(parts), len(parts)))
    return np.concatenate(made)


def runs(count: int, most: int) -> list[slice]:
    """The frames of runs of at most `most` that together are `count`, each but the first starting
    with the last frame of the one before."""
    starts = range(0, max(1, count - 1), most - 1)
    return [slice(start, min(start + most, count)) for start in starts]


def _drafts(
    uses: tuple[str, ...],
    fitted: np.ndarray | None,
    part: slice,
    control: Control | None,
    conditions: FrameConditions,
) -> dict[str, np.ndarray]:
    """What a part of a draft (F, H, W, 3) is used for -> it; where there is a first frame, that is
    cut out along the boxes instead."""
    if control is not None and control.start is not None:
        return {use: cut_draft(control.start, conditions) for use in uses}
    return {} if fitted is None else dict.fromkeys(uses, fitted[part])


def most_frames(request: RenderRequest, settled: Settled, native: int) -> int:
    """As many as the user says, else the preset's within what the model was trained with."""
    own = settled.spec.presets[request.preset].frames  # which the page sends back as it is
    asked = settled.preset.frames
    return min(own, native) if asked == own else asked


def prompt_for(
    layout: VideoSceneLayout, captions: CaptionMode, tokenizer: Any, kinds: tuple[str, ...]
) -> GroundedPrompt:
    """The one prompt of the video: the captions, and with a grounding every object by name; what
    each does too where a control video shows boxes without names."""
    caption, of_frames = captions_of(layout, captions)
    objects = [(track.phrase, track.name) for track in layout.objects] if kinds else []
    said = motions(layout) if {"outlines", "depth"} & set(kinds) else []
    return ground_prompt(caption, of_frames, objects, tokenizer, said)


def notices(
    request: RenderRequest,
    kinds: tuple[str, ...],
    prompt: GroundedPrompt,
    count: int,
    rate: int,
) -> Iterator[str]:
    """What the user should know of a render of `count` frames with groundings of these kinds."""
    layout = request.layout
    if hardware.cuda_or_cpu() == "cpu":
        yield "no GPU was found: Wan takes hours on a CPU"
    if count < 0.9 * layout.duration_s * rate:
        yield (
            f"Wan makes at most {count} frames, spread over {layout.duration_s:.1f} s: "
            f"{count / layout.duration_s:.1f} frames a second; a shorter span moves more evenly"
        )
    written = len(captions_of(layout, request.captions)[1])
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
    if lost and "boxes" in kinds:
        yield f"the caption is too long: {', '.join(lost)} can't be placed by attention"
