"""YAMNet with a head of our own: what AudioSet knows about a sound, and what our head adds.

The network gives two opinions on a patch of 0.96 s: `classes`, logits of AudioSet's 521 classes,
and `head`, logits of the vocabulary's things. How they become one probability is in
`tagger.json`; how the head was trained, in the model card beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...audioset import KIND_CLASSES, PERSON, SCENE_CLASSES, SPEAKERS, THING_CLASSES
from .. import features
from .base import Tags
from .voices import male_share

WEIGHTS = Path(__file__).resolve().parents[3] / "assets" / "tagger"
#: Windows this far under the loudest say nothing, dB.
QUIET_DB = 25.0
#: What a window's level counts in the mean: the square root of its amplitude.
LEVEL_POWER = 0.5


class YamnetTagger:
    """Runs `tagger.onnx` on a CPU; needs no torch.

    weights: folder with the network and `tagger.json`.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        import onnxruntime

        self.card = Card.read(weights / "tagger.json")
        self.names = self.card.names
        self.threshold = self.card.threshold
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            str(weights / "tagger.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def listen(self, samples: np.ndarray, rate: int) -> Tags:
        """Tags of (n,) mono samples; their gain does not matter."""
        sound = features.resample(samples, rate)
        patches, starts = features.cut_patches(features.log_mel(sound))
        classes, head = self._session.run(None, {"patches": patches})
        seconds = np.stack([starts, starts + features.PATCH_FRAMES]) * features.FRAME_S
        length = max(len(sound) / features.RATE, features.FRAME_S)
        return self.card.tags(
            classes, head, np.minimum(seconds, length), levels(sound, starts), male_share(sound)
        )


def levels(sound: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(W,) what each patch counts: by its level, nothing `QUIET_DB` under the loudest."""
    size = features.PATCH_FRAMES * features.HOP
    parts = [sound[s : s + size] for s in starts * features.HOP]
    amplitude = np.array([np.sqrt(np.mean(np.square(part), dtype=float)) for part in parts])
    relative = amplitude / max(float(amplitude.max()), 1e-12)
    return np.where(relative > 10 ** (-QUIET_DB / 20), relative**LEVEL_POWER, 0.0)
