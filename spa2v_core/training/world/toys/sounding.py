"""Toys that stay and sound. `voice` -1..1 is the moment of a stroke, a key or a bass; its sign
alternates from stroke to stroke.
"""

from __future__ import annotations

import numpy as np

from .solids import (
    BODY,
    DARK,
    GOLD,
    METAL,
    WHITE,
    WOOD,
    Parts,
    ball,
    barrel,
    block,
    limb,
    pair,
    solid,
    turned,
)


def bell(voice: float) -> Parts:
    parts = [
        solid((0.42, 0.45, 0.42), (0, 0.75, 0), BODY, (0.75, 1), taper=(-0.35, -0.35)),
        barrel((0.6, 0.08, 0.6), (0, 0.33, 0), BODY),
        ball((0.12, 0.12, 0.08), (0, 1.25, 0), BODY),
        barrel((0.5, 0.03, 0.5), (0, 0.9, 0), "d98f00"),
    ]
    clapper = [ball(0.15, (0, 0.2, 0), "9a5a24")]
    parts += turned(clapper, (0, 1.0, 0), (0, 0, 14 * voice))
    return turned(parts, (0, 1.3, 0), (0, 0, 24 * voice))


def drum(voice: float) -> Parts:
    """Its sticks beat in turn; what is hit leaps a little."""
    parts = [
        barrel((0.52, 0.34, 0.52), (0, 0.4, 0), BODY),
        barrel((0.54, 0.06, 0.54), (0, 0.74, 0), METAL),
        barrel((0.48, 0.03, 0.48), (0, 0.8, 0), "f7efe0"),
        barrel((0.54, 0.05, 0.54), (0, 0.08, 0), METAL),
    ]
    for a in np.arange(8) * np.pi / 4:
        parts.append(barrel((0.03, 0.3, 0.03), (0.52 * np.cos(a), 0.4, 0.52 * np.sin(a)), GOLD))
    for side in (-1, 1):
        stick = [limb(0.07, (side * 0.1, 0.92, 0.12), (side * 0.62, 1.3, 0.02), WOOD)]
        stick.append(ball(0.13, (side * 0.08, 0.92, 0.12), "7a3b1e"))
        hit = max(0.0, side * voice)
        parts += turned(stick, (side * 0.62, 1.3, 0.02), (0, 0, side * (36 - 42 * hit)))
    return parts


def piano(voice: float) -> Parts:
    """An upright piano that nods; keys go down in turn."""
    parts = [
        solid((0.75, 0.6, 0.28), (0, 0.65, -0.1), "5a3a2c", (0.15, 0.15)),
        solid((0.75, 0.06, 0.22), (0, 0.62, 0.3), "5a3a2c", (0.2, 0.2)),
        block((0.6, 0.2, 0.02), (0, 1.0, 0.18), "7a5642"),
        solid((0.78, 0.05, 0.3), (0, 1.27, -0.1), "5a3a2c", (0.3, 0.2)),
        *pair(block((0.06, 0.3, 0.06), (0.66, 0.3, 0.42), "5a3a2c")),
    ]
    for k in range(10):
        down = abs(voice) > 0.3 and k % 5 == (1 if voice > 0 else 3)
        x = -0.63 + 0.14 * k
        parts.append(
            block((0.062, 0.03, 0.15), (x, 0.7 - 0.03 * down, 0.33), GOLD if down else WHITE)
        )
        if k % 7 not in (2, 6) and k < 9:
            parts.append(block((0.032, 0.03, 0.08), (x + 0.07, 0.74, 0.26), DARK))
    note = 0.3 * abs(voice)
    if note > 0.05:
        side = 0.3 if voice > 0 else -0.3
        parts += [
            ball(0.09, (side, 1.4 + note, 0.1), DARK),
            limb(0.025, (side + 0.08, 1.4 + note, 0.1), (side + 0.08, 1.68 + note, 0.1), DARK),
        ]
    return parts


def loudspeaker(voice: float) -> Parts:
    k, out = 1 + 0.24 * abs(voice), 0.1 * abs(voice)
    return [
        solid((0.42, 0.66, 0.3), (0, 0.68, 0), "4a4366", (0.18, 0.18)),
        barrel((0.3 * k, 0.06, 0.3 * k), (0, 0.48, 0.28), METAL, (90, 0, 0)),
        barrel((0.24 * k, 0.07, 0.24 * k), (0, 0.48, 0.3), DARK, (90, 0, 0)),
        ball((0.12 * k, 0.12 * k, 0.09), (0, 0.48, 0.34 + out), METAL),
        barrel((0.16, 0.06, 0.16), (0, 1.04, 0.28), METAL, (90, 0, 0)),
        barrel((0.1 * k, 0.07, 0.1 * k), (0, 1.04, 0.3 + out / 2), GOLD, (90, 0, 0)),
    ]
