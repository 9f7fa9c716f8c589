"""Fréchet distance of two sets of videos, by features of a network.

Heusel et al., NeurIPS 2017 (FID), and Unterthiner et al., https://arxiv.org/abs/1812.01717 (FVD).
It is called FVD only where the features are those of the I3D network (Kinetics-400) that a user
supplies as TorchScript: weight files differ between papers, and numbers do not mix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy import linalg

from ..errors import InputError

#: Side of I3D's pictures, pixels.
I3D_SIDE = 224


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of features (N, c) and (M, c).

    0 or more, 0 for equal moments, symmetric. With fewer samples than features the covariances are
    singular: the distance is then biased upwards, so sets of equal sizes alone compare.

    Raises
    ------
    ValueError
        fewer than two samples on a side, or other numbers of features.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError("two sets of at least two feature vectors of one length are needed")
    first, second = np.atleast_2d(np.cov(a.T)), np.atleast_2d(np.cov(b.T))
    # the eigenvalues of a product of two covariances are real and not negative
    roots = np.sqrt(np.maximum(linalg.eigvals(first @ second).real, 0)).sum()
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    return float(max(apart + np.trace(first) + np.trace(second) - 2 * roots, 0.0))


class I3D:
    """Features of a user's TorchScript I3D, as `i3d_torchscript.pt` of StyleGAN-V takes videos."""

    def __init__(self, path: Path) -> None:
        import torch

        try:
            self._network: Any = torch.jit.load(str(path), map_location="cpu").eval()
        except (RuntimeError, ValueError, OSError) as error:
            raise InputError(f"{path.name} is no TorchScript network") from error

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """(c,) of one video (F, H, W, 3) uint8, its middle square at 224 pixels."""
        import torch

        video = torch.from_numpy(np.stack([_middle_square(one) for one in frames]))
        given = video.permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        with torch.no_grad():
            made = self._network(given, rescale=False, resize=False, return_features=True)
        return made.reshape(-1).numpy()


def _middle_square(frame: np.ndarray) -> np.ndarray:
    """(224, 224, 3) of (H, W, 3)."""
    side = min(frame.shape[:2])
    top, left = ((length - side) // 2 for length in frame.shape[:2])
    square = frame[top : top + side, left : left + side]
    return cv2.resize(square, (I3D_SIDE, I3D_SIDE), interpolation=cv2.INTER_AREA)
