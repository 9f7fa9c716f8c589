"""YAMNet with a head of our own: what AudioSet knows about a sound, and what our sounds add.

The network gives two opinions on a patch of 0.96 s: logits of AudioSet's 521 classes, and of the
things that the head was trained on. `card.py` makes one probability of both; the model card beside
the weights says how the head was trained and how well it does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...assets import ASSETS, check
from ...audioset import KIND_CLASSES, SCENE_CLASSES, SPEAKERS
from .. import features
from ..network import open_network
from ..signals import resample
from .base import TaggerSpec, Tags
from .card import Card
from .voices import male_share

WEIGHTS = ASSETS / "tagger"
#: Windows this far under the loudest say nothing, dB.
QUIET_DB = 25.0
#: A window counts by its amplitude to this power.
LEVEL_POWER = 0.5


class YamnetTagger:
    """Runs `tagger.onnx` on a CPU; needs no torch.

    weights: folder with the network and `tagger.json`.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        check(weights)
        self.card = Card.read(weights / "tagger.json")
        self.names = self.card.names
        self._session = open_network(weights / "tagger.onnx", "tagger")

    def listen(self, samples: np.ndarray, rate: int) -> Tags:
        """Tags of (n,) mono samples; their gain does not matter."""
        sound = resample(samples, rate, features.RATE)
        patches, starts = features.cut_patches(features.log_mel(sound))
        classes, head = self._session.run(None, {"patches": patches})
        length = max(len(sound) / features.RATE, features.FRAME_S)
        return Tags(
            names=self.names,
            start_s=np.minimum(starts * features.FRAME_S, length),
            end_s=np.minimum((starts + features.PATCH_FRAMES) * features.FRAME_S, length),
            probability=_whose_voice(self.card.probability(classes, head), self.names, sound),
            weight=_weights(sound, starts),
            threshold=self.card.threshold,
            kinds=dict(zip(KIND_CLASSES, self.card.kinds(classes, head).T, strict=True)),
            scenes=dict(zip(SCENE_CLASSES, self.card.scenes(classes).T, strict=True)),
        )


SPEC = TaggerSpec("YAMNet (offline)", YamnetTagger)


def _weights(sound: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(W,) what each patch counts: by its level, nothing `QUIET_DB` under the loudest."""
    size = features.PATCH_FRAMES * features.HOP
    parts = [sound[start : start + size] for start in starts * features.HOP]
    amplitude = np.array([np.sqrt(np.mean(np.square(part, dtype=float))) for part in parts])
    relative = amplitude / max(float(amplitude.max()), 1e-12)
    return np.where(relative > 10 ** (-QUIET_DB / 20), relative**LEVEL_POWER, 0.0)


def _whose_voice(probability: np.ndarray, names: tuple[str, ...], sound: np.ndarray) -> np.ndarray:
    """(W, C) with the probability of the two speakers shared out by the pitch, where there is
    one: they are told apart by little else."""
    male = male_share(sound)
    if male is None:
        return probability
    man, woman = (names.index(name) for name in SPEAKERS)
    shared = probability.copy()
    speech = np.maximum(probability[:, man], probability[:, woman])
    own = probability[:, man] / np.maximum(probability[:, man] + probability[:, woman], 1e-9)
    share = own * male / np.maximum(own * male + (1 - own) * (1 - male), 1e-9)
    shared[:, man], shared[:, woman] = speech * share, speech * (1 - share)
    return shared
