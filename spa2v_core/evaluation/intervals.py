"""How sure a figure is: bootstrap over clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

LEVEL = 0.95
RESAMPLES = 1000


def bootstrap(
    items: Sequence[T],
    statistic: Callable[[list[T]], float | None],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile interval (95%) of a statistic of items that stand for themselves, such as clips.

    Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979. None for fewer than two items,
    or where the statistic is not defined for most resamples.
    """
    if len(items) < 2:
        return None
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(items), (resamples, len(items)))
    values = [statistic([items[k] for k in row]) for row in drawn]
    known = [value for value in values if value is not None]
    if len(known) < resamples / 2:
        return None
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def of_mean(values: Sequence[float]) -> tuple[float, float] | None:
    """Interval of a mean."""
    return bootstrap(list(values), lambda drawn: float(np.mean(drawn)))
