"""Toys on two legs. They walk with the `gait`; `voice` -1..1 opens the mouth and lifts the arm of
its sign.
"""

from __future__ import annotations

from .gait import Gait, sway
from .solids import (
    BLACK,
    BODY,
    METAL,
    SOFT,
    WHITE,
    Colour,
    Parts,
    ball,
    limb,
    moved,
    pair,
    scaled,
    solid,
    turned,
)


def _person_parts(top: Colour, legs: Colour, hair: Colour, gait: Gait, voice: float) -> Parts:
    skin = "ffc83d"
    open_by = abs(voice)
    parts = [
        solid((0.24, 0.3, 0.17), (0, 0.88, 0), top, (0.6, 0.7), taper=(0.12, 0.05)),
        ball((0.29, 0.3, 0.28), (0, 1.45, 0), skin),
        solid((0.31, 0.18, 0.31), (0, 1.62, -0.05), hair, (0.9, 0.9)),
        solid((0.28, 0.2, 0.14), (0, 1.44, -0.19), hair, SOFT),
        *pair(ball((0.045, 0.06, 0.04), (0.11, 1.48, 0.265), BLACK)),
        ball((0.045, 0.045, 0.06), (0, 1.41, 0.29), "f5b52e"),
        ball((0.09, 0.02 + 0.07 * open_by, 0.03), (0, 1.29, 0.25), "a03048"),
    ]
    for side in (-1, 1):
        shift = 0.0 if side > 0 else 0.5
        hip, knee = (side * 0.12, 0.62, 0), (side * 0.12, 0.36, 0)
        bend = 38 * max(0.0, sway(gait, shift + 0.25)) if gait is not None else 0.0
        shin = [limb(0.1, knee, (side * 0.12, 0.1, 0), legs)]
        shin.append(solid((0.11, 0.07, 0.18), (side * 0.12, 0.07, 0.07), "2f2a48", (0.6, 0.6)))
        leg = [limb(0.115, hip, knee, legs), *turned(shin, knee, (bend, 0, 0))]
        parts += turned(leg, hip, (-34 * sway(gait, shift), 0, 0))
        raised = 55 * open_by if gait is None and side * voice > 0 else 0.0
        arm = [
            limb(0.08, (side * 0.28, 1.1, 0), (side * 0.34, 0.88, 0), top),
            limb(0.07, (side * 0.34, 0.88, 0), (side * 0.35, 0.66, 0.06), skin),
        ]
        swing = 34 * sway(gait, shift) - raised
        parts += turned(arm, (side * 0.26, 1.12, 0), (swing, 0, 0))
    return moved(parts, (0, 0.03 * abs(sway(gait, 0.25)), 0))


def man(gait: Gait, voice: float) -> Parts:
    return _person_parts("3f8fe0", "4a4a68", "b5722f", gait, voice)


def woman(gait: Gait, voice: float) -> Parts:
    parts = _person_parts(BODY, "6b4a86", "5a3020", gait, voice)
    parts.append(solid((0.3, 0.2, 0.26), (0, 0.58, 0), BODY, (0.5, 0.9), taper=(-0.35, -0.35)))
    return [*parts, solid((0.27, 0.36, 0.12), (0, 1.28, -0.22), "5a3020", SOFT)]


def singer(voice: float) -> Parts:
    parts = _person_parts("7a4ad0", "38304e", "3a2a24", None, voice)
    parts += [
        limb(0.085, (-0.27, 1.08, 0.05), (-0.34, 0.94, 0.3), "7a4ad0"),
        limb(0.075, (-0.34, 0.94, 0.3), (-0.1, 1.06, 0.44), "ffc83d"),
        limb(0.05, (-0.08, 1.02, 0.46), (-0.02, 1.18, 0.4), BLACK),
        ball(0.1, (-0.01, 1.22, 0.39), METAL),
    ]
    return turned(parts, (0, 0, 0), (0, 0, 10 * voice))


def baby(voice: float) -> Parts:
    """Sits, and cries with its arms up."""
    skin, up = "ffd27a", 60 * abs(voice)
    parts = [
        ball((0.3, 0.3, 0.26), (0, 0.34, 0), WHITE),
        ball((0.36, 0.35, 0.34), (0, 0.9, 0.02), skin),
        ball((0.1, 0.12, 0.1), (0, 1.24, 0.06), "b5722f"),
        *pair(ball((0.05, 0.06, 0.04), (0.14, 0.94, 0.34), BLACK)),
        ball((0.1, 0.025 + 0.09 * abs(voice), 0.03), (0, 0.74, 0.34), "a03048"),
        *pair(limb(0.1, (0.14, 0.14, 0.16), (0.3, 0.1, 0.46), skin)),
        *pair(ball(0.07, (0.37, 0.9, 0.02), skin)),
    ]
    for side in pair(limb(0.085, (0.26, 0.5, 0.05), (0.44, 0.34, 0.18), skin)):
        parts += turned([side], (0, 0.5, 0.05), (-up, 0, 0))
    return turned(parts, (0, 0, 0), (0, 0, 8 * voice))


def crowd(voice: float) -> Parts:
    """Three who jump in turn."""
    outfits = (
        ("e0564f", "4a4a68", "5a3020"),
        ("3f8fe0", "38304e", "b5722f"),
        ("4fae6a", "6b4a86", "2a2036"),
    )
    parts: Parts = []
    for k, outfit in enumerate(outfits):
        mine = voice if k != 1 else -voice
        person = _person_parts(*outfit, None, mine)
        size = 0.92 if k == 1 else 1.0
        at = ((k - 1) * 0.72, 0.12 * max(0.0, mine), 0.25 if k == 1 else 0.0)
        parts += moved(scaled(person, size), at)
    return parts


def monkey(gait: Gait, voice: float) -> Parts:
    parts = [
        ball((0.24, 0.3, 0.22), (0, 0.62, 0), BODY),
        ball((0.17, 0.22, 0.12), (0, 0.6, 0.14), "e8c49a"),
        ball((0.3, 0.28, 0.28), (0, 1.12, 0.04), BODY),
        ball((0.23, 0.2, 0.14), (0, 1.08, 0.22), "e8c49a"),
        *pair(ball((0.12, 0.13, 0.06), (0.31, 1.14, 0.02), "e8c49a")),
        *pair(ball((0.04, 0.055, 0.04), (0.09, 1.16, 0.33), BLACK)),
        ball((0.1, 0.02 + 0.08 * abs(voice), 0.04), (0, 0.97, 0.33), "8c2436"),
        limb(0.05, (0, 0.5, -0.2), (0, 0.62, -0.6), BODY),
        limb(0.05, (0, 0.62, -0.6), (0, 0.95, -0.62), BODY),
    ]
    for side in (-1, 1):
        shift = 0.0 if side > 0 else 0.5
        leg = [limb(0.09, (side * 0.15, 0.42, 0), (side * 0.2, 0.08, 0.04), BODY)]
        leg.append(ball((0.1, 0.06, 0.15), (side * 0.2, 0.06, 0.1), "e8c49a"))
        parts += turned(leg, (side * 0.15, 0.42, 0), (-32 * sway(gait, shift), 0, 0))
        raised = 100 * abs(voice) if gait is None and side * voice > 0 else 0.0
        arm = [limb(0.075, (side * 0.22, 0.82, 0), (side * 0.42, 0.44, 0.1), BODY)]
        arm.append(ball(0.09, (side * 0.43, 0.4, 0.11), "e8c49a"))
        parts += turned(arm, (side * 0.22, 0.82, 0), (32 * sway(gait, shift) - raised, 0, 0))
    return parts
