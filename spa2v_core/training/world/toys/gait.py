"""What a step is."""

from __future__ import annotations

import numpy as np

Gait = float | None


def sway(gait: Gait, shift: float = 0.0, times: float = 1.0) -> float:
    return 0.0 if gait is None else float(np.sin(2 * np.pi * (gait * times + shift)))
