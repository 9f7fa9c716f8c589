"""The mini backend: the embedded cartoon model, offline, on a CPU."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AnimateDiffPipeline, AutoencoderKL, DDIMScheduler, MotionAdapter
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel, PreTrainedTokenizerFast

from ..composed import ComposedModel
from ..grounding.instance import InstanceGrounding
from ..unet import GroundedUNetMotionModel


def load_mini(folder: Path, device: str = "cpu") -> ComposedModel:
    """The parts in `folder` (diffusers format), composed on the stock pipeline, in fp32."""

    def part(cls: type, name: str) -> torch.nn.Module:
        return cls.from_pretrained(folder / name, use_safetensors=True, torch_dtype=torch.float32)

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
    pipeline.set_progress_bar_config(disable=True)
    return ComposedModel(pipeline.to(device), grounding.to(device))
