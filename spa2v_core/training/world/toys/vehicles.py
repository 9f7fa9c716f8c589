"""Toys that drive, float and fly. Wheels turn, masts sway and lights flash with the `gait`, 0..1;
`voice` -1..1 is the moment of a siren.
"""

from __future__ import annotations

import numpy as np

from .solids import (
    BODY,
    DARK,
    GLASS,
    GOLD,
    METAL,
    RED,
    SOFT,
    TYRE,
    WHITE,
    WOOD,
    Colour,
    Parts,
    ball,
    barrel,
    block,
    limb,
    moved,
    pair,
    solid,
    turned,
)

LAMP, TAIL, BLUE, PALE = "fff3b0", "ff3b3b", "3d8bff", "b9d6ff"


def _sine(gait: float, times: float = 1.0) -> float:
    return float(np.sin(2 * np.pi * gait * times))


def _wheel(
    x: float, z: float, radius: float, gait: float, width: float = 0.12, hub: Colour = METAL
) -> Parts:
    parts = [
        barrel((radius, width, radius), (0, 0, 0), TYRE, (0, 0, 90)),
        barrel((radius * 0.58, width * 1.08, radius * 0.58), (0, 0, 0), hub, (0, 0, 90)),
    ]
    for spoke in np.arange(4) * np.pi / 2:
        y, along = radius * 0.33 * np.cos(spoke), radius * 0.33 * np.sin(spoke)
        parts.append(ball((width * 1.18, radius * 0.15, radius * 0.15), (0, y, along), DARK))
    return moved(turned(parts, (0, 0, 0), (gait * 90, 0, 0)), (x, radius, z))


def _axles(
    x: float, at: tuple[float, ...], radius: float, gait: float, width: float = 0.12
) -> Parts:
    return [p for side in (-x, x) for z in at for p in _wheel(side, z, radius, gait, width)]


def _lamps(x: float, y: float, front: float, back: float, size: float = 0.1) -> Parts:
    return [
        *pair(ball((size, size, 0.05), (x, y, front), LAMP)),
        *pair(ball((size, size * 0.85, 0.05), (x, y, back), TAIL)),
    ]


def _beacon(y: float, z: float, gait: float, voice: float, apart: float = 0.18) -> Parts:
    """Two lamps in turn: with the siren, or while it drives."""
    left = voice > 0.3 or abs(voice) <= 0.3 and gait % 0.5 < 0.25
    paints = (BLUE, "ff9aa6") if left else (PALE, "ff2f45")
    return [
        block((apart * 1.7, 0.06, 0.09), (0, y, z), DARK),
        ball((0.13, 0.11, 0.1), (apart, y + 0.06, z), paints[0]),
        ball((0.13, 0.11, 0.1), (-apart, y + 0.06, z), paints[1]),
    ]


def car(gait: float, voice: float = 0.0, kind: str = "") -> Parts:
    paint = {"taxi": BODY, "police": "33406e"}.get(kind, BODY)
    parts = [
        solid((0.47, 0.25, 0.98), (0, 0.46, 0), paint, (0.4, 0.35)),
        solid((0.41, 0.28, 0.58), (0, 0.86, -0.08), GLASS, (0.45, 0.35), taper=(-0.16, -0.22)),
        solid((0.37, 0.06, 0.44), (0, 1.12, -0.08), paint, (0.5, 0.35)),
        solid((0.48, 0.055, 1.0), (0, 0.33, 0), DARK, (0.4, 0.35)),
        block((0.2, 0.08, 0.03), (0, 0.44, 0.98), DARK),
        block((0.18, 0.06, 0.02), (0, 0.42, -0.98), WHITE),
        *pair(block((0.03, 0.26, 0.05), (0.4, 0.86, -0.1), paint, (0, 0, 6))),
        *_lamps(0.33, 0.52, 0.965, -0.965),
    ]
    if kind == "taxi":
        parts.append(block((0.2, 0.1, 0.09), (0, 1.25, -0.08), WHITE))
        for k in range(8):
            parts += pair(block((0.03, 0.05, 0.05), (0.47, 0.46, -0.7 + 0.2 * k), DARK))
    if kind == "police":
        parts += _beacon(1.2, -0.08, gait, voice)
        parts.append(solid((0.482, 0.13, 0.42), (0, 0.5, 0), WHITE, (0.4, 0.3)))
        parts.append(block((0.22, 0.02, 0.2), (0, 0.7, 0.72), WHITE))
    return moved(parts, (0, 0.012 * _sine(gait, 2), 0)) + _axles(0.4, (-0.6, 0.6), 0.26, gait)


