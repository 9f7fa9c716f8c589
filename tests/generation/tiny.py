"""A tiny model with random weights in the real classes: what the invariants are proven on."""

from functools import cache

import torch
from diffusers import AnimateDiffPipeline

from spa2v_core.generation.composed import ComposedModel
from spa2v_core.generation.grounding.attention import AttentionSteering
from spa2v_core.generation.grounding.energy import EnergyGuidance
from spa2v_core.generation.grounding.instance import InstanceGrounding
from spa2v_core.generation.unet import GroundedUNetMotionModel
from spa2v_core.training.mini import models

CHANNELS, TEXT_DIM = (32, 32, 32), 32
SIZE_WH = (128, 80)


@cache
def tiny_model() -> ComposedModel:
    torch.manual_seed(0)
    tokenizer = models.build_tokenizer()
    unet = models.build_unet(CHANNELS, TEXT_DIM)
    adapter = models.build_motion_adapter(CHANNELS)
    grounding = InstanceGrounding.for_unet(unet, TEXT_DIM)
    for fuser in grounding.fusers.values():
        torch.nn.init.normal_(fuser.outer.weight, std=0.2)
    for name, parameter in adapter.named_parameters():
        if name.endswith("proj_out.weight"):
            torch.nn.init.normal_(parameter, std=0.2)
    motion_unet = GroundedUNetMotionModel.from_unet2d(unet, adapter)
    pipeline = AnimateDiffPipeline(
        vae=models.build_vae((16, 16, 16, 16)),
        text_encoder=models.build_text_encoder(tokenizer, TEXT_DIM),
        tokenizer=tokenizer,
        unet=motion_unet.eval(),
        motion_adapter=adapter,
        scheduler=models.build_scheduler(),
    )
    pipeline.set_progress_bar_config(disable=True)
    makers = {
        "instance": lambda: grounding.eval(),
        "attention": AttentionSteering,
        "energy": EnergyGuidance,
    }
    return ComposedModel(pipeline, makers)


class NoMotion:
    """With motion modules replaced by the identity, while in the block."""

    def __init__(self, model=None):
        self.model = model or tiny_model()

    def __enter__(self):
        unet = self.model.pipeline.unet
        self.kept = []
        for block in [*unet.down_blocks, unet.mid_block, *unet.up_blocks]:
            for index, module in enumerate(getattr(block, "motion_modules", ())):
                self.kept.append((block.motion_modules, index, module))
                block.motion_modules[index] = _Identity()

    def __exit__(self, *_):
        for modules, index, module in self.kept:
            modules[index] = module


class _Identity(torch.nn.Module):
    transformer_blocks = ()  # what FreeNoise looks for

    def forward(self, hidden_states, *args, **kwargs):
        return hidden_states
