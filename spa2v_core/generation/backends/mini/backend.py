"""The mini backend: the embedded cartoon model, offline, on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
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
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from ....assets import ASSETS
from ....assets import check as check_shipped
from ....audio.clip import AudioClip
from ....audio.rhythm import voices
from ....errors import BackendError
from ....layout import ObjectTrack, VideoSceneLayout
from ....layout.edit import revise
from ....layout.keyframes import box_at
from ....layout.picture import MINI_WH
from ....units import resample_frame
from ....vocabulary import COLOURS, resolve
from ... import hardware
from ...base import Progress, RenderEvent, RenderRequest
from ...cache import MODELS
from ...composed import ComposedModel
from ...conditioning import CaptionMode, FrameConditions, frame_conditions
from ...grounding.instance import InstanceGrounding
from ...library_logs import quiet_libraries
from ...registry import settle, shared_groundings
from ...rendering import Emit, render_composed, tell
from ...unet import GroundedUNetMotionModel
from ...worker import iterate

WEIGHTS = ASSETS / "mini"
_PARTS = ("vae", "unet", "grounding", "motion_adapter", "text_encoder", "tokenizer", "scheduler")


class MiniBackend:
    """Frames of 256x160; one render at a time."""

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settled = settle(request)
        folder = settled.options.weights or WEIGHTS
        check_weights(folder)

        def work(emit: Emit) -> None:
            emit(Progress("load", 0, 1))
            tell((resolve(track.name).note for track in request.layout.objects), emit)
            with _loaded(folder) as model:
                emit(Progress("load", 1, 1))
                heard = voices_of(request.layout, request.clip, settled.preset.frames)
                conditions = conditions_for(
                    request.layout, settled.preset.frames, request.captions, heard
                )
                render_composed(request, settled, conditions, model, MINI_WH, emit, decode_chunk=1)

        return iterate(work)


def warm_up() -> None:
    """Load the published weights, so that the first render need not."""
    with _loaded(WEIGHTS):
        pass


def _loaded(folder: Path) -> AbstractContextManager[ComposedModel]:
    device = hardware.cuda_or_cpu()
    return MODELS.using((folder, device), lambda: load_mini(folder, device))


def conditions_for(
    layout: VideoSceneLayout,
    frames: int,
    captions: CaptionMode,
    voices: np.ndarray | None = None,
) -> FrameConditions:
    """Conditions in the mini model's words: names become what is drawn for them.

    voices: (F, K), how each object sounds at each moment (`audio.rhythm.voices`).
    """
    return frame_conditions(in_known_words(layout), frames, captions, _phrase, voices)


def voices_of(layout: VideoSceneLayout, clip: AudioClip, frames: int) -> np.ndarray:
    """(F, K) how each object sounds at each moment, by where it is heard."""
    at = [resample_frame(k, frames, layout.frame_count) for k in range(frames)]
    places = [
        [box_at(t, frame).centre[0] if t.present(frame) else np.nan for t in layout.objects]
        for frame in at
    ]
    return voices(clip, np.array(places).reshape(frames, len(layout.objects)))


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


def load_mini(folder: Path, device: str = "cpu") -> ComposedModel:
    """The parts in `folder` (diffusers format), composed on the stock pipeline, in fp32."""
    quiet_libraries()
    check_shipped(folder)

    def part(cls: Any, name: str) -> Any:
        return cls.from_pretrained(folder / name, use_safetensors=True, torch_dtype=torch.float32)

    try:
        adapter = part(MotionAdapter, "motion_adapter")
        unet = GroundedUNetMotionModel.from_unet2d(part(UNet2DConditionModel, "unet"), adapter)
        grounding = part(InstanceGrounding, "grounding").to(device)
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
    for module in (pipeline.unet, pipeline.vae, pipeline.text_encoder, grounding):
        module.requires_grad_(False)
    makers = {"instance": lambda: grounding, **shared_groundings("unet")}
    bf16 = device == "cpu" and hardware.has_bf16(device)
    return ComposedModel(pipeline.to(device), makers, still=True, bf16=bf16)