def taxi(gait: float) -> Parts:
    return car(gait, kind="taxi")


def police_car(gait: float, voice: float) -> Parts:
    return car(gait, voice, "police")


def race_car(gait: float) -> Parts:
    parts = [
        solid((0.3, 0.16, 1.0), (0, 0.36, -0.1), BODY, (0.6, 0.6), taper=(0.1, 0)),
        solid((0.17, 0.11, 0.6), (0, 0.34, 0.95), BODY, (0.6, 0.6)),
        block((0.62, 0.04, 0.16), (0, 0.22, 1.4), WHITE),
        block((0.6, 0.05, 0.16), (0, 0.78, -1.15), DARK),
        *pair(block((0.03, 0.2, 0.12), (0.45, 0.6, -1.15), DARK)),
        ball((0.16, 0.17, 0.17), (0, 0.62, -0.05), WHITE),
        block((0.13, 0.05, 0.06), (0, 0.63, 0.09), DARK),
        solid((0.14, 0.2, 0.3), (0, 0.56, -0.5), BODY, (0.7, 0.7)),
        block((0.12, 0.1, 0.02), (0, 0.5, -1.14), TAIL),
    ]
    return parts + _axles(0.56, (-0.85, 0.85), 0.29, gait, 0.17)


def van(gait: float) -> Parts:
    parts = [
        solid((0.5, 0.32, 1.2), (0, 0.58, 0), BODY, (0.3, 0.28)),
        solid((0.48, 0.32, 1.12), (0, 1.12, -0.05), WHITE, (0.35, 0.3), taper=(-0.08, -0.06)),
        block((0.49, 0.2, 0.32), (0, 1.16, 0.5), GLASS),
        solid((0.4, 0.22, 0.05), (0, 1.15, 1.03), GLASS, (0.3, 0.3), (-8, 0, 0)),
        block((0.34, 0.2, 0.04), (0, 1.17, -1.12), GLASS),
        block((0.49, 0.2, 0.36), (0, 1.16, -0.55), GLASS),
        solid((0.51, 0.05, 1.21), (0, 0.36, 0), DARK, (0.3, 0.28)),
        block((0.24, 0.08, 0.03), (0, 0.6, 1.19), DARK),
        *_lamps(0.37, 0.62, 1.18, -1.18, 0.11),
    ]
    return moved(parts, (0, 0.012 * _sine(gait, 2), 0)) + _axles(0.43, (-0.72, 0.72), 0.26, gait)


def bus(gait: float) -> Parts:
    parts = [
        solid((0.57, 0.74, 1.4), (0, 1.02, 0), BODY, (0.25, 0.22)),
        solid((0.58, 0.28, 1.3), (0, 1.27, -0.02), GLASS, (0.25, 0.2)),
        solid((0.5, 0.36, 0.06), (0, 1.22, 1.38), GLASS, (0.3, 0.3)),
        solid((0.44, 0.25, 0.06), (0, 1.28, -1.38), GLASS, (0.3, 0.3)),
        solid((0.585, 0.1, 1.41), (0, 0.62, 0), WHITE, (0.25, 0.22)),
        solid((0.44, 0.06, 1.2), (0, 1.78, 0), WHITE, (0.4, 0.3)),
        block((0.32, 0.1, 0.03), (0, 1.64, 1.4), DARK),
        block((0.22, 0.08, 0.03), (0, 0.46, 1.41), DARK),
        *(block((0.59, 0.29, 0.06), (0, 1.27, -0.98 + 0.49 * k), BODY) for k in range(5)),
        *pair(ball((0.06, 0.14, 0.06), (0.66, 1.26, 1.3), DARK)),
        *_lamps(0.41, 0.5, 1.4, -1.4, 0.11),
    ]
    return moved(parts, (0, 0.014 * _sine(gait, 2), 0)) + _axles(0.49, (-0.85, 0.85), 0.29, gait)


