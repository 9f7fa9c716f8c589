"""The full-size backend: SD 1.5, AnimateDiff motion modules and grounding, trained apart and put
together at inference, as in the paper (SpA2V, sec. 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AnimateDiffPipeline,
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    MotionAdapter,
    UNet2DConditionModel,
)
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import CLIPTextModel, CLIPTokenizer

from ....errors import BackendError
from ....layout.picture import SIZE_WH
from ... import hardware
from ...base import Progress, RenderEvent, RenderRequest
from ...cache import MODELS
from ...composed import ComposedModel
from ...conditioning import frame_conditions
from ...grounding.base import Grounding
from ...grounding.gligen import GligenGrounding
from ...grounding.migc import MigcGrounding
from ...library_logs import quiet_libraries
from ...registry import BACKENDS, Settled, settle, shared_groundings
from ...rendering import Emit, on_card, render_composed, tell
from ...spec import FewStep
from ...unet import GroundedUNetMotionModel
from .options import AnimateDiffOptions
from .sources import Sources, find_sources

NEGATIVE = "low quality, worst quality, blurry, deformed, watermark, text"
EXTRAS = "pip install -r requirements-animatediff.txt"
_LESS_MEMORY = "choose the preset low_memory, fewer frames, or another grounding than energy"


class AnimateDiffBackend:
    """Frames of 512x320; one render at a time."""

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settled = settle(request)
        preset, options = settled.preset, settled.options
        sources = find_sources(options, settled.kinds, preset.few_step)
        low = preset.low_memory and options.memory == "auto"
        execution = hardware.choose("low" if low else options.memory, options.compile)

        def work(emit: Emit) -> None:
            tell(execution.reasons, emit)
            _render(request, settled, sources, execution, emit)

        return on_card(work, _LESS_MEMORY)


def _render(
    request: RenderRequest,
    settled: Settled,
    sources: Sources,
    execution: hardware.Execution,
    emit: Emit,
) -> None:
    preset = settled.preset
    emit(Progress("load", 0, 1))
    key = (sources, preset.few_step, replace(execution, reasons=()))
    with MODELS.using(key, lambda: load(sources, execution, preset.few_step)) as model:
        for kind in settled.kinds:
            model.grounding(kind)
        emit(Progress("load", 1, 1))
        if execution.compile:  # compiled blocks can't be skipped
            preset = replace(preset, schedule=replace(preset.schedule, cache=False))
        render_composed(
            request,
            replace(settled, preset=preset),
            frame_conditions(request.layout, preset.frames, request.captions),
            model,
            SIZE_WH,
            emit,
            negative_prompt=NEGATIVE,
            decode_chunk=execution.decode_chunk,
        )


def warm_up() -> None:
    """Put the default weights on the card, where it is lent to whoever renders: what is loaded in
    a call is gone after it."""
    kinds = BACKENDS.get("animatediff").default_grounding
    sources = find_sources(AnimateDiffOptions(), kinds, "")
    execution = hardware.Execution("cuda", "float16")
    with MODELS.using((sources, "", execution), lambda: load(sources, execution)) as model:
        for kind in kinds:
            model.grounding(kind)


def load(sources: Sources, execution: hardware.Execution, few_step: FewStep = "") -> ComposedModel:
    """The parts of `sources` composed on the stock pipeline, ready on the device."""
    quiet_libraries()
    dtype = getattr(torch, execution.dtype)
    base = sources.base
    unet2d = _part(UNet2DConditionModel, base / "unet", dtype)
    adapter = load_motion(sources.motion, dtype)
    try:
        unet = GroundedUNetMotionModel.from_unet2d(unet2d, adapter)
    except (ValueError, RuntimeError, KeyError) as error:
        raise BackendError(
            f"the motion modules in {sources.motion.name} do not fit this base: take a motion "
            "adapter for SD 1.5"
        ) from error
    pipeline = AnimateDiffPipeline(
        vae=_part(AutoencoderKL, base / "vae", dtype),
        text_encoder=_part(CLIPTextModel, base / "text_encoder", dtype),
        tokenizer=_tokenizer(base / "tokenizer"),
        unet=unet.to(dtype),
        motion_adapter=adapter,
        scheduler=_scheduler(base / "scheduler", few_step),
    )
    for path, scale in sources.loras:
        add_lora(pipeline, path, scale)
    for module in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        module.requires_grad_(False).eval()
    pipeline.set_progress_bar_config(disable=True)
    model = ComposedModel(pipeline, _makers(sources, pipeline.unet, execution))
    place(pipeline, execution)
    return model


def place(pipeline: AnimateDiffPipeline, execution: hardware.Execution) -> None:
    """Move the model to its device. (channels_last is slower here: group norms undo it.)"""
    if execution.offload:
        _offload(pipeline, execution.device)
        return
    pipeline.to(execution.device)
    if execution.compile:
        pipeline.unet.compile()


def _offload(pipeline: AnimateDiffPipeline, device: str) -> None:
    """Text encoder and VAE are on the card only while they work; the UNet stays there.

    (The pipeline's own offloading moves the UNet at every render, which takes longer than it.)
    """
    try:
        from accelerate import cpu_offload_with_hook
    except ImportError as error:
        raise BackendError(f"the low memory mode needs accelerate: {EXTRAS}") from error
    parts = (pipeline.text_encoder, pipeline.vae)
    hooks = [cpu_offload_with_hook(part, torch.device(device))[1] for part in parts]

    def rest(*_: Any) -> None:
        for hook in hooks:
            hook.offload()

    pipeline.unet.to(device)
    pipeline.unet.register_forward_pre_hook(rest)
    pipeline.vae.enable_tiling()


def _makers(
    sources: Sources, unet: torch.nn.Module, execution: hardware.Execution
) -> dict[str, Callable[[], Grounding]]:
    def gligen() -> Grounding:
        made = GligenGrounding.for_unet(unet)
        made.load(sources.gligen)
        return made.to(execution.device, getattr(torch, execution.dtype)).requires_grad_(False)

    def migc() -> Grounding:
        made = MigcGrounding()
        made.load(sources.migc, accepted=sources.accepted)
        return made.to(execution.device, getattr(torch, execution.dtype)).requires_grad_(False)

    return {"gligen": gligen, "migc": migc, **shared_groundings("unet")}


def load_motion(path: Path, dtype: torch.dtype) -> MotionAdapter:
    """A motion adapter from its folder, or from one .safetensors file (AnimateDiff-Lightning)."""
    if path.is_dir():
        return _part(MotionAdapter, path, dtype)
    adapter = MotionAdapter()
    try:
        adapter.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise BackendError(
            f"{path.name} holds no motion adapter for SD 1.5, or not all of it: download it again"
        ) from error
    return adapter.to(dtype)


def add_lora(pipeline: AnimateDiffPipeline, path: Path, scale: float) -> None:
    """Merge a LoRA into the base (before grounding is grafted)."""
    try:
        pipeline.load_lora_weights(path.parent, weight_name=path.name, local_files_only=True)
    except ValueError as error:
        if "PEFT" in str(error):
            raise BackendError(f"LoRAs need peft: {EXTRAS}") from error
        raise BackendError(f"{path.name} is no LoRA for SD 1.5") from error
    pipeline.fuse_lora(lora_scale=scale)
    pipeline.unload_lora_weights()


def _part(cls: Any, folder: Path, dtype: torch.dtype) -> Any:
    """A model part from its folder, fp16 files preferred; BackendError if that fails."""
    variant = "fp16" if any(folder.glob("*.fp16.safetensors")) else None
    if not any(folder.glob("*.safetensors")):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.ckpt"))
        raise BackendError(
            f"{folder.parent.name}/{folder.name} has no safetensors"
            + (" (pickles are not read: convert them)" if pickled else "")
        )
    try:
        return cls.from_pretrained(
            folder, variant=variant, use_safetensors=True, torch_dtype=dtype, local_files_only=True
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0][:160]
        raise BackendError(
            f"{folder.parent.name}/{folder.name} can't be loaded ({first}): download it again"
        ) from error


def _tokenizer(folder: Path) -> Any:
    try:
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise unreadable(folder) from error


#: Of the original motion modules, AnimateDiff-Lightning and AnimateLCM, as their authors say.
_SCHEDULERS: dict[FewStep, tuple[Any, dict[str, Any]]] = {
    "": (DDIMScheduler, {"timestep_spacing": "linspace", "clip_sample": False, "steps_offset": 1}),
    "lightning": (EulerDiscreteScheduler, {"timestep_spacing": "trailing"}),
    "lcm": (LCMScheduler, {}),
}


def _scheduler(folder: Path, few_step: FewStep) -> Any:
    """The scheduler with the linear noise schedule that AnimateDiff was trained with."""
    kind, changes = _SCHEDULERS[few_step]
    try:
        return kind.from_pretrained(folder, beta_schedule="linear", **changes)
    except (OSError, ValueError) as error:
        raise unreadable(folder) from error


def unreadable(folder: Path) -> BackendError:
    return BackendError(f"{folder.parent.name}/{folder.name} can't be read: download it again")
