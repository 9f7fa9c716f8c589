"""Toys with wings, which beat with the `gait` where they fly; `voice` -1..1 opens the beak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .gait import Gait, sway
from .solids import (
    BLACK,
    BODY,
    GOLD,
    METAL,
    SOFT,
    WHITE,
    Colour,
    Parts,
    ball,
    barrel,
    limb,
    pair,
    solid,
    turned,
)


@dataclass(frozen=True)
class Plumage:
    """A bird's paints and proportions."""

    coat: Colour = BODY
    head: Colour = BODY
    breast: Colour = "f4e9d0"
    wing: Colour = "5c6b8a"
    beak: Colour = GOLD
    neck: float = 0.18
    leg: float = 0.16
    plump: float = 1.0
    comb: Colour = ""
    tail: str = "flat"
    upright: float = 0.0


BIRDS = {
    "bird": Plumage(
        wing="3f6fc4",
    ),
    "parrot": Plumage(
        "e23b4e",
        "e23b4e",
        "ffcc3d",
        "2f7fd9",
        "4a4258",
        0.16,
        0.1,
        0.9,
        tail="long",
        upright=35,
    ),
    "owl": Plumage(
        "9a7350",
        "9a7350",
        "e6d2ac",
        "6e4f36",
        GOLD,
        0.1,
        0.08,
        1.12,
        upright=55,
    ),
    "duck": Plumage(
        "f4f1f0",
        "2f9e58",
        "8a5230",
        METAL,
        GOLD,
        0.3,
        0.16,
    ),
    "goose": Plumage(
        WHITE,
        WHITE,
        WHITE,
        "dfe3ee",
        "f08a24",
        0.52,
        0.2,
        1.05,
    ),
    "rooster": Plumage(
        BODY,
        BODY,
        "f3c04a",
        "7a3a22",
        GOLD,
        0.36,
        0.22,
        1.0,
        "e8304a",
        "fan",
        18,
    ),
}


def bird(name: str, gait: Gait, voice: float) -> Parts:
    """Wings beat or legs walk with the gait; the beak opens with the voice."""
    p = BIRDS[name]
    flies = name in ("bird", "parrot", "owl")
    y, k = p.leg + 0.3, p.plump
    trunk = [
        ball((0.27 * k, 0.26 * k, 0.4 * k), (0, y, 0), p.coat),
        ball((0.22 * k, 0.2 * k, 0.22), (0, y - 0.03, 0.2), p.breast),
    ]
    beat = 55 * sway(gait, 0.25) if flies and gait is not None else 6 + 10 * abs(voice)
    spread = 1.5 if flies and gait is not None else 1.0
    wing = solid((0.06, 0.17, 0.3), (0.27 * k, y + 0.05, -0.06), p.wing, (0.9, 0.8))
    if spread > 1:
        wing = solid((0.42, 0.05, 0.2), (0.55 * k, y + 0.12, 0), p.wing, (0.9, 0.8))
    for side in pair(wing):
        sign = float(np.sign(side.points[:, 0].mean()))
        trunk += turned([side], (sign * 0.2 * k, y + 0.12, 0), (0, 0, sign * beat))
    if p.tail == "long":
        trunk.append(limb(0.09, (0, y, -0.3), (0, y - 0.1, -0.85), "2f7fd9"))
    elif p.tail == "fan":
        for a in (-30, 0, 30):
            feather = solid((0.05, 0.3, 0.12), (0, y + 0.34, -0.42), "2f5f4a", SOFT, (-25, 0, a))
            trunk.append(feather)
    else:
        trunk.append(solid((0.14, 0.06, 0.18), (0, y + 0.08, -0.44), p.coat, SOFT, (-25, 0, 0)))
    trunk = turned(trunk, (0, y, 0), (-p.upright, 0, 0))
    top = y + 0.2 + p.neck + p.upright * 0.003
    parts = [*trunk, limb(0.13, (0, y + 0.1, 0.22), (0, top, 0.3), p.head)]
    parts += turned(
        _bird_head(name, p, top, voice), (0, top, 0.3), (-14 * abs(voice), 0, 6 * voice)
    )
    for sign_x in (-1, 1):
        leg = [
            barrel((0.04, p.leg * 0.6, 0.04), (sign_x * 0.13, p.leg * 0.6, 0), p.beak),
            solid((0.1, 0.035, 0.14), (sign_x * 0.13, 0.035, 0.06), p.beak, (0.6, 0.7)),
        ]
        walk = 0.0 if flies else 30 * sway(gait, 0 if sign_x > 0 else 0.5)
        parts += turned(leg, (sign_x * 0.13, p.leg + 0.1, 0), (walk, 0, 0))
    rolled = 0.0 if flies else 6 * sway(gait)
    return turned(parts, (0, 0, 0), (0, 0, rolled))


def _bird_head(name: str, p: Plumage, top: float, voice: float) -> Parts:
    open_by, r = abs(voice), 0.22 if name == "owl" else 0.19
    parts = [
        ball((r * 1.1 if name == "owl" else r, r, r), (0, top, 0.32), p.head),
        *turned(
            [solid((0.09, 0.04, 0.13), (0, top, 0.56), p.beak, SOFT)],
            (0, top, 0.48),
            (-14 * open_by, 0, 0),
        ),
        *turned(
            [solid((0.08, 0.03, 0.11), (0, top - 0.05, 0.54), p.beak, SOFT)],
            (0, top - 0.05, 0.46),
            (30 * open_by, 0, 0),
        ),
    ]
    if name == "owl":
        parts += pair(ball((0.12, 0.12, 0.05), (0.11, top + 0.04, 0.5), "fff3c4"))
        parts += pair(ball((0.06, 0.07, 0.04), (0.11, top + 0.04, 0.54), BLACK))
        parts += pair(
            solid((0.05, 0.1, 0.05), (0.16, top + 0.22, 0.3), p.head, SOFT, taper=(-0.7, -0.7))
        )
    else:
        parts += pair(ball((0.04, 0.05, 0.045), (0.13, top + 0.06, 0.43), BLACK))
    if p.comb:
        parts += [
            ball((0.05, 0.09, 0.08), (0, top + 0.2, 0.24 + 0.1 * k), p.comb) for k in range(3)
        ]
        parts.append(ball((0.05, 0.1, 0.05), (0, top - 0.17, 0.5), p.comb))
    return parts


def bee(gait: Gait, voice: float) -> Parts:
    """Its wings never rest."""
    beat = 35 * sway(gait) if gait is not None else 35 * voice
    parts = [ball((0.3, 0.28, 0.42), (0, 0.5, 0), "ffc83d"), ball(0.23, (0, 0.55, 0.42), "ffc83d")]
    parts += [
        barrel((0.3 - 0.05 * abs(k), 0.06, 0.28), (0, 0.5, -0.02 + 0.2 * k), BLACK, (90, 0, 0))
        for k in (-1, 0, 1)
    ]
    parts += pair(ball((0.06, 0.09, 0.06), (0.12, 0.6, 0.6), BLACK))
    parts += pair(limb(0.03, (0.08, 0.72, 0.5), (0.16, 0.92, 0.6), BLACK))
    parts.append(solid((0.06, 0.06, 0.14), (0, 0.46, -0.5), BLACK, SOFT, taper=(0, 0)))
    for side in pair(ball((0.36, 0.04, 0.2), (0.34, 0.86, -0.05), "dff1ff")):
        sign = float(np.sign(side.points[:, 0].mean()))
        parts += turned([side], (sign * 0.08, 0.76, 0), (0, 0, sign * (20 + beat)))
    return parts
