"""Backgrounds of the cartoon world out of doors, one function per scene; `draw_scene` for all.

Every painter returns the row, as a fraction of the height, below which things stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import avenues
from .interiors import INTERIORS
from .paint import COLUMNS, HEIGHT, ROWS, WIDTH, Painter, Rng

__all__ = ["ALONG", "HEIGHT", "SCENE_PAINTERS", "WIDTH", "Scenery", "draw_scene"]

#: Scenes with ways that can be seen along.
ALONG = ("road", "highway", "street", "station", "field", "farm", "forest", "snow", "desert")


@dataclass(frozen=True)
class Scenery:
    """picture (160, 256, 3) uint8 RGB; ground: row where things begin to stand, 0..1;
    vanishing_x: column that ways run to, None where they run across."""

    picture: np.ndarray
    ground: float
    vanishing_x: float | None = None


def draw_scene(name: str, rng: Rng, light: str = "day", along: bool = False) -> Scenery:
    """One picture of scene `name`, with its ways along the view or across it."""
    painter = Painter.blank(rng, light, along)
    ground = SCENE_PAINTERS[name](painter)
    return Scenery(painter.picture(), ground, painter.vanishing_x if along else None)


def _hills(p: Painter, horizon: float) -> None:
    """Sky, far and near hills."""
    p.sky(horizon)
    if p.chance(0.7):
        p.ridge(horizon, 0.2, p.one_of((140, 175, 190), (150, 185, 165), (165, 170, 200)))
    p.ridge(horizon, 0.1, p.shade((110, 178, 92)))


def _road(p: Painter) -> float:
    if p.along:
        return avenues.road(p, _hills)
    horizon = p.row(0.4, 0.5)
    _hills(p, horizon)
    p.gradient(horizon, 1, p.shade((128, 190, 92)), p.shade((92, 152, 68)))
    for _ in range(p.rng.integers(0, 5)):
        x, size = p.column(0, 1), p.size(0.5, 0.75)
        grow = p.tree if p.chance(0.6) else p.bush
        grow(x, horizon + 0.05, size, p.shade((80, 150, 75)))
    if p.chance(0.3):
        p.fence(horizon + 0.02, p.shade((200, 175, 135), 8))
    p.asphalt(horizon + 0.1, 0.95, (0.48,), (92, 94, 106))
    return horizon + 0.1


def _highway(p: Painter) -> float:
    if p.along:
        return avenues.highway(p, _hills)
    horizon = p.row(0.4, 0.45)
    _hills(p, horizon)
    p.gradient(horizon, horizon + 0.08, p.shade((120, 180, 88)), p.shade((105, 165, 78)))
    if p.chance(0.6):
        x = p.column(0.06, 0.6)
        for post in (x + 0.02, x + 0.24):
            p.box(post, horizon - 0.16, post + 0.01, horizon + 0.06, (120, 125, 130))
        p.box(x, horizon - 0.28, x + 0.27, horizon - 0.12, p.shade((30, 120, 80), 6))
        for y, wide in ((0.25, 0.2), (0.2, 0.14)):
            p.box(x + 0.03, horizon - y, x + 0.03 + wide, horizon - y + 0.018, (235, 240, 235))
    p.asphalt(horizon + 0.07, 1, (0.34, 0.68), (100, 102, 112))
    for x in np.arange(1 / COLUMNS, 1, 3 / COLUMNS):
        p.box(x, horizon + 0.04, x + 0.008, horizon + 0.085, (130, 134, 140))
    p.box(0, horizon + 0.03, 1, horizon + 0.055, (190, 194, 200))
    return horizon + 0.08


def _house(p: Painter, x: float, base: float, columns: int, floors: int) -> None:
    """A house front with a window in every two columns, and a shop below."""
    wide, top = columns / COLUMNS, base - (3 + 2 * floors) / ROWS
    p.box(x, top, x + wide, base, p.one_of(*_WALLS))
    p.box(x - 0.004, top, x + wide + 0.004, top + 0.02, p.shade((120, 105, 100), 5))
    share = {"day": 0.0, "dusk": 0.45, "night": 0.6}[p.light]
    for y in np.arange(top + 0.6 / ROWS, base - 3 / ROWS, 2 / ROWS):
        for column in np.arange(x + 0.5 / COLUMNS, x + wide - 1 / COLUMNS, 2 / COLUMNS):
            lit = p.chance(share)
            glass = (255, 214, 110) if lit else p.shade((175, 215, 240), 3)
            p.box(column, y, column + 1 / COLUMNS, y + 1.3 / ROWS, glass, lit=lit)
    lit = p.light != "day" and p.chance(0.7)
    shop = (255, 226, 150) if lit else (95, 110, 130)
    p.box(x + 0.4 / COLUMNS, base - 2 / ROWS, x + wide - 0.4 / COLUMNS, base, shop, lit)
    awning = p.one_of((215, 70, 70), (70, 140, 100), (70, 110, 180), (230, 170, 60))
    p.box(x + 0.2 / COLUMNS, base - 2.6 / ROWS, x + wide - 0.2 / COLUMNS, base - 1.6 / ROWS, awning)


_WALLS = ((205, 150, 120), (225, 200, 160), (170, 180, 200), (200, 120, 105), (215, 215, 205))


def _street(p: Painter) -> float:
    if p.along:
        return avenues.street(p, _WALLS)
    horizon = p.row(0.45, 0.5)
    p.sky(horizon, 0.35)
    x = p.column(-0.1, 0)
    while x < 1:  # a paler row of towers behind
        wide = p.size(3, 4) / COLUMNS
        p.box(x, horizon - p.row(0.3, 0.4), x + wide, horizon, p.shade((165, 180, 205), 5))
        x += wide + p.column(0, 0.06)
    x = p.column(-0.12, 0)
    while x < 1:
        columns = int(p.size(4, 6))
        if not p.chance(0.1):
            _house(p, x, horizon + 1 / ROWS, columns, int(p.size(1, 2)))
        x += columns / COLUMNS
    p.gradient(horizon + 1 / ROWS, horizon + 0.1, (196, 194, 190), (208, 206, 202))
    for x in np.arange(p.column(0, 0.3), 1, 11 / COLUMNS):
        p.lamp(x, horizon + 0.07, 0.3)
        if p.chance(0.4):
            p.tree(x + 5 / COLUMNS, horizon + 0.07, 0.6, p.shade((85, 150, 80)))
    p.asphalt(horizon + 0.1, 1, (0.45,), (86, 88, 98))
    return horizon + 0.09


def _station(p: Painter) -> float:
    if p.along:
        return avenues.station(p, _hills)
    horizon = p.row(0.45, 0.5)
    _hills(p, horizon)
    wall = p.one_of((190, 110, 90), (215, 190, 150), (170, 150, 140))
    left = p.column(-0.1, 0.2)
    right = left + p.size(24, 30) / COLUMNS
    p.box(left, horizon - 0.2, right, horizon + 0.06, wall)
    share = 0.0 if p.light == "day" else 0.75
    for x in np.arange(left + 1 / COLUMNS, right - 2 / COLUMNS, 3 / COLUMNS):
        lit = p.chance(share)
        glass = (255, 220, 130) if lit else p.shade((165, 205, 230), 3)
        p.box(x, horizon - 0.12, x + 2 / COLUMNS, horizon + 0.02, glass, lit)
    roof = p.shade((70, 90, 100), 6)
    p.box(left - 1 / COLUMNS, horizon - 0.25, right + 1 / COLUMNS, horizon - 0.19, roof)
    clock = (left + right) / 2
    p.disc(clock, horizon - 0.2, 0.026, (250, 248, 240), lit=p.light != "day")
    p.box(clock - 0.002, horizon - 0.23, clock + 0.002, horizon - 0.2, (40, 40, 50))
    p.gradient(horizon + 0.05, horizon + 0.11, (205, 200, 192), (190, 186, 180))
    p.gradient(horizon + 0.11, 0.85, p.shade((135, 125, 115), 5), p.shade((120, 110, 102), 5))
    for x in np.arange(0, 1, 2 / COLUMNS):
        p.box(x, horizon + 0.16, x + 1 / COLUMNS, 0.77, (100, 78, 60))
    for y in (horizon + 0.17, 0.74):
        p.box(0, y, 1, y + 0.018, (185, 190, 198))
    p.gradient(0.85, 1, (200, 196, 190), (182, 178, 172))
    p.box(0, 0.87, 1, 0.89, (245, 205, 70))
    for x in (0.125, 0.625):
        p.lamp(x + p.column(0, 0.2), horizon + 0.1, 0.26)
    return horizon + 0.1


def _meadow(p: Painter, horizon: float) -> None:
    p.gradient(horizon, 1, p.shade((135, 200, 92)), p.shade((78, 148, 60)))


def _field(p: Painter) -> float:
    horizon = p.row(0.4, 0.55)
    _hills(p, horizon)
    _meadow(p, horizon)
    if p.along:
        avenues.path(p, horizon, (214, 186, 140))
    for _ in range(p.rng.integers(0, 4)):
        p.tree(p.column(0, 1), horizon + 0.03, p.size(0.6, 0.9), p.shade((85, 155, 78)))
    if p.chance(0.35):
        p.fence(horizon + 0.015, p.shade((190, 160, 120), 8))
    if p.chance(0.5):
        p.flowers(horizon + 0.12, p.one_of((250, 240, 240), (250, 220, 90), (235, 120, 140)))
    return horizon + 0.06


def _farm(p: Painter) -> float:
    horizon = p.row(0.45, 0.5)
    _hills(p, horizon)
    _meadow(p, horizon)
    if p.along:
        avenues.path(p, horizon, (206, 176, 128))
    x, base, wall = p.column(0.03, 0.6), horizon + 0.07, p.one_of((185, 55, 48), (160, 70, 50))
    if p.chance(0.7):  # a silo
        p.box(x + 0.29, base - 0.3, x + 0.36, base, p.shade((200, 205, 212), 5))
        p.ellipse(x + 0.325, base - 0.3, 0.035, 0.045, p.shade((170, 178, 190), 5))
    p.box(x, base - 0.2, x + 0.27, base, wall)
    roof = [(x - 0.015, base - 0.19), (x + 0.05, base - 0.31), (x + 0.22, base - 0.31)]
    p.polygon([*roof, (x + 0.285, base - 0.19)], p.shade((110, 90, 85), 6))
    p.box(x + 0.095, base - 0.14, x + 0.175, base, (240, 235, 225))
    p.box(x + 0.102, base - 0.13, x + 0.168, base, wall * 0.75)
    if p.chance(0.5):
        p.tree((x + 0.55) % 1, horizon + 0.05, 0.9, p.shade((85, 155, 78)))
    if p.chance(0.6):
        p.fence(horizon + 0.07, p.shade((235, 228, 215), 6))
    for y in np.arange(0.86, 1.0, 0.05) if p.chance(0.4) else ():
        p.box(0, y, 1, y + 0.022, p.shade((150, 120, 70), 4))
    return horizon + 0.1


def _forest(p: Painter) -> float:
    horizon = p.row(0.5, 0.55)
    p.sky(horizon, 0.2)
    p.ridge(horizon, 0.35, p.shade((140, 190, 150), 6))
    pines = p.chance(0.6)
    for depth, count in ((0.55, 13), (1.0, 8)):
        leaf = p.shade((78, 145, 88) if pines else (95, 160, 75), 7) * (1.22 - 0.4 * depth)
        for x in np.linspace(0, 1, count):
            at = round(x * COLUMNS) / COLUMNS + p.column(-0.03, 0.03)
            grow, size = p.pine if pines else p.tree, depth * p.size(0.85, 1.15)
            grow(at, horizon + 0.04 * depth, size, leaf)
    p.gradient(horizon + 0.02, 1, p.shade((95, 150, 70)), p.shade((58, 105, 50)))
    if p.along:
        avenues.path(p, horizon + 0.02, (176, 140, 98))
    for _ in range(p.rng.integers(0, 5)):
        p.bush(p.column(0, 1), horizon + 0.05, p.size(0.6, 1.0), p.shade((62, 122, 58)))
    return horizon + 0.05


def _water(p: Painter, horizon: float, bottom: float) -> None:
    """Sea with short waves that grow towards the viewer."""
    p.gradient(horizon, bottom, p.shade((70, 150, 205), 8), p.shade((28, 95, 165), 8))
    for _ in range(p.rng.integers(8, 16)):
        x, y = p.column(0, 1), p.row(horizon + 0.05, bottom - 0.05) + 0.01
        size = 0.03 + 0.08 * (y - horizon)
        p.box(x, y, x + size, y + 0.008, (150, 205, 232))
    if p.light != "day":
        x = p.sun_x  # the light of sun or moon on the water
        for y in np.arange(horizon + 0.01, bottom, 0.025):
            half = 0.02 + 0.05 * (y - horizon)
            shine = (255, 205, 140) if p.light == "dusk" else (150, 160, 205)
            p.box(x - half, y, x + half, y + 0.006, shine, lit=True)


def _beach(p: Painter) -> float:
    horizon = p.row(0.35, 0.45)
    p.sky(horizon)
    shore = horizon + p.row(0.15, 0.25)
    _water(p, horizon, shore)
    p.gradient(shore, 1, p.shade((242, 224, 168), 7), p.shade((224, 200, 140), 7))
    x = np.linspace(0, 1, 40)
    y = shore + 0.012 * np.sin(2 * np.pi * (2 * x + p.size(0, 0.25, 0.5, 0.75)))
    foam = [*zip(x, y - 0.012, strict=True), *zip(x[::-1], y[::-1] + 0.014, strict=True)]
    p.polygon(foam, (250, 252, 252))
    if p.chance(0.6):
        _palm(p, p.size(0.0625, 0.9375) + p.column(-0.03, 0.03), shore + 0.1)
    if p.chance(0.35):
        x0, cloth = p.column(0.2, 0.8), p.one_of((230, 80, 80), (70, 130, 210), (245, 190, 70))
        p.box(x0 - 0.003, shore - 0.1, x0 + 0.003, shore + 0.09, (240, 238, 232))
        top = shore - 0.16
        p.polygon([(x0 - 0.08, shore - 0.07), (x0, top), (x0 + 0.08, shore - 0.07)], cloth)
    return shore


def _palm(p: Painter, x: float, base: float) -> None:
    p.polygon(
        [(x - 0.012, base), (x + 0.012, base), (x + 0.03, base - 0.4), (x + 0.016, base - 0.4)],
        (150, 112, 75),
    )
    for dx, dy in ((-0.12, 0.02), (-0.08, -0.09), (0.02, -0.12), (0.1, -0.06), (0.12, 0.04)):
        cx, cy = x + 0.023, base - 0.4
        tip = (cx + dx, cy + dy + 0.03)
        p.polygon(
            [(cx, cy - 0.015), (cx + dx * 0.5, cy + dy - 0.03), tip, (cx, cy + 0.02)],
            p.shade((70, 150, 75), 6),
        )


def _harbour(p: Painter) -> float:
    horizon = p.row(0.4, 0.45)
    p.sky(horizon)
    p.ridge(horizon, 0.1, p.shade((130, 165, 150), 6))
    quay = p.row(0.7, 0.75)
    _water(p, horizon, quay)
    x = p.column(0.05, 0.9)
    if p.chance(0.6):  # a lighthouse on its rock
        p.ellipse(x, horizon + 0.02, 0.07, 0.035, p.shade((120, 115, 112), 5))
        for k, paint in enumerate(((225, 70, 65), (245, 243, 238)) * 2):
            top = horizon - 0.26 + 0.07 * k
            p.polygon(
                [
                    (x - 0.018 - 0.002 * k, top),
                    (x + 0.018 + 0.002 * k, top),
                    (x + 0.022 + 0.002 * k, top + 0.07),
                    (x - 0.022 - 0.002 * k, top + 0.07),
                ],
                paint,
            )
        if p.light != "day":
            p.glow(x, horizon - 0.28, 0.12, (255, 235, 160), 0.8)
        p.box(x - 0.014, horizon - 0.3, x + 0.014, horizon - 0.26, (255, 235, 150), lit=True)
    if p.chance(0.6):  # a crane
        x = (x + 0.375) % 0.8125
        steel = p.one_of((225, 150, 50), (70, 110, 170), (200, 70, 60))
        p.box(x, horizon - 0.3, x + 0.02, horizon + 0.02, steel)
        p.box(x - 0.05, horizon - 0.3, x + 0.2, horizon - 0.27, steel)
        p.box(x + 0.17, horizon - 0.27, x + 0.174, horizon - 0.16, (80, 80, 85))
    p.gradient(quay, 1, p.shade((186, 178, 168), 6), p.shade((160, 152, 144), 6))
    p.box(0, quay, 1, quay + 0.02, (212, 206, 198))
    for x in np.arange(p.column(0, 0.2), 1, 0.25):
        p.box(x, quay - 0.035, x + 0.02, quay + 0.012, (70, 72, 80))
    return horizon + 0.14


def _sea(p: Painter) -> float:
    horizon = p.row(0.4, 0.5)
    p.sky(horizon)
    if p.chance(0.3):
        x = p.column(0.1, 0.9)
        p.ellipse(x, horizon, 0.12, 0.05, p.shade((105, 150, 100)))
    _water(p, horizon, 1)
    return horizon + 0.06


def _open_sky(p: Painter) -> float:
    horizon = p.row(0.85, 0.95)
    p.sky(1.0, 0.5)
    for _ in range(p.rng.integers(1, 5)):
        p.cloud(p.column(0, 1), p.row(0.2, 0.8), p.size(0.075, 0.11))
    p.ridge(1.0, 1.0 - horizon, p.shade((98, 168, 98)))
    return horizon


def _snow(p: Painter) -> float:
    horizon = p.row(0.45, 0.55)
    p.sky(horizon, 0.4)
    for x in (p.column(0.1, 0.35), p.column(0.6, 0.9)):  # mountains with white tops
        half, top = p.size(0.25, 0.3125), horizon - p.row(0.2, 0.3)
        p.polygon(
            [(x - half, horizon + 0.02), (x, top), (x + half, horizon + 0.02)],
            p.shade((150, 168, 195), 6),
        )
        cut = 0.38
        cap = [
            (x - half * cut, top + (horizon - top) * cut),
            (x, top),
            (x + half * cut, top + (horizon - top) * cut),
        ]
        p.polygon(cap, (246, 249, 253))
    p.ridge(horizon, 0.08, p.shade((222, 232, 243), 4))
    for _ in range(p.rng.integers(2, 7)):
        leaf = p.shade((75, 125, 112), 7)
        p.pine(p.column(0, 1), horizon + 0.03, p.size(0.6, 0.9), leaf, snowy=True)
    p.gradient(horizon + 0.01, 1, p.shade((244, 248, 252), 3), p.shade((214, 226, 241), 4))
    if p.along:
        avenues.path(p, horizon + 0.01, (186, 198, 214))
    return horizon + 0.04


def _desert(p: Painter) -> float:
    horizon = p.row(0.45, 0.5)
    p.sky(horizon, 0.3)
    if p.chance(0.5):  # a flat-topped rock
        x, half = p.column(0.15, 0.85), p.size(0.09375, 0.125)
        top = horizon - p.row(0.15, 0.25)
        p.polygon(
            [
                (x - half, horizon + 0.02),
                (x - half * 0.75, top),
                (x + half * 0.75, top),
                (x + half, horizon + 0.02),
            ],
            p.shade((196, 112, 78), 7),
        )
    p.ridge(horizon + 0.02, 0.13, p.shade((222, 158, 98), 8))
    p.gradient(horizon + 0.02, 1, p.shade((240, 204, 138)), p.shade((224, 178, 112)))
    if p.along:
        avenues.path(p, horizon + 0.02, (196, 150, 98))
    for _ in range(p.rng.integers(0, 4)):
        x, base, size = p.column(0, 1), horizon + p.row(0.05, 0.1), p.size(0.7, 1)
        green = p.shade((75, 140, 85), 6)
        p.box(x - 0.011 * size, base - 0.2 * size, x + 0.011 * size, base, green)
        for side in (-1, 1):
            x1, x2 = sorted((x, x + side * 0.042 * size))
            p.box(x1, base - 0.1 * size, x2, base - 0.075 * size, green)
            x1, x2 = sorted((x + side * 0.026 * size, x + side * 0.042 * size))
            p.box(x1, base - 0.155 * size, x2, base - 0.075 * size, green)
    return horizon + 0.05


SCENE_PAINTERS: dict[str, Callable[[Painter], float]] = {
    "road": _road,
    "highway": _highway,
    "street": _street,
    "station": _station,
    "field": _field,
    "farm": _farm,
    "forest": _forest,
    "beach": _beach,
    "harbour": _harbour,
    "sea": _sea,
    "sky": _open_sky,
    "snow": _snow,
    "desert": _desert,
    **INTERIORS,
}
