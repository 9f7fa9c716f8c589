"""A tiny model with random weights in the real classes: what the invariants are proven on."""

from functools import cache

import torch
from diffusers import (
    AnimateDiffPipeline,
    AutoencoderKL,
    DDIMScheduler,
    MotionAdapter,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from spa2v_core.generation.backends.mini import WEIGHTS
from spa2v_core.generation.composed import ComposedModel
from spa2v_core.generation.grounding.instance import InstanceGrounding
from spa2v_core.generation.unet import GroundedUNetMotionModel

CHANNELS = (32, 32, 32)
SIZE_WH = (128, 80)


@cache
def tiny_model() -> ComposedModel:
    torch.manual_seed(0)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(WEIGHTS / "tokenizer")
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=32,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=8,
        out_channels=8,
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        block_out_channels=CHANNELS,
        layers_per_block=1,
        cross_attention_dim=32,
        attention_head_dim=2,
        norm_num_groups=8,
    )
    adapter = MotionAdapter(
        block_out_channels=CHANNELS,
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=8,
        motion_max_seq_length=16,
    )
    grounding = InstanceGrounding.for_unet(unet, 32)
    for fuser in grounding.fusers.values():
        torch.nn.init.normal_(fuser.outer.weight, std=0.2)
    motion_unet = GroundedUNetMotionModel.from_unet2d(unet, adapter)
    grounding.graft(motion_unet)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=4,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    pipeline = AnimateDiffPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=motion_unet.eval(),
        motion_adapter=adapter,
        scheduler=DDIMScheduler.from_pretrained(WEIGHTS / "scheduler"),
    )
    pipeline.set_progress_bar_config(disable=True)
    return ComposedModel(pipeline, grounding.eval())


class NoMotion:
    """With motion modules replaced by the identity, while in the block."""

    def __enter__(self):
        unet = tiny_model().pipeline.unet
        self.kept = []
        for block in [*unet.down_blocks, unet.mid_block, *unet.up_blocks]:
            for index, module in enumerate(block.motion_modules):
                self.kept.append((block.motion_modules, index, module))
                block.motion_modules[index] = _Identity()

    def __exit__(self, *_):
        for modules, index, module in self.kept:
            modules[index] = module


class _Identity(torch.nn.Module):
    def forward(self, hidden_states, *args, **kwargs):
        return hidden_states
