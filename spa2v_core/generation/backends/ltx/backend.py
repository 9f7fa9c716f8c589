"""The ltx backend: LTX-2 with the recording as its sound and the layout as motion tracks.

The recording drives the picture (`sound.py`); where things move is said by trails of points, which
an adapter reads (`controls/trails.py`), or by a draft held inside the boxes
(`grounding/time_to_move.py`). The sound that the model makes is thrown away: the video's is the
recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from ....errors import BackendError
from ....layout import VideoSceneLayout
from ....units import latent_frame_count
from ... import hardware
from ...base import Frames, Progress, RenderEvent, RenderRequest
from ...cache import MODELS
from ...conditioning import CaptionMode, FrameConditions, frame_conditions
from ...controls.drafts import Draft, cut_draft, fit_draft, paint_draft
from ...controls.pictures import fill, read_picture
from ...controls.trails import trails
from ...full_size.card import Keep
from ...full_size.parts import weights_folder
from ...full_size.prompts import captions_of, motions, sentences, thinned
from ...full_size.sizes import size_for
from ...full_size.stored import check_stored
from ...grounding.wan_boxes import GroundedPrompt, cut_off, ground_prompt
from ...registry import Settled, settle
from ...rendering import Emit, on_card, step_reporter, tell
from ...schedule import LtxSchedule
from .loading import PARTS, check_tracks, load_ltx, reference_factor
from .model import DEFAULT_NEGATIVE_PROMPT, TEXT_TOKENS, Given, LtxModel
from .models import LARGE_WH, LICENCE, SIDES

#: Frames a second that the model was trained at; a clip's own are near it, so that they end with
#: the sound.
RATE = 24
PREVIEW_EVERY = 5
#: Decoding all frames takes about as long as this many steps.
DECODING_STEPS = 2.0


class LtxBackend:
    """Up to ten seconds with their sound; one render at a time.

    Attributes
    ----------
    draft
        makes the draft video of a request.
    """

    def __init__(self, draft: Draft = paint_draft) -> None:
        self.draft = draft

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settled = settle(request)
        options = settled.options
        if not options.accept_ltx_licence:
            raise BackendError(f"LTX-2 has a licence: {LICENCE}. Accept it by --accept-ltx-licence")
        folder = weights_folder(settled)
        check_stored(PARTS, folder, Keep.of(options).gguf)
        if "trails" in settled.kinds:
            check_tracks(options.motion_tracks)
        first = read_picture(options.start_picture) if options.start_picture else None
        render = partial(self._render, request, settled, folder, first)
        return on_card(render, "choose the preset draft, --memory low, or a shorter span")

    def _render(
        self,
        request: RenderRequest,
        settled: Settled,
        folder: Path,
        first: np.ndarray | None,
        emit: Emit,
    ) -> None:
        emit(Progress("load", 0, 1))
        device, options = hardware.cuda_or_cpu(), settled.options
        schedule = cast(LtxSchedule, settled.preset.schedule)
        # before the model, which it may be made with
        draft = self.draft(request) if holds(request, settled) and first is None else None
        tracks = options.motion_tracks if "trails" in settled.kinds else None
        keep, distilled = Keep.of(options), schedule.distilled
        with MODELS.using(
            (folder, device, distilled, tracks, keep),
            lambda: load_ltx(folder, device, distilled=distilled, tracks=tracks, keep=keep),
        ) as model:
            emit(Progress("load", 1, 1))
            emit(Frames(_frames(request, settled, model, first, draft, emit)))


def holds(request: RenderRequest, settled: Settled) -> bool:
    """Whether a draft is held by Time-to-Move."""
    schedule = cast(LtxSchedule, settled.preset.schedule)
    kinds, objects = settled.kinds, request.layout.objects
    return "time-to-move" in kinds and schedule.inside_steps > 0 and bool(objects)


def _frames(
    request: RenderRequest,
    settled: Settled,
    model: LtxModel,
    first: np.ndarray | None,
    draft: np.ndarray | None,
    emit: Emit,
) -> np.ndarray:
    """(F, H, W, 3) uint8 RGB."""
    layout, schedule = request.layout, cast(LtxSchedule, settled.preset.schedule)
    size = size_for(settled.shape, schedule.size_wh or LARGE_WH, SIDES)
    count = latent_frame_count(layout.duration_s, RATE, settled.preset.frames, model.per_latent)
    conditions = frame_conditions(layout, count, request.captions)
    prompt = prompt_for(layout, request.captions, model.pipeline.tokenizer, settled.kinds)
    tell([*model.placed.notes, *notices(layout, request.captions, prompt, count)], emit)
    every = PREVIEW_EVERY if model.placed.previews else schedule.steps
    latents = model.denoise(
        prompt.text,
        conditions,
        schedule,
        seed=request.seed,
        size=size,
        rate=count / layout.duration_s,
        given=_given(request, settled, conditions, size, first, draft, prompt.words),
        negative_prompt=settled.options.negative_prompt or DEFAULT_NEGATIVE_PROMPT,
        on_step=step_reporter(
            emit, schedule.steps, every, count // model.per_latent // 2, DECODING_STEPS
        ),
    )
    emit(Progress("decode", 0, 1))
    frames = model.decode(latents)
    emit(Progress("decode", 1, 1))
    return frames


def _given(
    request: RenderRequest,
    settled: Settled,
    conditions: FrameConditions,
    size: tuple[int, int],
    first: np.ndarray | None,
    draft: np.ndarray | None,
    words: torch.Tensor,
) -> Given:
    """What the model is given; held is a draft (f, h, w, 3), or a first frame that is cut out."""
    options, count = settled.options, len(conditions.boxes)
    start = None if first is None else fill(first, size)
    held = None if draft is None else fit_draft(draft, count, size)
    if start is not None and holds(request, settled):
        held = cut_draft(start, conditions)
    shown: dict[str, Any] = {}
    if "trails" in settled.kinds:
        factor = reference_factor(options.motion_tracks)
        shown = {
            "trails": trails(conditions, (size[0] // factor, size[1] // factor)),
            "factor": factor,
        }
    clip = request.clip if options.follow_sound else None
    return Given(clip, options.sound_noise, start=start, held=held, words=words, **shown)


def prompt_for(
    layout: VideoSceneLayout, captions: CaptionMode, tokenizer: Any, kinds: tuple[str, ...]
) -> GroundedPrompt:
    """The one prompt of the video; with a grounding, every object is named with what it does, and
    with "boxes" its words are known."""
    caption, of_frames = captions_of(layout, captions)
    said = motions(layout) if kinds else []
    if "boxes" in kinds:
        objects = [(track.phrase, track.name) for track in layout.objects]
        return ground_prompt(caption, of_frames, objects, tokenizer, said, TEXT_TOKENS)
    text, kept = thinned(
        of_frames,
        lambda kept: sentences([caption, *kept, *said]),
        lambda text: len(tokenizer(text).input_ids) <= TEXT_TOKENS,
    )
    return GroundedPrompt(text, torch.zeros(0, TEXT_TOKENS, dtype=torch.bool), kept)


def notices(
    layout: VideoSceneLayout, captions: CaptionMode, prompt: GroundedPrompt, count: int
) -> Iterator[str]:
    """What the user should know of a render of `count` frames."""
    yield f"LTX-2: {LICENCE}"
    if hardware.cuda_or_cpu() == "cpu":
        yield "no GPU was found: LTX-2 takes days on a CPU"
    if count < 0.9 * layout.duration_s * RATE:
        yield (
            f"LTX-2 makes at most {count} frames here: {count / layout.duration_s:.1f} frames a "
            "second; a shorter span moves more evenly"
        )
    written = len(captions_of(layout, captions)[1])
    if written:
        yield (
            f"LTX-2 reads one prompt for the video: {prompt.frame_captions} of {written} frame "
            "captions are in it, one after the other"
        )
    yield cut_off([track.phrase for track in layout.objects], prompt)