def truck(gait: float, voice: float = 0.0, kind: str = "") -> Parts:
    cab = {"ambulance": WHITE, "fire": RED}.get(kind, "4f8de0")
    load = {"ambulance": WHITE, "fire": RED}.get(kind, BODY)
    parts = [
        solid((0.53, 0.52, 0.5), (0, 0.9, 0.9), cab, (0.35, 0.3)),
        solid((0.51, 0.22, 0.43), (0, 1.12, 1.03), GLASS, (0.35, 0.3)),
        solid((0.56, 0.7, 0.9), (0, 1.1, -0.5), load, (0.18, 0.18)),
        block((0.5, 0.08, 1.4), (0, 0.38, 0), DARK),
        block((0.3, 0.1, 0.03), (0, 0.64, 1.4), DARK),
        *(block((0.5, 0.02, 0.02), (0, y, -1.41), DARK) for y in (0.75, 1.2)),
        *_lamps(0.38, 0.62, 1.37, -1.4, 0.11),
    ]
    if kind:
        parts += _beacon(1.46, 0.95, gait, voice, 0.16)
    if kind == "ambulance":
        parts += [
            solid((0.57, 0.09, 0.91), (0, 0.72, -0.5), RED, (0.18, 0.18)),
            *(
                block(size, (0, 1.28, -0.5), RED)
                for size in ((0.575, 0.27, 0.09), (0.575, 0.09, 0.27))
            ),
            *(
                block(size, (0, 1.3, -0.5), RED)
                for size in ((0.24, 0.08, 0.915), (0.08, 0.24, 0.915))
            ),
        ]
    if kind == "fire":
        parts += [
            *pair(block((0.035, 0.04, 1.1), (0.17, 1.92, -0.2), METAL)),
            *(block((0.17, 0.03, 0.035), (0, 1.92, -1.1 + 0.3 * k), METAL) for k in range(7)),
            solid((0.57, 0.09, 0.91), (0, 0.78, -0.5), GOLD, (0.18, 0.18)),
        ]
    return moved(parts, (0, 0.012 * _sine(gait, 2), 0)) + _axles(0.46, (-0.9, 0.85), 0.29, gait)


def ambulance(gait: float, voice: float) -> Parts:
    return truck(gait, voice, "ambulance")


def fire_truck(gait: float, voice: float) -> Parts:
    return truck(gait, voice, "fire")


def tractor(gait: float) -> Parts:
    parts = [
        solid((0.28, 0.26, 0.55), (0, 0.78, 0.5), BODY, (0.35, 0.35)),
        block((0.24, 0.2, 0.03), (0, 0.78, 1.04), DARK),
        solid((0.42, 0.42, 0.36), (0, 1.25, -0.35), GLASS, (0.3, 0.3)),
        *(
            block((0.05, 0.45, 0.05), (x, 1.25, z), BODY)
            for x in (-0.4, 0.4)
            for z in (-0.68, -0.02)
        ),
        block((0.48, 0.06, 0.42), (0, 1.7, -0.35), BODY),
        block((0.4, 0.16, 0.5), (0, 0.74, -0.35), BODY),
        barrel((0.05, 0.28, 0.05), (0.14, 1.2, 0.7), DARK),
        *_lamps(0.17, 0.95, 1.04, -0.85, 0.07),
    ]
    smoke = [
        ball(0.07 + 0.09 * t, (0.14, 1.55 + 0.3 * t, 0.7 - 0.3 * t), "cfcdd8")
        for t in ((gait + k / 2) % 1 for k in range(2))
    ]
    parts += [p for x in (-0.52, 0.52) for p in _wheel(x, -0.4, 0.55, gait, 0.2, GOLD)]
    parts += [p for x in (-0.4, 0.4) for p in _wheel(x, 0.72, 0.34, gait, 0.14, GOLD)]
    return parts + smoke


