"""Wan and VACE from a folder in diffusers' form, grafted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    FlowMatchEulerDiscreteScheduler,
    UniPCMultistepScheduler,
    WanPipeline,
    WanTransformer3DModel,
    WanVACEPipeline,
    WanVACETransformer3DModel,
)
from transformers import AutoTokenizer, UMT5EncoderModel

from ....errors import BackendError
from ...full_size.card import ON_THE_CARD, Keep, Working, place
from ...full_size.parts import Parts, read_json
from ...full_size.stored import check_stored, read_transformer
from ...library_logs import quiet_libraries
from .model import WanModel
from .models import VACE_REPO, WAN_REPO

_SCHEDULERS = {
    scheduler.__name__: scheduler
    for scheduler in (FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler)
}
_WEIGHTS = ("transformer", "vae", "text_encoder")
WAN = Parts("Wan", WAN_REPO, _WEIGHTS)
VACE = Parts("VACE", VACE_REPO, _WEIGHTS)
#: Measured with VACE 1.3B at 768x480x81 (docs/figures.md).
WORKING = Working(whole=9.0, tiled=4.0)


def check_parts(folder: Path, parts: Parts = WAN, gguf: Path | None = None) -> None:
    """BackendError that names each missing part, or that the model is of another kind."""
    check_stored(parts, folder, gguf)
    made = read_json(folder / "transformer" / "config.json").get("_class_name", "")
    if ("VACE" in made) != (parts is VACE):
        raise BackendError(
            f"the weights in {folder} are of {'VACE' if 'VACE' in made else 'another model'}, not "
            f"{parts.who}: choose the other backend, or a download such as {parts.repo}"
        )
    if parts is WAN and (folder / "transformer_2").is_dir():
        raise BackendError(
            "Wan models with two transformers (Wan 2.2 A14B) can't be used: choose Wan 2.1 or "
            "Wan 2.2 TI2V-5B"
        )
    if gguf and (folder / "transformer_2").is_dir():
        raise BackendError("a model with two transformers takes no GGUF file: leave out --gguf")


def load_wan(
    folder: Path,
    device: str,
    dtype: torch.dtype | None = None,
    parts: Parts = WAN,
    keep: Keep = ON_THE_CARD,
) -> WanModel:
    """The parts in `folder`, grounded, on `device`.

    `dtype` is that of transformer and text encoder: bf16 on a GPU, fp32 on a CPU if None. The VAE
    is in fp32, in bf16 it shows. VACE may have a second transformer, for the low noise.
    """
    check_parts(folder, parts, keep.gguf)
    quiet_libraries()
    dtype = dtype or (torch.float32 if device == "cpu" else torch.bfloat16)

    def part(cls: Any, name: str, dtype: torch.dtype = dtype) -> Any:
        return cls.from_pretrained(
            folder / name, use_safetensors=True, local_files_only=True, torch_dtype=dtype
        ).eval()

    kind = WanTransformer3DModel if parts is WAN else WanVACETransformer3DModel
    with parts.loading(folder):
        given = {
            "tokenizer": AutoTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            "text_encoder": part(UMT5EncoderModel, "text_encoder"),
            "vae": part(AutoencoderKLWan, "vae", torch.float32),
            "scheduler": _load_scheduler(folder / "scheduler"),
            "transformer": read_transformer(kind, folder / "transformer", dtype, keep),
        }
        if (folder / "transformer_2").is_dir():
            given["transformer_2"] = read_transformer(kind, folder / "transformer_2", dtype, keep)
            given["boundary_ratio"] = read_json(folder / "model_index.json")["boundary_ratio"]
        pipeline = (WanPipeline if parts is WAN else WanVACEPipeline)(**given)
    pipeline.set_progress_bar_config(disable=True)
    return WanModel(pipeline, placed=place(pipeline, device, keep, WORKING))


def _load_scheduler(folder: Path) -> Any:
    """The scheduler that the folder names: Wan comes with either, with its own noise shift."""
    config = read_json(folder / "scheduler_config.json")
    return _SCHEDULERS[config["_class_name"]].from_config(config)
