"""LTSim: similarity of two layouts by optimal transport."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from .boxes import generalised_iou
from .static import StaticLayout, same_label


def ltsim(prediction: StaticLayout, reference: StaticLayout) -> float:
    """exp(-c), c the least mean cost of moving one layout's objects onto the other's.

        cost_ij = 0.5 * (1 - (gIoU(b_i, b'_j) + 1) / 2) + 0.5 * [label_i != label'_j]
        c = min over T >= 0 of  sum_ij T_ij cost_ij,  rows of T sum to 1/N, columns to 1/M

    Otani et al., "LTSim: Layout Transportation-based Similarity Measure for Evaluating Layout
    Generation", 2024, https://arxiv.org/abs/2407.12356 (their code: mayu-ot/ltsim).

    Parameters
    ----------
    prediction, reference
        static layouts with N and M boxes; counts and labels may differ.

    Returns
    -------
    float
        exp(-1)..1, symmetric; 1 for identical layouts, also if both are empty; exp(-1) = 0.368 if
        one is empty. The transport is exact (a linear program), not regularised.
    """
    if not prediction.labels and not reference.labels:
        return 1.0
    if not prediction.labels or not reference.labels:
        return math.exp(-1)
    overlap = generalised_iou(prediction.boxes[:, None], reference.boxes)
    cost = 0.5 * (1 - (overlap + 1) / 2) + 0.5 * ~same_label(prediction, reference)
    return math.exp(-transport_cost(cost))


def transport_cost(cost: np.ndarray) -> float:
    """Least sum of T * cost, for cost (N, M) and the same mass on every row and column of T."""
    n, m = cost.shape
    # Whole-number masses (M per row, N per column), so that both sides hold exactly the same mass.
    rows = sparse.kron(sparse.identity(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.identity(m))
    found = linprog(
        cost.ravel(),
        A_eq=sparse.vstack([rows, columns]),
        b_eq=np.concatenate([np.full(n, m), np.full(m, n)]),
        method="highs",
    )
    return max(float(found.fun), 0.0) / (n * m)
