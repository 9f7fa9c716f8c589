"""Weighted statistics and levels that hearing and planning share."""

from __future__ import annotations

from typing import Any

import numpy as np


def decibel(power: Any) -> Any:
    """10 log10, -200 at nothing."""
    return 10 * np.log10(np.maximum(power, 1e-20))


def weighted_quantile(values: np.ndarray, weight: np.ndarray, shares: Any) -> Any:
    """The values (any shape, as the weight's) under which (K,) shares of the weight, 0..1, lie."""
    order = np.argsort(values.ravel())
    below = np.cumsum(weight.ravel()[order]) / max(float(weight.sum()), 1e-12)
    return values.ravel()[order][np.minimum(np.searchsorted(below, shares), values.size - 1)]


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """The middle of the weight of (n,) values; of the values' mirror image it is the mirror
    image."""
    return float(weighted_quantile(values, weight, [0.5 - 1e-9, 0.5 + 1e-9]).mean())


def smooth(values: np.ndarray, width: int = 5, weight: np.ndarray | None = None) -> np.ndarray:
    """(n,) weighted moving average of odd `width`; the window shrinks symmetrically at the ends,
    so that a straight line stays itself."""
    weight = np.ones_like(values) if weight is None else np.maximum(weight, 1e-3)
    out = np.empty_like(values, dtype=float)
    for k in range(len(values)):
        half = min(width // 2, k, len(values) - 1 - k)
        window = slice(k - half, k + half + 1)
        out[k] = np.average(values[window], weights=weight[window])
    return out
