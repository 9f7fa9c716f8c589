"""Toys on four legs. `gait` 0..1 is the phase of a step, None while it stands; `voice` -1..1 is how
wide the mouth is open (its sign is the side that the head goes to).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .gait import Gait, sway
from .solids import (
    BLACK,
    BODY,
    PINK,
    SOFT,
    WHITE,
    Colour,
    Parts,
    ball,
    limb,
    moved,
    pair,
    solid,
    turned,
)


@dataclass(frozen=True)
class Build:
    """A quadruped's proportions: half sizes of its trunk, length of legs and neck, paints, and
    what makes it what it is (ears, tail, mane, horns, spots, wool, trunk)."""

    coat: Colour = BODY
    legs: Colour = BODY
    belly: Colour = ""
    long: float = 0.44
    high: float = 0.34
    wide: float = 0.25
    leg: float = 0.11
    neck: float = 0.28
    rise: float = 52.0
    head: float = 0.32
    snout: float = 0.16
    ears: str = "flop"
    tail: str = "long"
    stride: float = 34.0
    mane: Colour = ""
    horns: Colour = ""
    spots: Colour = ""
    nose: Colour = "3a3040"
    wool: bool = False
    trunk: bool = False


def quadruped(build: Build, gait: Gait, voice: float) -> Parts:
    b = build
    back = b.high + b.wide * 0.75
    parts = [solid((b.wide, b.wide * 0.95, b.long), (0, back, 0), b.coat, (0.85, 0.75))]
    if b.belly:
        under = (b.wide * 0.8, b.wide * 0.7, b.long * 0.85)
        parts.append(solid(under, (0, back - b.wide * 0.36, 0), b.belly, (0.9, 0.8)))
    if b.spots:
        for side, z in ((1, 0.25), (-1, 0.05), (1, -0.3), (-1, -0.38), (-1, 0.4)):
            at = (side * b.wide * 0.62, back + b.wide * 0.2, z)
            parts.append(ball((b.wide * 0.5, b.wide * 0.5, b.wide * 0.55), at, b.spots))
    if b.wool:
        for u in _fleece():
            at = (u[0] * b.wide * 0.9, back + u[1] * b.wide * 0.85, u[2] * b.long * 0.95)
            parts.append(ball(0.14, at, b.coat))
    parts += _head(b, back, gait, voice)
    parts += _legs(b, back, gait)
    parts += _tail(b, back, gait, voice)
    leap = 0.03 * abs(sway(gait)) if gait is not None else 0.1 * abs(voice)
    return moved(parts, (0, leap, 0))


def _fleece() -> np.ndarray:
    """Directions spread evenly over a ball (Fibonacci's lattice)."""
    k = np.arange(28) + 0.5
    y, a = 1 - 2 * k / 28, k * np.pi * (3 - 5**0.5)
    r = np.sqrt(1 - y * y)
    return np.stack([r * np.cos(a), y, r * np.sin(a)], 1)


def _head(b: Build, back: float, gait: Gait, voice: float) -> Parts:
    rise = np.radians(b.rise)
    foot_z, foot_y = b.long * 0.8, back + b.wide * 0.35
    z, y = foot_z + b.neck * np.cos(rise), foot_y + b.neck * np.sin(rise)
    h, open_by = b.head, abs(voice)
    face = b.belly or b.coat
    parts = [
        limb(h * 0.55, (0, foot_y, foot_z), (0, y, z), b.coat),
        solid((h * 0.8, h * 0.82, h * 0.92), (0, y, z), b.coat, (0.9, 0.9)),
        solid((h * 0.5, h * 0.36, b.snout), (0, y - h * 0.18, z + h * 0.75), face, SOFT),
        ball((h * 0.3, h * 0.22, 0.06), (0, y - h * 0.05, z + h * 0.75 + b.snout * 0.85), b.nose),
        *pair(ball((h * 0.15, h * 0.2, h * 0.12), (h * 0.47, y + h * 0.24, z + h * 0.7), BLACK)),
    ]
    jaw = [solid((h * 0.42, h * 0.14, b.snout * 0.9), (0, y - h * 0.5, z + h * 0.7), face, SOFT)]
    if open_by > 0.2:
        mouth = (h * 0.36, h * 0.22 * open_by, b.snout * 0.8)
        parts.append(ball(mouth, (0, y - h * 0.5, z + h * 0.78), "8c2436"))
    parts += turned(jaw, (0, y - h * 0.4, z + h * 0.3), (34 * open_by, 0, 0))
    parts += _ears(b, y, z)
    if b.mane:
        for t in np.linspace(0, 1, 6):
            at = (0, foot_y + (y - foot_y) * t + h * 0.5, foot_z + (z - foot_z) * t - h * 0.5)
            parts.append(ball((0.07, 0.15, 0.15), at, b.mane))
        parts.append(ball((0.09, 0.12, 0.1), (0, y + h * 0.8, z + 0.02), b.mane))
    if b.trunk:
        for k in range(7):
            at = (
                0,
                y - h * (0.3 + 0.3 * k),
                z + h * 0.95 + 0.06 * np.sin(k * 0.7) + 0.1 * k * open_by,
            )
            parts.append(ball(h * 0.32 * (1 - k * 0.07), at, b.coat))
    nod = 5 * sway(gait, 0, 2) - 26 * open_by
    return turned(parts, (0, foot_y, foot_z), (nod, 0, 5 * voice))


def _ears(b: Build, y: float, z: float) -> Parts:
    h = b.head
    if b.ears == "flop":
        return pair(
            solid((0.07, h * 0.6, h * 0.36), (h * 0.8, y + h * 0.02, z - h * 0.1), "a86a35", SOFT)
        )
    if b.ears == "up":
        up = solid(
            (h * 0.26, h * 0.42, 0.07),
            (h * 0.5, y + h * 0.9, z - h * 0.1),
            b.coat,
            SOFT,
            taper=(-0.7, -0.3),
        )
        return pair(up)
    if b.ears == "round":
        return pair(ball((h * 0.28, h * 0.28, 0.08), (h * 0.62, y + h * 0.75, z - h * 0.1), b.coat))
    if b.ears == "big":
        wide = solid(
            (h * 0.78, h * 0.9, 0.07),
            (h * 1.15, y + h * 0.1, z - h * 0.3),
            b.coat,
            SOFT,
            (0, 25, 0),
        )
        return pair(wide)
    parts = pair(solid((h * 0.42, h * 0.18, 0.07), (h, y + h * 0.35, z - h * 0.2), b.coat, SOFT))
    if b.horns:
        horn = solid(
            (0.06, h * 0.42, 0.06),
            (h * 0.5, y + h * 0.95, z),
            b.horns,
            (0.8, 1),
            (0, 0, -25),
            (-0.6, -0.6),
        )
        parts += pair(horn)
    return parts


def _legs(b: Build, back: float, gait: Gait) -> Parts:
    """Diagonal pairs swing together, knees bend while a leg comes forward."""
    parts: Parts = []
    for side in (-1, 1):
        for end in (1, -1):
            shift = 0.0 if side * end > 0 else 0.5
            x, z = side * b.wide * 0.62, end * b.long * 0.68
            swing = b.stride * sway(gait, shift)
            bend = b.stride * max(0.0, 0 if gait is None else sway(gait, shift + 0.25))
            thigh = [limb(b.leg, (x, back - b.wide * 0.2, z), (x, b.high * 0.55, z), b.legs)]
            shin = [
                limb(b.leg * 0.88, (x, b.high * 0.55, z), (x, 0.08, z), b.legs),
                solid((b.leg, 0.07, b.leg * 1.3), (x, 0.06, z + 0.03), b.nose, (0.5, 0.8)),
            ]
            shin = turned(shin, (x, b.high * 0.55, z), (bend, 0, 0))
            parts += turned(thigh + shin, (x, back - b.wide * 0.2, z), (-swing, 0, 0))
    return parts


def _tail(b: Build, back: float, gait: Gait, voice: float) -> Parts:
    end = -b.long * 0.95
    wag = (0, 0, 20 * sway(gait, 0, 2) + 25 * voice)
    if b.tail == "long":
        tail = [limb(0.06, (0, back, end), (0, back + 0.36, end - 0.24), b.legs)]
    elif b.tail == "hair":
        tail = [limb(0.1, (0, back + 0.05, end), (0, back - 0.5, end - 0.2), b.mane or b.legs)]
    elif b.tail == "tuft":
        tail = [limb(0.05, (0, back, end), (0, back - 0.32, end - 0.16), b.legs)]
        tail += [ball(0.1, (0, back - 0.36, end - 0.18), b.mane or b.nose)]
    elif b.tail == "bush":
        tail = [limb(0.11, (0, back, end), (0, back - 0.12, end - 0.42), b.coat)]
    else:
        tail = [ball(0.08, (0, back + 0.1, end - 0.04), b.coat)]
    return turned(tail, (0, back, end), wag)


BUILDS = {
    "dog": Build(
        legs=BODY,
        belly="f0d3a4",
    ),
    "cat": Build(
        belly="fbe3c0",
        long=0.4,
        high=0.3,
        wide=0.21,
        leg=0.09,
        neck=0.2,
        head=0.32,
        snout=0.1,
        ears="up",
        nose=PINK,
    ),
    "horse": Build(
        long=0.6,
        high=0.54,
        wide=0.31,
        leg=0.12,
        neck=0.52,
        rise=55,
        head=0.29,
        snout=0.26,
        ears="up",
        tail="hair",
        mane="2f2238",
    ),
    "cow": Build(
        "f5f2f6",
        "f5f2f6",
        "f3b8c0",
        0.62,
        0.42,
        0.36,
        0.13,
        0.26,
        28,
        0.32,
        0.2,
        "side",
        "tuft",
        26,
        "",
        "e8dcc0",
        "3a3348",
    ),
    "pig": Build(
        long=0.5,
        high=0.22,
        wide=0.34,
        leg=0.11,
        neck=0.1,
        rise=20,
        head=0.32,
        snout=0.16,
        ears="up",
        tail="curl",
        stride=30,
        nose="d9628a",
    ),
    "sheep": Build(
        "f4f1f8",
        "4a4258",
        "4a4258",
        0.46,
        0.3,
        0.3,
        0.09,
        0.26,
        42,
        0.26,
        0.16,
        "side",
        "curl",
        28,
        wool=True,
    ),
    "goat": Build(
        belly="e9e2d6",
        long=0.46,
        high=0.38,
        wide=0.24,
        leg=0.1,
        neck=0.34,
        rise=60,
        head=0.27,
        snout=0.16,
        ears="side",
        tail="curl",
        horns="6b5a48",
    ),
    "wolf": Build(
        "8a8fa3",
        "8a8fa3",
        "d7d9e2",
        0.48,
        0.4,
        0.24,
        0.1,
        0.3,
        50,
        0.31,
        0.22,
        "up",
        "bush",
    ),
    "lion": Build(
        "e0a548",
        "e0a548",
        "f3d193",
        0.54,
        0.36,
        0.28,
        0.13,
        0.3,
        48,
        0.36,
        0.16,
        "round",
        "tuft",
        30,
        "8a4a22",
    ),
    "elephant": Build(
        long=0.66,
        high=0.48,
        wide=0.48,
        leg=0.19,
        neck=0.26,
        rise=28,
        head=0.42,
        snout=0.18,
        ears="big",
        tail="tuft",
        stride=20,
        trunk=True,
    ),
}


def lion_mane(parts: Parts, build: Build) -> Parts:
    """A ring of hair round the face."""
    b = build
    rise = np.radians(b.rise)
    y = b.high + b.wide * 1.1 + b.neck * np.sin(rise)
    z = b.long * 0.8 + b.neck * np.cos(rise)
    ring = [
        ball(0.17, (0.36 * np.cos(a), y + 0.36 * np.sin(a), z - 0.02), b.mane)
        for a in np.arange(12) * np.pi / 6
    ]
    return [*parts, *ring, ball((0.34, 0.36, 0.24), (0, y, z - 0.16), b.mane)]


def animal(name: str, gait: Gait, voice: float) -> Parts:
    build = BUILDS[name]
    parts = quadruped(build, gait, voice)
    if name == "lion":
        parts = lion_mane(parts, build)
    if name == "goat":
        y = build.high + build.wide * 1.1 + build.neck * 0.86
        parts.append(limb(0.07, (0, y - 0.1, 0.76), (0, y - 0.36, 0.74), "b9ae9c"))
    return parts


def frog(gait: Gait, voice: float) -> Parts:
    hop = max(0.0, sway(gait))
    throat = 0.1 + 0.16 * abs(voice)
    parts = [
        ball((0.36, 0.27, 0.4), (0, 0.3, 0), BODY),
        ball((0.32, 0.2, 0.3), (0, 0.5, 0.22), BODY),
        ball((0.28, 0.2, 0.3), (0, 0.24, 0.14), "e4f2c4"),
        ball((throat, throat * 0.9, throat), (0, 0.34, 0.42), "f2f6d8"),
        *pair(ball(0.12, (0.19, 0.7, 0.26), BODY)),
        *pair(ball((0.08, 0.09, 0.06), (0.2, 0.72, 0.35), WHITE)),
        *pair(ball((0.05, 0.06, 0.04), (0.2, 0.72, 0.4), BLACK)),
        *pair(limb(0.09, (0.26, 0.3, 0.22), (0.34, 0.06, 0.36), BODY)),
        *pair(limb(0.12, (0.3, 0.28, -0.2), (0.46, 0.14 - 0.1 * hop, -0.1 - 0.3 * hop), BODY)),
        *pair(ball((0.12, 0.05, 0.18), (0.42, 0.05 - 0.12 * hop, 0.02 - 0.34 * hop), BODY)),
        solid((0.2, 0.02, 0.06), (0, 0.46, 0.5), "4c7a3a", SOFT),
    ]
    return moved(parts, (0, 0.22 * hop + 0.06, 0))