def train(gait: float) -> Parts:
    """A steam engine; its rods go round, its smoke goes up."""
    parts = [
        barrel((0.4, 0.9, 0.4), (0, 1.0, 0.4), "4a4366", (90, 0, 0)),
        barrel((0.41, 0.07, 0.41), (0, 1.0, 1.26), METAL, (90, 0, 0)),
        barrel((0.3, 0.06, 0.3), (0, 1.0, 1.33), DARK, (90, 0, 0)),
        solid((0.17, 0.3, 0.17), (0, 1.52, 0.92), DARK, (0.25, 1), taper=(0.3, 0.3)),
        barrel((0.23, 0.07, 0.23), (0, 1.85, 0.92), GOLD),
        ball(0.17, (0, 1.42, 0.3), GOLD),
        solid((0.52, 0.64, 0.48), (0, 1.15, -0.82), BODY, (0.25, 0.25)),
        block((0.53, 0.22, 0.3), (0, 1.42, -0.82), GLASS),
        block((0.32, 0.22, 0.5), (0, 1.42, -0.82), GLASS),
        solid((0.6, 0.08, 0.6), (0, 1.84, -0.82), DARK, (0.5, 0.3)),
        block((0.47, 0.13, 1.35), (0, 0.54, 0), BODY),
        solid((0.52, 0.2, 0.17), (0, 0.34, 1.38), RED, (0.3, 0.3), taper=(-0.25, -0.2)),
        ball((0.14, 0.14, 0.06), (0, 1.36, 1.3), LAMP),
        *pair(ball((0.08, 0.08, 0.05), (0.36, 0.56, -1.34), TAIL)),
    ]
    for x in (-0.43, 0.43):
        for z, radius in ((-0.88, 0.32), (-0.2, 0.32), (0.45, 0.32), (1.02, 0.2)):
            parts += _wheel(x, z, radius, gait, 0.07, BODY)
    crank = 2 * np.pi * gait
    rod = (0.53, 0.32 + 0.15 * np.cos(crank), -0.2 + 0.15 * np.sin(crank))
    parts += pair(block((0.035, 0.06, 0.75), rod, METAL))
    for k in range(3):
        t = (gait + k / 3) % 1
        parts.append(ball(0.13 + 0.2 * t, (0.05, 2.05 + 0.5 * t, 0.92 - 0.75 * t), "eceaf4"))
    return parts


def tram(gait: float) -> Parts:
    parts = [
        solid((0.52, 0.34, 1.5), (0, 0.62, 0), BODY, (0.25, 0.22)),
        solid((0.5, 0.42, 1.46), (0, 1.3, 0), WHITE, (0.3, 0.25)),
        *(block((0.515, 0.26, 0.22), (0, 1.34, -1.0 + 0.5 * k), GLASS) for k in range(5)),
        solid((0.38, 0.3, 0.05), (0, 1.32, 1.45), GLASS, (0.3, 0.3)),
        solid((0.38, 0.28, 0.05), (0, 1.32, -1.45), "5d7f9e", (0.3, 0.3)),
        solid((0.46, 0.07, 1.4), (0, 1.78, 0), BODY, (0.4, 0.3)),
        block((0.3, 0.1, 0.03), (0, 1.68, 1.47), GOLD),
        ball((0.13, 0.13, 0.05), (0, 0.72, 1.49), LAMP),
        *pair(ball((0.09, 0.08, 0.05), (0.33, 0.66, -1.49), TAIL)),
        block((0.44, 0.12, 1.2), (0, 0.24, 0), DARK),
        limb(0.03, (0, 1.85, -0.35), (0, 2.12, 0.1), DARK),
        limb(0.03, (0, 2.12, 0.1), (0, 2.36, -0.2), DARK),
        block((0.36, 0.03, 0.05), (0, 2.38, -0.2), DARK),
    ]
    wheels = _axles(0.38, (-0.85, -0.5, 0.5, 0.85), 0.19, gait, 0.08)
    return turned(parts, (0, 0.2, 0), (0, 0, 0.8 * _sine(gait))) + wheels


