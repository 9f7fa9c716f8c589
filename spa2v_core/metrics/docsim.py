"""DocSim: similarity of two layouts by their matched boxes' place and size."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from .static import StaticLayout, same_label

#: From this difference of the counts on, the reference code gives 0.
MAX_DIFFERENCE = 3


def docsim(prediction: StaticLayout, reference: StaticLayout) -> float:
    """Mean weight of the matching of boxes with the greatest sum of weights.

        w_ij = min(area_i, area'_j)^0.5 * 2^(-|centre_i - centre'_j| - 2 (|dw| + |dh|))
        w_ij = 0 if the labels differ

    Patil et al., "READ: Recursive Autoencoders for Document Layout Generation", CVPR Workshops
    2020, https://arxiv.org/abs/1909.00302, as in the code of CyberAgentAILab/layout-dm
    (trainer/helpers/metric.py) and mayu-ot/ltsim.

    Parameters
    ----------
    prediction, reference
        static layouts with N and M boxes; counts and labels may differ.

    Returns
    -------
    float
        0..1 for boxes within the frame, symmetric. Identical layouts score the mean square root of
        their boxes' areas, not 1, and two empty ones 0: compare only values on the same references.
        The mean is over min(N, M) matched pairs, pairs of different labels included. 0 if one is
        empty or the counts differ by 3 or more.

    Where N != M, both implementations fill the weights in the wrong order (meshgrid, then reshape
    to (N, M)), so that objects are matched by other objects' weights. Here the order is right; for
    N = M the values are the same.
    """
    n, m = len(prediction.labels), len(reference.labels)
    if not min(n, m) or abs(n - m) >= MAX_DIFFERENCE:
        return 0.0
    similarity = weights(prediction, reference)
    return float(similarity[linear_sum_assignment(similarity, maximize=True)].mean())


def weights(a: StaticLayout, b: StaticLayout) -> np.ndarray:
    """(N, M) weight of every pair of objects."""
    size_a, size_b = (layout.boxes[:, 2:] - layout.boxes[:, :2] for layout in (a, b))
    centre_a, centre_b = ((layout.boxes[:, :2] + layout.boxes[:, 2:]) / 2 for layout in (a, b))
    distance = np.linalg.norm(centre_a[:, None] - centre_b, axis=-1)
    resized = np.abs(size_a[:, None] - size_b).sum(-1)
    area = np.minimum(size_a.prod(-1)[:, None], size_b.prod(-1))
    return same_label(a, b) * np.sqrt(area) * 2.0 ** (-distance - 2 * resized)
