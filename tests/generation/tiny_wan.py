"""A tiny Wan with random weights in the real classes."""

from functools import cache

import numpy as np
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
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from spa2v_core.generation.backends.wan.model import WanModel
from spa2v_core.generation.grounding.wan_boxes import ground_prompt
from spa2v_core.generation.schedule import WanSchedule
from tests.generation import scene

SIZE_WH = (128, 80)
#: The scene of the tests: frames, latent frames, their tokens, and who is there.
FRAMES, LATENT_FRAMES = 9, 3
GRID_HW = (SIZE_WH[1] // 16, SIZE_WH[0] // 16)
CAPTION = "a red car on the road and a dog"
OBJECTS = [("red car", "car"), ("dog", "dog")]
TEXT_DIM = 32
TRANSFORMER = {
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": TEXT_DIM,
    "freq_dim": 16,
    "ffn_dim": 32,
    "num_layers": 2,
    "rope_max_seq_len": 64,
}
WORDS = ("a", "red", "blue", "car", "dog", "on", "the", "road", "street", "rain", "and", ".", ",")


def build_tokenizer():
    """Word-level with an end token, as the T5 tokenizer has it."""
    vocabulary = {word: index for index, word in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def build_vae(factor=8):
    """Wan 2.1's VAE, or with factor 16 that of Wan 2.2 5B, whose pixels are patched by 2."""
    patched = {"patch_size": 2, "in_channels": 12, "out_channels": 12, "is_residual": True}
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        latents_mean=[0.07, 1.4, 1.85, 1.3],
        latents_std=[0.25, 0.3, 0.25, 0.3],
        scale_factor_spatial=factor,
        **(patched if factor == 16 else {}),
    )


def build_transformer():
    return WanTransformer3DModel(**TRANSFORMER)


def build_vace_transformer():
    """Control blocks beside both blocks."""
    return WanVACETransformer3DModel(
        **TRANSFORMER, vace_layers=[0, 1], vace_in_channels=2 * 4 + 8 * 8
    )


def build_text_encoder(tokenizer):
    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(tokenizer),
            d_model=TEXT_DIM,
            d_kv=8,
            d_ff=32,
            num_layers=1,
            num_heads=2,
        )
    )


def build_scheduler(name="euler"):
    if name == "euler":
        return FlowMatchEulerDiscreteScheduler(shift=3.0)
    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )


def build_pipeline(factor=8):
    """The stock pipeline, not grounded."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    pipeline = WanPipeline(
        tokenizer=tokenizer,
        text_encoder=build_text_encoder(tokenizer).eval(),
        vae=build_vae(factor).eval(),
        scheduler=build_scheduler(),
        transformer=build_transformer().eval(),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def build_vace_pipeline(scheduler="unipc", two=False):
    """The stock pipeline of VACE, with a second transformer for the low noise if `two`."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    pipeline = WanVACEPipeline(
        tokenizer=tokenizer,
        text_encoder=build_text_encoder(tokenizer).eval(),
        vae=build_vae().eval(),
        scheduler=build_scheduler(scheduler),
        transformer=build_vace_transformer().eval(),
        transformer_2=build_vace_transformer().eval() if two else None,
        boundary_ratio=0.8 if two else None,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@cache
def stock_vace():
    return build_vace_pipeline()


@cache
def tiny_vace(scheduler="unipc", two=False):
    """The same weights as `stock_vace`, grafted."""
    return WanModel(build_vace_pipeline(scheduler, two))


@cache
def stock_pipeline():
    return build_pipeline()


@cache
def tiny_wan(factor=8):
    """The same weights as `stock_pipeline`, grounded."""
    return WanModel(build_pipeline(factor))


NEGATIVE = "blue rain"
GROUNDED = WanSchedule(3, 4.0)
PROMPT = ground_prompt(CAPTION, [], OBJECTS, build_tokenizer())


BOXES = np.array([[0.0, 0.4, 0.5, 1.0], [0.625, 0.2, 1.0, 0.6]], np.float32)


def conditions(**changes):
    return scene.conditions(FRAMES, CAPTION, BOXES, **changes)


def run(given, schedule=GROUNDED, seed=0, prompt=PROMPT, model=None, **options):
    return (model or tiny_wan()).denoise(
        prompt, given, schedule, seed=seed, size=SIZE_WH, negative_prompt=NEGATIVE, **options
    )
