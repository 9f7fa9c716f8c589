"""CLAP as a tagger: zero-shot, from the hub (Wu et al., "Large-Scale Contrastive Language-Audio
Pretraining", ICASSP 2023)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ... import hub
from ...vocabulary import THINGS, UNKNOWN, article
from ..signals import resample
from .base import TaggerSpec, Tags

RATE = 48_000
WINDOW_S, STEP_S = 5.0, 2.5
PROMPT = "the sound of {}"
#: Of the probability shared out over all names: a third is far more than chance.
THRESHOLD = 0.35


class ClapTagger:
    """Scores every name of the vocabulary against windows of sound; needs torch and the weights.

    folder: of the weights, default the hub's cache (HubError if they are not there).
    """

    def __init__(self, folder: Path | None = None) -> None:
        from transformers import ClapModel, ClapProcessor

        folder = folder or hub.locate("clap")
        self._model = ClapModel.from_pretrained(folder, use_safetensors=True).eval()
        self._processor = ClapProcessor.from_pretrained(folder)
        self.names = tuple(thing.name for thing in THINGS if thing.name != UNKNOWN)

    def embed(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """(512,) of unit length: where the sound is among all sounds and texts."""
        import torch

        inputs = self._processor(
            audio=[resample(samples, rate, RATE)], sampling_rate=RATE, return_tensors="pt"
        )
        with torch.inference_mode():
            output = self._model.get_audio_features(**inputs)
        vector = getattr(output, "pooler_output", output)[0].numpy()
        return vector / max(float(np.linalg.norm(vector)), 1e-9)

    def listen(self, samples: np.ndarray, rate: int) -> Tags:
        """Tags of (n,) mono samples, in W windows of `WINDOW_S`."""
        import torch

        sound = resample(samples, rate, RATE)
        size, step = round(WINDOW_S * RATE), round(STEP_S * RATE)
        starts = np.arange(0, max(1, len(sound) - size // 2), step)
        windows = [sound[start : start + size] for start in starts]
        inputs = self._processor(
            text=[PROMPT.format(article(name)) for name in self.names],
            audio=windows,
            sampling_rate=RATE,
            return_tensors="pt",
            padding=True,
        )
        with torch.inference_mode():
            probability = self._model(**inputs).logits_per_audio.softmax(-1).numpy()
        level = np.array([np.sqrt(np.mean(np.square(window))) for window in windows])
        ends = np.array(
            [start + len(window) for start, window in zip(starts, windows, strict=True)]
        )
        weight = level / max(float(level.max()), 1e-9)
        return Tags(self.names, starts / RATE, ends / RATE, probability, weight, THRESHOLD)


SPEC = TaggerSpec("CLAP, any name of the vocabulary", ClapTagger, "weights from the hub")
