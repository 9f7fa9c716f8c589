"""A render on a loaded model; of VACE in runs that are joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch

from ....layout import VideoSceneLayout
from ....units import latent_frame_count, resample_frame
from ... import hardware
from ...base import Notice, Progress, RenderRequest
from ...composed import StepCallback
from ...conditioning import CaptionMode, FrameConditions, frame_conditions
from ...controls.drafts import cut_draft, fit_draft
from ...full_size.prompts import captions_of, motions
from ...full_size.sizes import size_for
from ...grounding.wan_boxes import (
    FRAMES_PER_LATENT,
    GroundedPrompt,
    cut_off,
    ground_prompt,
)
from ...registry import Settled
from ...rendering import Emit, step_reporter, tell
from ...schedule import WanSchedule
from .control import Control, Pictures, control_of
from .model import NEGATIVE, WanModel

PREVIEW_EVERY = 5
#: Decoding all frames takes about as long as this many steps.
DECODING_STEPS = 2.0


@dataclass
class Film:
    """One render.

    Attributes
    ----------
    draft
        (f, h, w, 3) uint8 of any count and size, None for none.
    """

    request: RenderRequest
    settled: Settled
    model: WanModel
    pictures: Pictures
    draft: np.ndarray | None
    emit: Emit

    def __post_init__(self) -> None:
        layout, native = self.request.layout, self.model.native
        self.schedule = cast(WanSchedule, self.settled.preset.schedule)
        standard = self.schedule.size_wh or native.size_wh
        self.size = size_for(self.settled.shape, standard, self.model.multiple)
        most = self.settled.preset.frames
        if not self.model.shows:
            most = most_frames(self.request, self.settled, native.frames)
        self.count = latent_frame_count(layout.duration_s, native.rate, most, FRAMES_PER_LATENT)
        self.parts = runs(self.count, native.frames if self.model.shows else self.count)

    def frames(self) -> np.ndarray:
        """(F, H, W, 3) uint8 RGB; each run but the first starts with the last frame before."""
        prompts, report = self._prompts(), self._reporter()
        conditions = frame_conditions(self.request.layout, self.count, self.request.captions)
        draft = None if self.draft is None else fit_draft(self.draft, self.count, self.size)
        made: list[np.ndarray] = []
        for k, part in enumerate(self.parts):
            latents = self._latents(
                k,
                prompts[k],
                conditions.part(part),
                made[-1][-1] if made else self.pictures.first,
                None if draft is None else draft[part],
                report,
            )
            self.emit(Progress("decode", k, len(self.parts)))
            made.append(self.model.decode(latents)[min(k, 1) :])
        self.emit(Progress("decode", len(self.parts), len(self.parts)))
        return np.concatenate(made)

    def _prompts(self) -> list[GroundedPrompt]:
        """One a run, with the captions of its frames; what the user should know is told."""
        kinds, native, found = self.settled.kinds, self.model.native, []
        tell(self.model.placed.notes, self.emit)
        told: list[str] = []
        for part in self.parts:
            said = replace(self.request, layout=spoken(self.request.layout, part, self.count))
            tokenizer = self.model.pipeline.tokenizer
            found.append(prompt_for(said.layout, said.captions, tokenizer, kinds))
            told += notices(said, kinds, found[-1], self.count, native.rate)
        tell(told, self.emit)
        if len(found) > 1:
            parts = f"{self.count} are joined of {len(found)} runs"
            self.emit(Notice(f"VACE makes {native.frames} frames at once: {parts}"))
        return found

    def _reporter(self) -> StepCallback:
        steps = self.schedule.steps * len(self.parts)
        return step_reporter(
            self.emit,
            steps,
            PREVIEW_EVERY if self.model.placed.previews else steps,
            min(self.count, self.model.native.frames) // FRAMES_PER_LATENT // 2,
            DECODING_STEPS * len(self.parts),
        )

    def _latents(
        self,
        run: int,
        prompt: GroundedPrompt,
        conditions: FrameConditions,
        first: np.ndarray | None,
        draft: np.ndarray | None,
        report: StepCallback,
    ) -> torch.Tensor:
        """Latents (1, C, J, h, w) of a run of F frames; first: (h, w, 3) uint8, its first frame;
        draft: (F, H, W, 3) uint8."""
        kinds, schedule, control = self.settled.kinds, self.schedule, None
        before = run * schedule.steps
        if self.model.shows:
            pictures = replace(self.pictures, first=first)
            control = control_of(pictures, kinds, conditions, self.size)
        return self.model.denoise(
            prompt,
            conditions,
            schedule if "boxes" in kinds else replace(schedule, grounding_share=0.0),
            seed=self.request.seed + run,
            size=self.size,
            control=control,
            negative_prompt=self.settled.options.negative_prompt or NEGATIVE,
            on_step=lambda done, decode: report(before + done, decode),
            **_drafts(uses_of_draft(self.request, self.settled), draft, control, conditions),
        )


def uses_of_draft(request: RenderRequest, settled: Settled) -> tuple[str, ...]:
    """What a draft video is for: to start from ("draft"), to be held ("held")."""
    if not request.layout.objects:
        return ()
    schedule = cast(WanSchedule, settled.preset.schedule)
    starts = "draft" in settled.kinds and schedule.strength < 1
    held = "time-to-move" in settled.kinds and schedule.inside_steps > 0
    return ("draft",) * starts + ("held",) * held


def runs(count: int, most: int) -> list[slice]:
    """The frames of runs of at most `most` that together are `count`, each but the first starting
    with the last frame of the one before."""
    starts = range(0, max(1, count - 1), most - 1)
    return [slice(start, min(start + most, count)) for start in starts]


def spoken(layout: VideoSceneLayout, part: slice, count: int) -> VideoSceneLayout:
    """A layout with the frame captions of a part of `count` rendered frames."""
    texts = layout.frame_captions
    if not texts or part == slice(0, count):
        return layout
    first, last = (
        round(resample_frame(frame, count, len(texts))) for frame in (part.start, part.stop - 1)
    )
    return layout.model_copy(update={"frame_captions": texts[first : last + 1]})


def _drafts(
    uses: tuple[str, ...],
    draft: np.ndarray | None,
    control: Control | None,
    conditions: FrameConditions,
) -> dict[str, np.ndarray]:
    """What a draft (F, H, W, 3) is used for -> it; where there is a first frame, that is cut out
    along the boxes instead."""
    if control is not None and control.start is not None:
        return {use: cut_draft(control.start, conditions) for use in uses}
    return {} if draft is None else dict.fromkeys(uses, draft)


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
    if "boxes" in kinds:
        yield cut_off([track.phrase for track in layout.objects], prompt)
