"""A tiny LTX-2 with random weights in the real classes and the real ratios: video 8x in time and
32x in space, sound 4x, 64 mel bins, two channels."""

from functools import cache

import numpy as np
import torch
from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2InContextPipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    SiglipVisionConfig,
)

from spa2v_core.audio.clip import AudioClip
from spa2v_core.generation.backends.ltx.model import Given, LtxModel
from spa2v_core.generation.conditioning import FrameConditions
from spa2v_core.generation.schedule import LtxSchedule
from tests.generation.tiny_wan import build_tokenizer

SIZE_WH, FRAMES, RATE = (128, 64), 17, 24.0
GRID = (3, 2, 4)
TEXT_DIM, CHANNELS, SOUND_CHANNELS, SOUND_BASE = 16, 8, 2, 32
QUICK = LtxSchedule(3, 1.0, sound_scale=1.0, perturbed_scale=0.0, inside_share=0.0)
#: What LTX-2.3's transformer has that 2.0's lacks.
NEWER = {
    "gated_attn": True,
    "audio_gated_attn": True,
    "cross_attn_mod": True,
    "audio_cross_attn_mod": True,
    "use_prompt_embeddings": False,
    "perturbed_attn": True,
}
PROMPT, NEGATIVE = "a red car on the road", "blue rain"


def build_text_encoder(vocabulary):
    text = Gemma3TextConfig(
        vocab_size=vocabulary,
        hidden_size=TEXT_DIM,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        sliding_window=32,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=1,
    )
    vision = SiglipVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
    )
    config = Gemma3Config(
        text_config=text.to_dict(), vision_config=vision.to_dict(), mm_tokens_per_image=4
    )
    return Gemma3ForConditionalGeneration(config)


def build_transformer():
    """As of LTX-2.3."""
    return LTX2VideoTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=2,
        attention_head_dim=16,
        cross_attention_dim=32,
        audio_in_channels=SOUND_CHANNELS * 16,
        audio_out_channels=SOUND_CHANNELS * 16,
        audio_num_attention_heads=2,
        audio_attention_head_dim=8,
        audio_cross_attention_dim=16,
        num_layers=2,
        qk_norm="rms_norm_across_heads",
        rope_double_precision=False,
        rope_type="split",
        **NEWER,
    )


def build_connectors():
    each = {
        f"{kind}_connector_{name}": value
        for kind, head in (("video", 16), ("audio", 8))
        for name, value in (
            ("num_attention_heads", 2),
            ("attention_head_dim", head),
            ("num_layers", 1),
            ("num_learnable_registers", None),
        )
    }
    return LTX2TextConnectors(
        caption_channels=TEXT_DIM,
        text_proj_in_factor=3,
        connector_rope_base_seq_len=32,
        rope_theta=10000.0,
        rope_double_precision=False,
        causal_temporal_positioning=False,
        rope_type="split",
        per_modality_projections=True,
        video_hidden_dim=32,
        audio_hidden_dim=16,
        **each,
    )


def build_vae():
    vae = AutoencoderKLLTX2Video(
        in_channels=3,
        out_channels=3,
        latent_channels=CHANNELS,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        upsample_residual=(False,) * 3,
        upsample_factor=(1, 1, 1),
        decoder_causal=False,
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    )
    vae.use_framewise_encoding = vae.use_framewise_decoding = False
    return vae


def build_audio_vae():
    return AutoencoderKLLTX2Audio(
        base_channels=SOUND_BASE,
        output_channels=2,
        ch_mult=(1, 1, 1),
        num_res_blocks=1,
        attn_resolutions=None,
        in_channels=2,
        resolution=64,
        latent_channels=SOUND_CHANNELS,
        norm_type="pixel",
        causality_axis="height",
        dropout=0.0,
        mid_block_add_attention=False,
        sample_rate=16000,
        mel_hop_length=160,
        is_causal=True,
        mel_bins=64,
    )


def build_vocoder():
    return LTX2Vocoder(
        in_channels=128,
        hidden_channels=8,
        out_channels=2,
        upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
        leaky_relu_negative_slope=0.1,
        output_sampling_rate=16000,
    )


def build_pipeline():
    """The stock pipeline; its statistics are random, so that a forgotten normalisation is seen."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    tokenizer.model_max_length = 1024
    parts = {
        "vae": build_vae(),
        "audio_vae": build_audio_vae(),
        "text_encoder": build_text_encoder(len(tokenizer)),
        "connectors": build_connectors(),
        "transformer": build_transformer(),
        "vocoder": build_vocoder(),
    }
    for part in parts.values():
        part.eval()
    with torch.no_grad():
        for vae in (parts["vae"], parts["audio_vae"]):
            vae.latents_mean.uniform_(-1, 1)
            vae.latents_std.uniform_(0.5, 2)
    pipeline = LTX2InContextPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), tokenizer=tokenizer, **parts
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@cache
def tiny_ltx():
    return LtxModel(build_pipeline())


def clip(seed=0, seconds=FRAMES / RATE, rate=16000):
    """Stereo noise, a different one a seed."""
    samples = np.random.default_rng(seed).normal(0, 0.1, (2, round(seconds * rate)))
    return AudioClip(samples.astype(np.float32), rate)


def conditions():
    """Two objects, each in its corner."""
    box = np.array([[0.0, 0.5, 0.5, 1.0], [0.75, 0.0, 1.0, 0.5]], np.float32)
    shape = (FRAMES, 2)
    return FrameConditions(
        PROMPT,
        [PROMPT] * FRAMES,
        ["red car", "dog"],
        np.tile(box, (FRAMES, 1, 1)),
        np.ones(shape, bool),
        np.ones(shape, np.float32),
    )


def run(given, schedule=QUICK, seed=0, model=None, on_step=None, **what):
    """Latents of the tiny model, `what` being fields of `Given`."""
    return (model or tiny_ltx()).denoise(
        PROMPT,
        given,
        schedule,
        seed=seed,
        size=SIZE_WH,
        rate=RATE,
        given=Given(**what),
        negative_prompt=NEGATIVE,
        on_step=on_step,
    )
