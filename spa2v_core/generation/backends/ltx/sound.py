"""The recording in LTX-2: what the model hears while it draws.

LTX-2 draws and sounds at once, each modality attending to the other. Here its sound is the
recording: the audio latents are put back, clean, before every call of the transformer, as
Lightricks' own audio-to-video does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers.audio_utils import mel_filter_bank

from ....audio.clip import AudioClip
from ....audio.signals import resample
from ...full_size.flow import noised
from ...internals import execution_device, ltx_audio_tokens

#: Window of the spectrogram, samples; not in the model's configuration.
WINDOW = 1024
QUIETEST = 1e-5


def mel(sound: torch.Tensor, rate: int, hop: int, bins: int) -> torch.Tensor:
    """(1, 2, frames, bins) log-mel amplitudes of (2, samples) at `rate`: Slaney's scale and norm,
    one frame a `hop`."""
    window = torch.hann_window(WINDOW)
    size = torch.stft(sound, WINDOW, hop, window=window, return_complex=True).abs()
    bank = mel_filter_bank(
        WINDOW // 2 + 1, bins, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney"
    )
    weights = torch.from_numpy(bank).to(size)  # (frequencies, bins)
    return torch.log((size.transpose(-1, -2) @ weights).clamp(min=QUIETEST))[None]


@torch.no_grad()
def sound_latents(pipeline: Any, clip: AudioClip, length: int) -> torch.Tensor:
    """(1, C, length, M) latents of a clip by a pipeline's audio VAE; stereo as it is, mono on both
    sides, silence where it is short."""
    vae = pipeline.audio_vae
    config, hop = vae.config, vae.config.mel_hop_length
    samples = resample(clip.samples, clip.rate, config.sample_rate)
    stereo = torch.from_numpy(np.repeat(samples, 2 // len(samples), axis=0))
    needed = length * vae.temporal_compression_ratio * hop
    stereo = F.pad(stereo, (0, max(0, needed - stereo.shape[1])))
    heard = mel(stereo, config.sample_rate, hop, config.mel_bins)
    latents = vae.encode(heard.to(execution_device(pipeline), vae.dtype)).latent_dist.mode()
    return latents[:, :, :length]


class AudioHold:
    """Keeps the sound of an LTX-2 transformer at a recording: every call hears it."""

    def __init__(self, transformer: nn.Module) -> None:
        self.held: torch.Tensor | None = None
        self.level = 0.0
        transformer.register_forward_pre_hook(self.enter, with_kwargs=True)

    @contextmanager
    def holding(
        self, pipeline: Any, latents: torch.Tensor | None, level: float = 0.0, seed: int = 0
    ) -> Iterator[None]:
        """While in the block, (1, C, L, M) latents are heard, with noise at `level` (0..1), or the
        model's own sound (None); the stock model again afterwards, also after an error."""
        if latents is not None:
            clean = ltx_audio_tokens(pipeline, latents)
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
            self.held = noised(clean, noise.to(clean), level) if level else clean
        self.level = level
        try:
            yield
        finally:
            self.held = None

    def enter(
        self, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pre-hook of the transformer, for all passes of the guidance."""
        if self.held is None:
            return None
        there = kwargs["audio_hidden_states"]
        said = {"audio_hidden_states": self.held.to(there).expand(there.shape[0], -1, -1)}
        for name in ("audio_timestep", "audio_sigma"):
            said[name] = torch.full_like(kwargs[name], 1000 * self.level)
        return args, {**kwargs, **said}
