"""A tiny UNet of SD's block structure and MIGC layers for it, with random weights."""

import zlib

import torch

from spa2v_core.generation.grounding.migc import MigcGrounding
from spa2v_core.generation.unet import GroundedUNetMotionModel
from tests.generation.tiny_full import WIDTHS, build_motion, build_unet

FRAMES, TEXT_DIM, HEADS, WORDS = 4, 24, 4, 5
CHANNELS = WIDTHS[-1]


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
    unet, adapter = build_unet(text_dim=TEXT_DIM, heads=HEADS), build_motion(heads=HEADS)
    return GroundedUNetMotionModel.from_unet2d(unet, adapter).eval()


def random_grounding():
    torch.manual_seed(1)
    grounding = MigcGrounding(CHANNELS, TEXT_DIM, HEADS).eval()
    for parameter in grounding.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return grounding
