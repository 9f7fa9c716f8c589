"""The parts of the mini model, untrained: diffusers and transformers classes at small size."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL, DDIMScheduler, MotionAdapter, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from ..world.choreography import CAPTION_TOKENS, FRAMES, caption_words

CHANNELS = (96, 128, 160)
VAE_CHANNELS = (32, 64, 96, 128)
TEXT_DIM = 128


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer of the world's words; other words are <unk>."""
    special = ["<pad>", "<bos>", "<eos>", "<unk>"]
    vocabulary = {word: index for index, word in enumerate([*special, *caption_words()])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation("removed"), pre_tokenizers.WhitespaceSplit()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=CAPTION_TOKENS,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
    )


def build_text_encoder(tokenizer: PreTrainedTokenizerFast, dim: int = TEXT_DIM) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=dim,
            intermediate_size=2 * dim,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=CAPTION_TOKENS,
            projection_dim=dim,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def keep_words(
    weights: dict[str, torch.Tensor],
    fresh: dict[str, torch.Tensor],
    before: dict[str, int],
    after: dict[str, int],
) -> None:
    """Fit the word embeddings among `weights` to a new vocabulary, in place.

    Words of both vocabularies (word -> row) keep their row; new ones start as in `fresh`.
    """
    for name, old in weights.items():
        if name.endswith("token_embedding.weight"):
            rows = fresh[name].clone()
            for word in before.keys() & after.keys():
                rows[after[word]] = old[before[word]]
            weights[name] = rows


def widen(weights: dict[str, torch.Tensor], fresh: dict[str, torch.Tensor]) -> None:
    """Give linear layers among `weights` the further inputs that they have in `fresh`, in place:
    they start from nothing."""
    for name, old in weights.items():
        more = fresh[name].shape[-1] - old.shape[-1] if old.ndim == 2 else 0
        if more > 0 and name.endswith("embed.0.weight"):
            weights[name] = nn.functional.pad(old, (0, more))


def build_vae(channels: tuple[int, ...] = VAE_CHANNELS) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=channels,
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=16,
        sample_size=256,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def build_unet(
    channels: tuple[int, ...] = CHANNELS, text_dim: int = TEXT_DIM
) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=32,
        in_channels=8,
        out_channels=8,
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        block_out_channels=channels,
        layers_per_block=1,
        cross_attention_dim=text_dim,
        attention_head_dim=tuple(width // 32 for width in channels),
        norm_num_groups=16,
    )


def build_motion_adapter(channels: tuple[int, ...] = CHANNELS) -> MotionAdapter:
    """Motion modules that start as the identity (diffusers does not zero `proj_out`)."""
    adapter = MotionAdapter(
        block_out_channels=channels,
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=4,
        motion_norm_num_groups=16,
        motion_max_seq_length=FRAMES,
        use_motion_mid_block=True,
    )
    for name, parameter in adapter.named_parameters():
        if ".proj_out." in name:
            nn.init.zeros_(parameter)
    return adapter


def build_scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )


class PassThrough(nn.Module):
    """UNet2DConditionModel runs `position_net` on grounding; ours is prepared already."""

    def forward(self, objs: object) -> object:
        return objs


def parameters_m(module: nn.Module) -> float:
    """Parameters in millions."""
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


def empty_tokens(tokenizer: PreTrainedTokenizerFast, device: str) -> torch.Tensor:
    """(1, CAPTION_TOKENS) ids of the empty caption, the unconditional text."""
    encoded = tokenizer([""], padding="max_length", max_length=CAPTION_TOKENS, return_tensors="pt")
    return encoded.input_ids.to(device)
