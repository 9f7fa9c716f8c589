"""Backgrounds of the cartoon world indoors: rooms with a window, and halls with their own light."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .paint import COLUMNS, ROWS, Colour, Painter

_PANE = {"day": (170, 218, 248), "dusk": (250, 180, 130), "night": (28, 34, 78)}
#: By lamplight a room stays bright, but warm.
_LAMPLIGHT = {"day": (1.0, 1.0, 1.0), "dusk": (1.0, 0.93, 0.86), "night": (0.86, 0.76, 0.64)}


def _warm(p: Painter, colour: Colour) -> np.ndarray:
    return np.asarray(colour, np.float32) * np.array(_LAMPLIGHT[p.light], np.float32)


def _box(p: Painter, x1: float, y1: float, x2: float, y2: float, colour: Colour) -> None:
    p.box(x1, y1, x2, y2, _warm(p, colour), lit=True)


def _window(p: Painter, x: float, y: float, wide: float, high: float) -> None:
    _box(p, x - 0.012, y - 0.02, x + wide + 0.012, y + high + 0.02, (250, 250, 246))
    p.box(x, y, x + wide, y + high, p.shade(_PANE[p.light], 6), lit=True)
    _box(p, x + wide / 2 - 0.005, y, x + wide / 2 + 0.005, y + high, (250, 250, 246))
    _box(p, x, y + high / 2 - 0.007, x + wide, y + high / 2 + 0.007, (250, 250, 246))


def _room(p: Painter) -> float:
    floor = p.row(0.6, 0.7)
    wall = p.one_of(
        (236, 200, 176), (190, 215, 225), (228, 222, 192), (208, 194, 222), (190, 214, 186)
    )
    p.gradient(0, floor, _warm(p, wall), _warm(p, wall * 0.94), lit=True)
    wood = p.one_of((160, 112, 74), (190, 145, 100), (125, 88, 64))
    p.gradient(floor, 1, _warm(p, wood), _warm(p, wood * 0.86), lit=True)
    _box(p, 0, floor - 0.02, 1, floor, (246, 243, 236))
    x = p.column(0.06, 0.72)
    _window(p, x, p.row(0.1, 0.15), 0.1875, 0.3)
    if p.chance(0.5):  # a picture
        at = (x + p.column(0.3, 0.55)) % 0.84375
        _box(p, at, 0.14, at + 0.12, 0.32, (120, 85, 60))
        _box(
            p,
            at + 0.01,
            0.156,
            at + 0.11,
            0.304,
            p.one_of((205, 180, 120), (130, 175, 190), (210, 130, 120)),
        )
    if p.chance(0.45):  # a lamp on a stand
        at = p.size(0.0625, 0.9375)
        _box(p, at - 0.004, floor - 0.34, at + 0.004, floor + 0.05, (90, 80, 75))
        if p.light != "day":
            p.glow(at, floor - 0.34, 0.2, (255, 225, 160), 0.7)
        shade = [(at - 0.028, floor - 0.42), (at + 0.028, floor - 0.42)]
        p.polygon(
            [*shade, (at + 0.045, floor - 0.3), (at - 0.045, floor - 0.3)],
            (255, 232, 180),
            lit=True,
        )
    if p.chance(0.4):  # a plant
        at = p.size(0.09375, 0.90625)
        for dx, dy in ((-0.035, 0.15), (0, 0.2), (0.035, 0.15)):
            p.ellipse(at + dx, floor - dy + 0.04, 0.022, 0.075, _warm(p, (80, 145, 85)), lit=True)
        _box(p, at - 0.026, floor - 0.04, at + 0.026, floor + 0.06, (200, 110, 75))
    if p.chance(0.5):  # a rug
        cloth = p.one_of((190, 85, 80), (90, 120, 160), (215, 190, 140))
        p.ellipse(p.column(0.4, 0.6), 0.88, 0.36, 0.08, _warm(p, cloth), lit=True)
    return floor


def _kitchen(p: Painter) -> float:
    floor = p.row(0.65, 0.7)
    tile = p.one_of((226, 234, 232), (240, 230, 208), (205, 225, 232))
    p.gradient(0, floor, _warm(p, tile), _warm(p, tile * 0.96), lit=True)
    for y in np.arange(0.02, floor, 2 / ROWS):
        _box(p, 0, y, 1, y + 0.006, tile * 0.93)
    for x in np.arange(0.01, 1, 3 / COLUMNS):
        _box(p, x, 0, x + 0.004, floor, tile * 0.93)
    doors = p.one_of((120, 165, 160), (240, 238, 230), (185, 135, 95), (110, 135, 170))
    top = floor - 0.25
    for x in np.arange(0, 1, 4 / COLUMNS):
        _box(p, x, top + 0.03, x + 0.119, floor, doors)
        _box(p, x + 0.098, top + 0.07, x + 0.106, top + 0.13, (90, 90, 95))
    _box(p, 0, top, 1, top + 0.03, (112, 92, 78))
    stove = p.column(0.03, 0.2) * 4  # in place of a door
    _box(p, stove, top - 0.004, stove + 0.16, floor, (70, 74, 82))
    _box(p, stove + 0.02, top + 0.08, stove + 0.14, floor - 0.05, (40, 44, 52))
    hood = [(stove + 0.04, 0.0), (stove + 0.12, 0.0), (stove + 0.17, 0.16), (stove - 0.01, 0.16)]
    p.polygon(hood, _warm(p, (185, 190, 196)), lit=True)
    _window(p, (stove + 0.375) % 0.8125, 0.1, 0.1875, 0.25)
    first, last = p.one_of((200, 170, 135), (215, 210, 205), (175, 120, 90)), 0.88
    p.gradient(floor, 1, _warm(p, first), _warm(p, first * last), lit=True)
    return floor


def _stage(p: Painter) -> float:
    floor = p.row(0.65, 0.7)
    back = p.one_of((62, 36, 78), (40, 48, 96), (92, 34, 52), (30, 66, 80))
    p.gradient(0, floor, back * 0.75, back * 1.15, lit=True)
    boards = p.shade((142, 92, 58), 7)
    p.gradient(floor, 1, boards, boards * 0.75, lit=True)
    for _ in range(p.rng.integers(1, 4)):
        before, x, target = p.canvas.copy(), p.size(0.25, 0.5, 0.75), p.size(0.28, 0.5, 0.72)
        beam = [(x, 0), (x + 0.03, 0), (target + 0.14, floor + 0.1), (target - 0.14, floor + 0.1)]
        p.polygon(beam, (255, 232, 180), lit=True)
        p.ellipse(target, floor + 0.1, 0.14, 0.05, (255, 240, 205), lit=True)
        p.canvas[:] = before * 0.8 + p.canvas * 0.2
    drape = p.one_of((188, 28, 44), (130, 30, 110), (30, 70, 140))
    for k in range(4):
        fold, x = drape * (1.0 if k % 2 else 0.78), k * 0.03
        for left in (x, 1 - x - 0.03):
            p.box(left, 0, left + 0.03, floor + 0.06, fold, lit=True)
    for k in range(9):  # the valance
        p.ellipse(k / 8, 0, 0.068, 0.11, drape * (0.95 if k % 2 else 0.82), lit=True)
    return floor


def _concert_hall(p: Painter) -> float:
    floor = p.row(0.65, 0.7)
    wood = p.one_of((176, 124, 78), (196, 148, 98), (150, 98, 66))
    p.gradient(0, floor, wood * 0.8, wood * 1.05, lit=True)
    for x in np.arange(-0.02, 1, 0.125):
        p.box(x, 0.12, x + 0.085, floor - 0.03, wood * 1.14, lit=True)
        p.box(x + 0.012, 0.15, x + 0.073, floor - 0.06, wood * 0.97, lit=True)
    if p.chance(0.6):  # pipes of an organ
        for k in range(-5, 6):
            high, x = 0.34 - 0.03 * abs(k), 0.5 + 0.032 * k
            p.box(x - 0.011, 0.46 - high, x + 0.011, 0.47, (222, 204, 150), lit=True)
            p.box(x - 0.011, 0.46 - high, x - 0.005, 0.47, (245, 232, 190), lit=True)
        p.box(0.3, 0.46, 0.7, 0.5, wood * 0.62, lit=True)
    for x in (0.16, 0.5, 0.84) if p.chance(0.7) else ():
        p.glow(x, 0.03, 0.13, (255, 236, 180), 0.8)
        p.ellipse(x, 0.03, 0.035, 0.04, (255, 244, 205), lit=True)
    stage = p.shade((206, 160, 108), 6)
    p.gradient(floor, 1, stage, stage * 0.82, lit=True)
    p.box(0, floor - 0.012, 1, floor, wood * 0.6, lit=True)
    return floor


INTERIORS: dict[str, Callable[[Painter], float]] = {
    "room": _room,
    "kitchen": _kitchen,
    "stage": _stage,
    "concert hall": _concert_hall,
}