def _rider(y: float, z: float, helmet: Colour, lean: float = 12.0) -> Parts:
    return [
        solid((0.17, 0.26, 0.13), (0, y + 0.26, z), "3f6fc4", (0.7, 0.8), (lean, 0, 0)),
        ball((0.17, 0.18, 0.18), (0, y + 0.7, z + 0.12), helmet),
        ball((0.12, 0.1, 0.06), (0, y + 0.68, z + 0.26), "ffc83d"),
        *pair(limb(0.055, (0.18, y + 0.42, z + 0.05), (0.22, y + 0.14, z + 0.42), "3f6fc4")),
        *pair(limb(0.075, (0.11, y + 0.03, z), (0.14, y - 0.12, z + 0.34), "4a4a68")),
        *pair(limb(0.065, (0.14, y - 0.12, z + 0.34), (0.12, y - 0.48, z + 0.2), "4a4a68")),
    ]


def motorcycle(gait: float) -> Parts:
    parts = [
        solid((0.15, 0.19, 0.32), (0, 0.8, 0.14), BODY, (0.7, 0.7)),
        solid((0.14, 0.09, 0.32), (0, 0.82, -0.32), DARK, (0.6, 0.5)),
        solid((0.16, 0.2, 0.24), (0, 0.46, 0.05), METAL, (0.5, 0.5)),
        limb(0.06, (0, 0.36, 0.74), (0, 1.0, 0.42), METAL),
        block((0.36, 0.04, 0.04), (0, 1.04, 0.42), DARK),
        ball((0.15, 0.16, 0.11), (0, 0.92, 0.54), LAMP),
        ball((0.11, 0.08, 0.1), (0, 0.84, -0.64), TAIL),
        solid((0.13, 0.06, 0.22), (0, 0.7, 0.74), BODY, (0.7, 0.6)),
        limb(0.06, (0.17, 0.36, 0.0), (0.17, 0.36, -0.7), METAL),
        *_rider(0.92, -0.3, RED),
    ]
    parts = turned(parts, (0, 0, 0), (0, 0, 2 * _sine(gait)))
    return parts + _wheel(0, 0.74, 0.35, gait, 0.1) + _wheel(0, -0.56, 0.35, gait, 0.12)


def scooter(gait: float) -> Parts:
    parts = [
        solid((0.19, 0.24, 0.32), (0, 0.55, -0.38), BODY, (0.7, 0.6)),
        solid((0.2, 0.42, 0.07), (0, 0.62, 0.45), BODY, (0.5, 0.5), (-14, 0, 0)),
        block((0.17, 0.05, 0.3), (0, 0.28, 0.1), DARK),
        solid((0.15, 0.07, 0.28), (0, 0.82, -0.36), DARK, (0.7, 0.6)),
        block((0.3, 0.04, 0.04), (0, 1.06, 0.36), DARK),
        ball((0.13, 0.13, 0.09), (0, 1.02, 0.44), LAMP),
        ball((0.09, 0.07, 0.06), (0, 0.62, -0.7), TAIL),
        *_rider(0.88, -0.32, WHITE, 4),
    ]
    return parts + _wheel(0, 0.55, 0.22, gait, 0.09) + _wheel(0, -0.5, 0.22, gait, 0.1)


