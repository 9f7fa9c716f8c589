"""The full-size architecture at tiny size with random weights, as folders in diffusers' format."""

import json
import tempfile
from functools import cache
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, MotionAdapter, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from spa2v_core.generation.backends.animatediff.backend import load
from spa2v_core.generation.backends.animatediff.options import AnimateDiffOptions
from spa2v_core.generation.backends.animatediff.sources import find_sources
from spa2v_core.generation.composed import ComposedModel
from spa2v_core.generation.grounding.gligen import GligenGrounding
from spa2v_core.generation.hardware import Execution

WIDTHS, TEXT_DIM = (16, 32, 32, 32), 32


def build_unet(widths=WIDTHS, text_dim=TEXT_DIM, heads=2):
    """SD 1.5's UNet: three levels with cross-attention and one without."""
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=4,
        out_channels=4,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        block_out_channels=widths,
        layers_per_block=2,
        cross_attention_dim=text_dim,
        attention_head_dim=heads,
        norm_num_groups=min(32, widths[0]),
    )


def build_motion(widths=WIDTHS, heads=2):
    adapter = MotionAdapter(
        block_out_channels=widths,
        motion_layers_per_block=2,
        motion_num_attention_heads=heads,
        motion_norm_num_groups=min(32, widths[0]),
        motion_max_seq_length=32,
        use_motion_mid_block=False,
    )
    for name, parameter in adapter.named_parameters():
        if name.endswith("proj_out.weight"):
            torch.nn.init.normal_(parameter, std=0.1)
    return adapter


def build_vae(widths=(16, 16, 16, 16), layers=1):
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=widths,
        layers_per_block=layers,
        latent_channels=4,
        norm_num_groups=min(32, widths[0]),
        sample_size=512,
    )


def build_text_encoder(vocabulary, text_dim=TEXT_DIM, layers=2, heads=2):
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=text_dim,
            intermediate_size=4 * text_dim,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            max_position_embeddings=77,
            projection_dim=text_dim,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
        )
    )


def build_gligen(unet):
    """GLIGEN layers with open gates."""
    made = GligenGrounding.for_unet(unet)
    for fuser in made.fusers.values():
        torch.nn.init.constant_(fuser.alpha_attn, 0.8)
        torch.nn.init.constant_(fuser.alpha_dense, 0.8)
    return made


def write_tokenizer(folder: Path) -> int:
    """Letters as tokens, in CLIP's files; the size of the vocabulary."""
    folder.mkdir(parents=True)
    letters = [chr(c) for c in range(33, 127)]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    table = {token: index for index, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(table))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = {"model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return len(vocabulary)


def write_weights(folder: Path) -> Path:
    """`folder`/base, /motion and /grounding, as `--weights` takes them."""
    torch.manual_seed(0)
    base = folder / "base"
    size = write_tokenizer(base / "tokenizer")
    unet = build_unet()
    unet.save_pretrained(base / "unet")
    build_vae().save_pretrained(base / "vae")
    build_text_encoder(size).save_pretrained(base / "text_encoder")
    DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012
    ).save_pretrained(base / "scheduler")
    build_motion().save_pretrained(folder / "motion")
    build_gligen(unet).save(folder / "grounding")
    return folder


@cache
def tiny_full_model() -> ComposedModel:
    """The weights of `write_weights` as the backend loads them."""
    folder = write_weights(Path(tempfile.mkdtemp(prefix="spa2v-tiny-")))
    options = AnimateDiffOptions(weights=folder)
    return load(find_sources(options, ("gligen",), ""), Execution("cpu", "float32"))
