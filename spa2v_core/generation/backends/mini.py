"""The mini backend: the embedded cartoon model, offline, on a CPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AnimateDiffPipeline,
    AutoencoderKL,
    DDIMScheduler,
    MotionAdapter,
    UNet2DConditionModel,
)
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from ...errors import BackendError, InputError
from ...layout import ObjectTrack, VideoSceneLayout
from ...layout.edit import revise
from ...vocabulary import COLOURS, resolve
from ..base import Frames, Notice, Preview, Progress, RenderEvent, RenderRequest
from ..composed import ComposedModel
from ..conditioning import FrameConditions, frame_conditions
from ..grounding.instance import InstanceGrounding
from ..schedule import Schedule
from ..unet import GroundedUNetMotionModel
from ..worker import iterate

WEIGHTS = Path(__file__).resolve().parents[3] / "assets" / "mini"
SIZE_WH = (256, 160)
FRAMES = 16
PREVIEW_EVERY = 3
PRESETS = {
    "draft": Schedule(steps=5, guidance_scale=3.0, guidance_share=0.4),
    "default": Schedule(steps=10, guidance_scale=3.0, guidance_share=0.5),
    "quality": Schedule(steps=20, guidance_scale=3.0, guidance_share=1.0),
}
_PARTS = ("vae", "unet", "grounding", "motion_adapter", "text_encoder", "tokenizer", "scheduler")
_RENDERING = threading.Lock()


class MiniBackend:
    """Sixteen frames of 256x160; one render at a time."""

    name = "mini"

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        schedule = schedule_for(request)
        folder = request.weights or WEIGHTS
        check_weights(folder)

        def work(emit: Callable[[RenderEvent], None]) -> None:
            with _RENDERING:
                _render(request, schedule, folder, emit)

        return iterate(work)


def _render(
    request: RenderRequest,
    schedule: Schedule,
    folder: Path,
    emit: Callable[[RenderEvent], None],
) -> None:
    notes = (resolve(track.name).note for track in request.layout.objects)
    for note in dict.fromkeys(filter(None, notes)):
        emit(Notice(note))
    emit(Progress("load", 0, 1))
    model = load_mini(folder)
    emit(Progress("load", 1, 1))
    started = time.monotonic()

    def on_step(done: int, decode: Callable[[int], np.ndarray]) -> None:
        per_step = (time.monotonic() - started) / done
        decoding = 1.6 * per_step  # decoding 16 frames costs about as much as 1.6 steps
        left = per_step * (schedule.steps - done) + decoding
        emit(Progress("denoise", done, schedule.steps, left))
        if done % PREVIEW_EVERY == 0 and done < schedule.steps:
            emit(Preview(done, decode(FRAMES // 2)))

    latents = model.denoise(
        conditions_for(request), schedule, seed=request.seed, size=SIZE_WH, on_step=on_step
    )
    emit(Progress("decode", 0, 1))
    frames = model.decode(latents)
    emit(Progress("decode", 1, 1))
    emit(Frames(frames))


def schedule_for(request: RenderRequest) -> Schedule:
    """The preset's schedule with the request's own steps and grounding."""
    if request.preset not in PRESETS:
        raise InputError(f"there is no preset '{request.preset}': choose {', '.join(PRESETS)}")
    preset = PRESETS[request.preset]
    return Schedule(
        preset.steps if request.steps is None else request.steps,
        preset.guidance_scale,
        preset.guidance_share,
        preset.grounding_share if request.grounding else 0.0,
    )


def conditions_for(request: RenderRequest) -> FrameConditions:
    """Conditions in the mini model's words: names become what is drawn for them."""
    return frame_conditions(
        in_known_words(request.layout), FRAMES, request.captions, phrase_of=_phrase
    )


def in_known_words(layout: VideoSceneLayout) -> VideoSceneLayout:
    """The layout with names, also inside captions, replaced by the things drawn for them."""
    caption, frames = layout.caption, list(layout.frame_captions)
    for track in layout.objects:
        drawn = resolve(track.name).drawn.name
        caption = caption.replace(track.name, drawn)
        frames = [text.replace(track.name, drawn) for text in frames]
    tracks = [revise(t, name=resolve(t.name).drawn.name) for t in layout.objects]
    return revise(layout, caption=caption, frame_captions=tuple(frames), objects=tuple(tracks))


def _phrase(track: ObjectTrack) -> str:
    colour = next((word for word in track.appearance.lower().split() if word in COLOURS), "")
    return f"{colour} {track.name}".strip()


def check_weights(folder: Path) -> None:
    """BackendError if a part is missing."""
    missing = [part for part in _PARTS if not (folder / part).is_dir()]
    if missing:
        raise BackendError(
            f"the mini model's weights are not complete in {folder.name}/: {', '.join(missing)} "
            "missing. Check out the repository again, or train them with `make train-mini`"
        )


@lru_cache(maxsize=1)
def load_mini(folder: Path, device: str = "cpu") -> ComposedModel:
    """The parts in `folder` (diffusers format), composed on the stock pipeline, in fp32."""
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()

    def part(cls: Any, name: str) -> Any:
        return cls.from_pretrained(folder / name, use_safetensors=True, torch_dtype=torch.float32)

    try:
        adapter = part(MotionAdapter, "motion_adapter")
        unet = GroundedUNetMotionModel.from_unet2d(part(UNet2DConditionModel, "unet"), adapter)
        grounding = part(InstanceGrounding, "grounding")
        grounding.graft(unet)
        pipeline = AnimateDiffPipeline(
            vae=part(AutoencoderKL, "vae").to(memory_format=torch.channels_last),
            text_encoder=part(CLIPTextModel, "text_encoder"),
            tokenizer=PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer"),
            unet=unet.to(memory_format=torch.channels_last),
            motion_adapter=adapter,
            scheduler=DDIMScheduler.from_pretrained(folder / "scheduler"),
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise BackendError(
            f"the mini model's weights in {folder.name}/ can't be loaded ({type(error).__name__}): "
            "check out the repository again, or train them with `make train-mini`"
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return ComposedModel(pipeline.to(device), grounding.to(device))