def bicycle(gait: float) -> Parts:
    """With its rider, whose legs go round."""
    parts: Parts = []
    for z in (-0.52, 0.52):
        ring = [
            ball((0.05, 0.07, 0.07), (0, 0.36 * np.cos(a), 0.36 * np.sin(a)), TYRE)
            for a in np.arange(16) * np.pi / 8
        ]
        spokes = [
            limb(0.014, (0, 0, 0), (0, 0.33 * np.cos(a), 0.33 * np.sin(a)), METAL)
            for a in np.arange(4) * np.pi / 2
        ]
        wheel = turned([*ring, *spokes], (0, 0, 0), (gait * 90, 0, 0))
        parts += moved(wheel, (0, 0.42, z))
    frame = [((0, 0.42, -0.52), (0, 0.84, -0.2)), ((0, 0.84, -0.2), (0, 0.86, 0.36))]
    frame += [((0, 0.38, -0.02), (0, 0.84, -0.22)), ((0, 0.38, -0.02), (0, 0.86, 0.36))]
    frame += [((0, 0.42, 0.52), (0, 1.0, 0.34)), ((0, 0.42, -0.52), (0, 0.38, -0.02))]
    parts += [limb(0.045, a, b, BODY) for a, b in frame]
    parts += [block((0.26, 0.035, 0.035), (0, 1.02, 0.36), DARK)]
    parts += [solid((0.1, 0.05, 0.15), (0, 0.92, -0.24), DARK, (0.7, 0.7))]
    parts += [
        solid((0.18, 0.27, 0.13), (0, 1.22, -0.12), "f2f2f7", (0.7, 0.8), (24, 0, 0)),
        ball((0.17, 0.18, 0.18), (0, 1.68, 0.1), "ffc83d"),
        ball((0.185, 0.12, 0.2), (0, 1.78, 0.08), RED),
        *pair(limb(0.05, (0.18, 1.36, 0.0), (0.22, 1.06, 0.34), "ffc83d")),
    ]
    for side, turn in ((-1, 0.0), (1, 0.5)):
        a = 2 * np.pi * (gait + turn)
        pedal = (side * 0.13, 0.38 + 0.15 * np.cos(a), -0.02 + 0.15 * np.sin(a))
        knee = (side * 0.13, 0.78 + 0.07 * np.cos(a), 0.2)
        parts += [limb(0.07, (side * 0.1, 0.98, -0.22), knee, "4a4a68")]
        parts += [limb(0.06, knee, pedal, "4a4a68"), ball((0.07, 0.05, 0.12), pedal, DARK)]
    return parts


def boat(gait: float) -> Parts:
    parts = [
        solid((0.44, 0.26, 1.0), (0, 0.25, 0), BODY, (0.5, 0.7), taper=(0.25, 0.12)),
        solid((0.46, 0.06, 1.06), (0, 0.47, 0), "f0d9a8", (0.5, 0.7)),
        barrel((0.055, 0.85, 0.055), (0, 1.25, 0.08), WOOD),
        solid((0.03, 0.72, 0.42), (0, 1.28, -0.42), WHITE, (0.5, 0.5), taper=(0, -0.95)),
        solid((0.03, 0.58, 0.34), (0, 1.12, 0.54), "ffb03a", (0.5, 0.5), taper=(0, -0.95)),
        ball((0.12, 0.1, 0.05), (0, 0.36, -0.98), TAIL),
    ]
    return turned(parts, (0, 0, 0), (3 * _sine(gait), 14, 5 * _sine(gait + 0.25)))


def speedboat(gait: float) -> Parts:
    parts = [
        solid((0.4, 0.22, 1.1), (0, 0.26, 0), BODY, (0.5, 0.7), (-5, 0, 0), taper=(0.3, 0.14)),
        solid((0.42, 0.05, 1.14), (0, 0.44, 0.02), WHITE, (0.5, 0.7), (-5, 0, 0)),
        solid((0.3, 0.16, 0.1), (0, 0.62, 0.25), GLASS, (0.5, 0.5), (-35, 0, 0)),
        block((0.28, 0.12, 0.3), (0, 0.52, -0.25), "a8653c"),
        block((0.14, 0.2, 0.1), (0, 0.42, -1.12), DARK),
        *_rider_bust(0.58, -0.1),
    ]
    spray = [
        ball(
            0.08 + 0.05 * ((k + 4 * gait) % 2), (x * (0.3 + 0.12 * k), 0.1, -0.8 - 0.16 * k), WHITE
        )
        for k in range(3)
        for x in (-1, 1)
    ]
    return turned(parts, (0, 0, 0), (3 * _sine(gait), 0, 0)) + spray


def _rider_bust(y: float, z: float) -> Parts:
    return [
        solid((0.14, 0.16, 0.1), (0, y + 0.12, z), RED, (0.7, 0.8)),
        ball(0.14, (0, y + 0.4, z), "ffc83d"),
        ball((0.145, 0.08, 0.15), (0, y + 0.48, z - 0.02), WHITE),
    ]


