"""A detector for whatever is named: OWLv2 (Minderer et al., NeurIPS 2023), if it is on this
machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import hub
from ..metrics.obedience import Detections

REPO, REVISION = "google/owlv2-base-patch16-ensemble", "main"
#: Scores from which something is seen.
SEEN = 0.2


def folder() -> Path | None:
    """Where the detector is in the hub's cache, None if it is not; nothing is downloaded."""
    there = hub.cached(REPO, "config.json", REVISION)
    return there and there.parent


class OpenDetector:
    """Finds things by their names.

    Parameters
    ----------
    path
        folder of an OWLv2 with its processor.
    """

    def __init__(self, path: Path) -> None:
        from transformers import AutoProcessor, Owlv2ForObjectDetection

        given = {"local_files_only": True}
        self.processor = AutoProcessor.from_pretrained(path, **given)
        self.model = Owlv2ForObjectDetection.from_pretrained(path, **given).eval()

    def __call__(
        self, frames: np.ndarray, names: Sequence[str], seen: float = SEEN
    ) -> list[Detections]:
        """What is seen of `names` in each of (F, H, W, 3) uint8 frames; boxes normalised.

        seen: score from which something counts, 0..1.
        """
        import torch

        height, width = frames.shape[1:3]
        found = []
        for frame in frames:
            given = self.processor(
                text=[[f"a photo of a {name}" for name in names]],
                images=[frame],
                return_tensors="pt",
            )
            with torch.no_grad():
                out = self.model(**given)
            (one,) = self.processor.post_process_grounded_object_detection(
                out, threshold=seen, target_sizes=[(height, width)], text_labels=[list(names)]
            )
            boxes = one["boxes"].numpy() / np.array([width, height, width, height], np.float32)
            found.append(Detections(boxes, tuple(one["text_labels"])))
        return found
