"""AV-Align: do peaks of motion and peaks of sound come together?

Yariv et al., "Diverse and Aligned Audio-to-Video Generation via Text-to-Video Model Adaptation",
AAAI 2024, https://arxiv.org/abs/2309.16429, section 4.1: intersection over union of the onsets of
the sound and the peaks of the optical flow's magnitude, matched within one frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

#: Flow magnitude under which nothing moves, pixels of a frame: their threshold on raw frames.
LEAST_FLOW = 0.1
#: Farneback's parameters in their code: scale and levels of the pyramid, window, iterations, size
#: and spread of the polynomials, flags.
_FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)


@dataclass(frozen=True)
class Alignment:
    """Peaks of sound and of motion, and how many of them match.

    `score` is matched / (audio + video - matched), None if neither has any peak: nothing is then
    said, which is not 0.
    """

    audio: int
    video: int
    matched: int

    @property
    def score(self) -> float | None:
        union = self.audio + self.video - self.matched
        return self.matched / union if union else None


def av_align(frames: np.ndarray, fps: float, onsets_s: np.ndarray) -> Alignment:
    """Alignment of a video (F, H, W, 3) uint8 at `fps` with onsets (seconds) of its sound.

    Peaks match greedily, each once, within 1 / fps. Raises ValueError for fps that is not positive.
    """
    if not fps > 0:
        raise ValueError("fps must be positive")
    peaks = flow_peaks(flow_magnitude(frames)) / fps
    free = list(np.asarray(onsets_s, float))
    matched = 0
    for peak in peaks:
        near = [onset for onset in free if abs(onset - peak) <= 1 / fps]
        if near:
            free.remove(near[0])
            matched += 1
    return Alignment(len(np.asarray(onsets_s)), len(peaks), matched)


def flow_magnitude(frames: np.ndarray) -> np.ndarray:
    """(F,) mean magnitude of the flow to each frame from the one before; the first is repeated."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    still = np.zeros((*grey[0].shape, 2), np.float32)
    flows = [
        np.linalg.norm(cv2.calcOpticalFlowFarneback(a, b, still, *_FARNEBACK), axis=-1).mean()
        for a, b in zip(grey, grey[1:], strict=False)
    ]
    return np.array(flows[:1] + flows)


def flow_peaks(magnitude: np.ndarray) -> np.ndarray:
    """Indices of strict local maxima of at least `LEAST_FLOW`."""
    inner = magnitude[1:-1]
    higher = (inner > magnitude[:-2]) & (inner > magnitude[2:]) & (inner >= LEAST_FLOW)
    return np.flatnonzero(higher) + 1