def ship(gait: float) -> Parts:
    parts = [
        solid((0.46, 0.3, 1.5), (0, 0.3, 0), "34406a", (0.45, 0.6), taper=(0.2, 0.12)),
        solid((0.48, 0.06, 1.54), (0, 0.58, 0), RED, (0.45, 0.6)),
        solid((0.38, 0.2, 0.95), (0, 0.8, -0.1), WHITE, (0.3, 0.3)),
        solid((0.34, 0.17, 0.65), (0, 1.12, -0.1), WHITE, (0.3, 0.3)),
        *(block((0.385, 0.07, 0.08), (0, 0.82, -0.85 + 0.25 * k), GLASS) for k in range(7)),
        *(block((0.345, 0.06, 0.07), (0, 1.13, -0.6 + 0.25 * k), GLASS) for k in range(5)),
        block((0.26, 0.07, 0.03), (0, 1.14, 0.55), DARK),
    ]
    for z in (0.2, -0.4):
        parts += [
            solid((0.15, 0.3, 0.15), (0, 1.55, z), RED, (0.3, 1), (-6, 0, 0)),
            barrel((0.155, 0.07, 0.155), (0, 1.8, z - 0.02), DARK),
        ]
        t = (gait + (0.5 if z > 0 else 0)) % 1
        parts.append(ball(0.1 + 0.1 * t, (0, 1.98 + 0.25 * t, z - 0.4 * t), "d5d3de"))
    return turned(parts, (0, 0, 0), (0, 0, 2 * _sine(gait)))


def airplane(gait: float) -> Parts:
    on = gait % 0.5 < 0.25
    parts = [
        solid((0.3, 1.25, 0.3), (0, 0.9, 0), WHITE, (0.7, 1), (90, 0, 0)),
        solid((1.45, 0.05, 0.3), (0, 0.84, 0.1), BODY, (0.5, 0.5)),
        solid((0.55, 0.045, 0.18), (0, 1.0, -1.05), BODY, (0.5, 0.5)),
        solid((0.05, 0.38, 0.22), (0, 1.3, -1.05), BODY, (0.4, 0.5)),
        solid((0.22, 0.12, 0.22), (0, 1.07, 0.92), GLASS, SOFT),
        *pair(barrel((0.14, 0.22, 0.14), (0.62, 0.68, 0.25), METAL, (90, 0, 0))),
        *pair(barrel((0.12, 0.02, 0.12), (0.62, 0.68, 0.48), DARK, (90, 0, 0))),
        *(ball((0.305, 0.06, 0.06), (0, 0.96, -0.75 + 0.25 * k), GLASS) for k in range(6)),
        ball(0.06, (1.45, 0.86, 0.1), "30d060" if on else WHITE),
        ball(0.06, (-1.45, 0.86, 0.1), TAIL if on else WHITE),
    ]
    return turned(parts, (0, 0.9, 0), (0, 0, 4 * _sine(gait)))


def helicopter(gait: float) -> Parts:
    parts = [
        solid((0.44, 0.44, 0.62), (0, 0.87, 0.25), BODY, (0.9, 0.9)),
        solid((0.38, 0.32, 0.36), (0, 0.95, 0.6), GLASS, (0.9, 0.9)),
        solid((0.12, 0.12, 0.75), (0, 1.02, -0.75), BODY, (0.6, 0.8)),
        solid((0.05, 0.3, 0.16), (0, 1.24, -1.38), BODY, (0.4, 0.5)),
        barrel((0.07, 0.14, 0.07), (0, 1.36, 0.2), DARK),
        ball(0.07, (0, 1.0, -1.5), TAIL),
        *pair(solid((0.045, 0.045, 0.6), (0.36, 0.26, 0.2), METAL, (0.5, 0.8))),
        *(
            block((0.035, 0.16, 0.035), (x, 0.42, z), METAL)
            for x in (-0.32, 0.32)
            for z in (0, 0.45)
        ),
    ]
    blades = [
        solid(half, (0, 1.48, 0.2), DARK, (0.4, 0.4))
        for half in ((1.2, 0.03, 0.1), (0.1, 0.03, 1.2))
    ]
    parts += turned(blades, (0, 1.48, 0.2), (0, gait * 90 + 20, 0))
    tail = [block((0.03, 0.32, 0.06), (0.12, 1.24, -1.38), DARK)]
    return parts + turned(tail, (0.12, 1.24, -1.38), (gait * 180, 0, 0))
