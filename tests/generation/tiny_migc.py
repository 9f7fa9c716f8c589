"""A tiny UNet of SD's block structure and MIGC layers for it, with random weights."""

import zlib

import torch
from diffusers import MotionAdapter, UNet2DConditionModel

from spa2v_core.generation.grounding.migc import MigcGrounding
from spa2v_core.generation.unet import GroundedUNetMotionModel

FRAMES, CHANNELS, TEXT_DIM, HEADS, WORDS = 4, 32, 24, 4, 5


class FakeText:
    """States that depend on the text only."""

    def hidden(self, texts):
        return torch.stack([self._states(text)[:WORDS] for text in texts])

    def pooled(self, texts):
        return torch.stack([self._states(text)[WORDS] for text in texts])

    def _states(self, text):
        generator = torch.Generator().manual_seed(zlib.crc32(text.encode()))
        return torch.randn(WORDS + 1, TEXT_DIM, generator=generator)


def stock_unet():
    torch.manual_seed(0)
    widths = (16, 32, CHANNELS, CHANNELS)
    unet = UNet2DConditionModel(
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        block_out_channels=widths,
        layers_per_block=2,
        cross_attention_dim=TEXT_DIM,
        attention_head_dim=HEADS,
        norm_num_groups=8,
    )
    adapter = MotionAdapter(
        block_out_channels=widths,
        motion_num_attention_heads=HEADS,
        motion_norm_num_groups=8,
        motion_max_seq_length=FRAMES,
        use_motion_mid_block=False,
    )
    return GroundedUNetMotionModel.from_unet2d(unet, adapter).eval()


def random_grounding():
    torch.manual_seed(1)
    grounding = MigcGrounding(CHANNELS, TEXT_DIM, HEADS).eval()
    for parameter in grounding.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return grounding
