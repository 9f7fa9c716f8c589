"""Procedural backgrounds of the cartoon world, one function per scene of the vocabulary.

Every function draws on a float canvas (160, 256, 3) in RGB 0..255 (drawn at twice the size and
averaged down) and returns the horizon as a fraction of the height: things stand below it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

HEIGHT, WIDTH = 160, 256
_H, _W = 2 * HEIGHT, 2 * WIDTH
Rng = np.random.Generator
Colour = tuple[float, float, float] | np.ndarray


def draw_scene(name: str, rng: Rng) -> tuple[np.ndarray, float]:
    """One picture of scene `name`: ((160, 256, 3) uint8 RGB, horizon 0..1)."""
    canvas = np.zeros((_H, _W, 3), np.float32)
    horizon = SCENE_PAINTERS[name](canvas, rng)
    small = cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return small.clip(0, 255).astype(np.uint8), horizon


def _shade(rng: Rng, colour: Colour, spread: float = 12) -> np.ndarray:
    return np.array(colour, np.float32) + rng.normal(0, spread, 3).astype(np.float32)


def _gradient(canvas: np.ndarray, top: float, bottom: float, first: Colour, last: Colour) -> None:
    """Fill rows top..bottom (fractions) from colour `first` to `last`."""
    y1, y2 = round(top * _H), round(bottom * _H)
    t = np.linspace(0, 1, max(1, y2 - y1), dtype=np.float32)[:, None, None]
    canvas[y1:y2] = np.asarray(first, np.float32) * (1 - t) + np.asarray(last, np.float32) * t


def _polygon(canvas: np.ndarray, points: list[tuple[float, float]], colour: Colour) -> None:
    corners = np.array([(x * _W, y * _H) for x, y in points], np.float32)
    cv2.fillPoly(
        canvas, [np.round(corners * 8).astype(np.int32)], tuple(map(float, colour)), cv2.LINE_AA, 3
    )


def _box(canvas: np.ndarray, x1: float, y1: float, x2: float, y2: float, colour: Colour) -> None:
    _polygon(canvas, [(x1, y1), (x2, y1), (x2, y2), (x1, y2)], colour)


def _ridge(canvas: np.ndarray, base: float, height: float, colour: Colour, rng: Rng) -> None:
    """A line of soft hills from `base` up by about `height`, filled down to the base."""
    x = np.linspace(0, 1, 65)
    waves = sum(
        np.sin(2 * np.pi * (f * x + rng.random())) / f
        for f in (1.0, 1.9, 3.3)
        if rng.random() < 0.9
    )
    y = base - height * (0.55 + 0.35 * np.asarray(waves))
    _polygon(canvas, [(0, base + 0.02), *zip(x, y, strict=True), (1, base + 0.02)], colour)


def _blob(
    canvas: np.ndarray, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float
) -> None:
    """A soft ellipse."""
    yy, xx = np.mgrid[0:_H, 0:_W].astype(np.float32)
    d = ((xx / _W - x) / rx) ** 2 + ((yy / _H - y) / ry) ** 2
    weight = alpha * np.clip(1.6 * (1 - d), 0, 1)[..., None]
    canvas[:] = canvas * (1 - weight) + np.asarray(colour, np.float32) * weight


def _clouds(canvas: np.ndarray, rng: Rng, low: float, colour: Colour = (250, 252, 255)) -> None:
    for _ in range(rng.integers(0, 4)):
        x, y, size = rng.random(), rng.uniform(0.04, low), rng.uniform(0.05, 0.1)
        for _ in range(3):
            dx, dy = rng.normal(0, size * 0.5), rng.normal(0, size * 0.12)
            _blob(canvas, x + dx, y + dy, size, size * 0.42, colour, 0.75)


def _sky(canvas: np.ndarray, rng: Rng, horizon: float) -> None:
    """A day sky, sometimes at dusk, with sun and clouds."""
    if rng.random() < 0.2:
        _gradient(
            canvas,
            0,
            min(1, horizon + 0.05),
            _shade(rng, (240, 150, 90)),
            _shade(rng, (255, 215, 150)),
        )
        _blob(
            canvas, rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.25), 0.04, 0.064, (255, 240, 180), 1
        )
        return
    _gradient(
        canvas,
        0,
        min(1, horizon + 0.05),
        _shade(rng, (95, 165, 235)),
        _shade(rng, (190, 225, 250), 6),
    )
    if rng.random() < 0.5:
        _blob(
            canvas,
            rng.uniform(0.05, 0.95),
            rng.uniform(0.08, 0.2),
            0.035,
            0.056,
            (255, 245, 150),
            1,
        )
    _clouds(canvas, rng, horizon * 0.6)


def _lane(canvas: np.ndarray, rng: Rng, top: float, bottom: float, asphalt: Colour) -> None:
    """Asphalt with a dashed centre line between two rows."""
    _gradient(canvas, top, bottom, _shade(rng, asphalt, 5), _shade(rng, asphalt, 5))
    _box(canvas, 0, top, 1, top + 0.012, _shade(rng, (205, 205, 200), 8))
    y, start = (top + bottom) / 2, rng.random() * 0.14
    paint = (250, 240, 170) if rng.random() < 0.4 else (235, 235, 230)
    for k in range(-1, 8):
        x = start + 0.14 * k
        _polygon(
            canvas, [(x, y), (x + 0.07, y), (x + 0.065, y + 0.02), (x - 0.005, y + 0.02)], paint
        )


def _buildings(
    canvas: np.ndarray, rng: Rng, base: float, wall: Colour, lit: Colour, share: float
) -> None:
    x = -0.03
    while x < 1:
        wide, high = rng.uniform(0.07, 0.15), rng.uniform(0.18, 0.42)
        _box(canvas, x, base - high, x + wide, base, _shade(rng, wall, 10))
        for row in np.arange(base - high + 0.035, base - 0.05, 0.06):
            for column in np.arange(x + 0.014, x + wide - 0.018, 0.03):
                if rng.random() < share:
                    _box(canvas, column, row, column + 0.014, row + 0.03, lit)
        x += wide + rng.uniform(0, 0.02)


def _tree(canvas: np.ndarray, x: float, base: float, size: float, leaf: Colour) -> None:
    _box(canvas, x - 0.012 * size, base - 0.1 * size, x + 0.012 * size, base, (105, 75, 50))
    for k in range(3):
        y, half = base - (0.08 + 0.12 * k) * size, (0.075 - 0.015 * k) * size
        _polygon(canvas, [(x - half, y), (x + half, y), (x, y - 0.22 * size)], leaf)


def _road(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.42, 0.5)
    _sky(canvas, rng, horizon)
    _ridge(canvas, horizon, 0.1, _shade(rng, (95, 170, 85)), rng)
    _gradient(canvas, horizon, 1, _shade(rng, (120, 180, 85)), _shade(rng, (90, 150, 65)))
    _lane(canvas, rng, horizon + 0.1, 0.95, (88, 90, 102))
    return horizon + 0.1


def _street(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.45, 0.52)
    _sky(canvas, rng, horizon)
    wall = [(185, 160, 145), (150, 160, 180), (200, 190, 170)][rng.integers(3)]
    _buildings(canvas, rng, horizon + 0.02, wall, (215, 235, 248), 0.95)
    _gradient(canvas, horizon + 0.01, horizon + 0.09, (190, 190, 190), (205, 203, 200))
    _lane(canvas, rng, horizon + 0.09, 1, (84, 86, 96))
    return horizon + 0.08


def _night_street(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.45, 0.52)
    _gradient(canvas, 0, horizon + 0.05, _shade(rng, (12, 14, 45), 5), _shade(rng, (40, 35, 80), 6))
    for _ in range(30):
        _blob_dot(canvas, rng.random(), rng.uniform(0, 0.3), 200)
    _buildings(canvas, rng, horizon + 0.02, (30, 30, 55), (250, 205, 90), 0.55)
    _gradient(canvas, horizon + 0.01, horizon + 0.09, (55, 55, 75), (62, 60, 80))
    _lane(canvas, rng, horizon + 0.09, 1, (38, 38, 54))
    return horizon + 0.08


def _blob_dot(canvas: np.ndarray, x: float, y: float, value: float) -> None:
    canvas[int(y * _H) : int(y * _H) + 2, int(x * _W) : int(x * _W) + 2] = value


def _field(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.42, 0.55)
    _sky(canvas, rng, horizon)
    _ridge(canvas, horizon, 0.13, _shade(rng, (130, 190, 90)), rng)
    _gradient(canvas, horizon, 1, _shade(rng, (125, 195, 85)), _shade(rng, (70, 140, 55)))
    if rng.random() < 0.6:
        rail = _shade(rng, (190, 160, 120), 10)
        _box(canvas, 0, horizon + 0.015, 1, horizon + 0.028, rail)
        _box(canvas, 0, horizon + 0.055, 1, horizon + 0.068, rail)
        for x in np.arange(rng.random() * 0.08, 1, 0.08):
            _box(canvas, x, horizon - 0.01, x + 0.012, horizon + 0.1, rail)
    return horizon + 0.06


def _beach(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.38, 0.46)
    _sky(canvas, rng, horizon)
    shore = horizon + rng.uniform(0.18, 0.26)
    _gradient(canvas, horizon, shore, _shade(rng, (35, 110, 175)), _shade(rng, (80, 175, 205)))
    _gradient(canvas, shore, 1, _shade(rng, (235, 220, 165), 8), _shade(rng, (222, 200, 140), 8))
    x = np.linspace(0, 1, 40)
    y = shore + 0.012 * np.sin(2 * np.pi * (2 * x + rng.random()))
    foam = [*zip(x, y - 0.012, strict=True), *zip(x[::-1], y[::-1] + 0.012, strict=True)]
    _polygon(canvas, foam, (250, 252, 252))
    return shore


def _room(canvas: np.ndarray, rng: Rng) -> float:
    floor = rng.uniform(0.62, 0.72)
    wall = _shade(
        rng, [(232, 195, 170), (190, 215, 225), (225, 220, 190), (205, 190, 220)][rng.integers(4)]
    )
    _gradient(canvas, 0, floor, wall, wall * 0.94)
    wood = _shade(rng, (150, 105, 70))
    _gradient(canvas, floor, 1, wood, wood * 0.85)
    _box(canvas, 0, floor - 0.02, 1, floor, (245, 242, 236))
    x, y = rng.uniform(0.05, 0.75), rng.uniform(0.08, 0.16)
    _box(canvas, x - 0.012, y - 0.02, x + 0.192, y + 0.3, (250, 250, 248))
    _box(canvas, x, y, x + 0.18, y + 0.28, _shade(rng, (165, 215, 245), 8))
    _box(canvas, x + 0.085, y, x + 0.095, y + 0.28, (250, 250, 248))
    _box(canvas, x, y + 0.135, x + 0.18, y + 0.15, (250, 250, 248))
    if rng.random() < 0.5:
        px = (x + rng.uniform(0.35, 0.6)) % 0.85
        _box(canvas, px, 0.14, px + 0.12, 0.32, (120, 85, 60))
        _box(canvas, px + 0.01, 0.156, px + 0.11, 0.304, _shade(rng, (200, 180, 120), 30))
    return floor


def _stage(canvas: np.ndarray, rng: Rng) -> float:
    floor = rng.uniform(0.66, 0.74)
    back = _shade(rng, (70, 35, 60), 10)
    _gradient(canvas, 0, floor, back * 0.7, back)
    boards = _shade(rng, (125, 80, 50), 8)
    _gradient(canvas, floor, 1, boards, boards * 0.75)
    for _ in range(rng.integers(1, 4)):
        light, x, target = canvas.copy(), rng.uniform(0.2, 0.8), rng.uniform(0.25, 0.75)
        _polygon(
            light,
            [(x, 0), (x + 0.03, 0), (target + 0.13, floor), (target - 0.13, floor)],
            (255, 225, 170),
        )
        canvas[:] = canvas * 0.84 + light * 0.16
    drape = _shade(rng, (175, 25, 40), 10)
    for side in (0.0, 1.0):
        for k in range(4):
            x = k * 0.032
            colour = drape * (1.0 if k % 2 else 0.75)
            x1, x2 = (x, x + 0.032) if side == 0 else (1 - x - 0.032, 1 - x)
            _box(canvas, x1, 0, x2, floor + 0.06, colour)
    return floor


def _forest(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.5, 0.58)
    _gradient(canvas, 0, horizon + 0.05, _shade(rng, (140, 205, 165)), _shade(rng, (190, 230, 190)))
    for depth, count in ((0.55, 14), (0.9, 9)):
        leaf = _shade(rng, (70, 140, 85), 8) * (1.25 - 0.45 * depth)
        for _ in range(count):
            _tree(
                canvas,
                rng.random(),
                horizon + 0.03 * depth,
                depth * rng.uniform(0.7, 1.1),
                leaf,
            )
    _gradient(canvas, horizon + 0.01, 1, _shade(rng, (75, 130, 60)), _shade(rng, (50, 95, 45)))
    return horizon + 0.04


def _snow(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.45, 0.55)
    _gradient(
        canvas, 0, horizon + 0.05, _shade(rng, (165, 195, 225)), _shade(rng, (220, 232, 242), 6)
    )
    _ridge(canvas, horizon, 0.22, _shade(rng, (190, 205, 225), 6), rng)
    for _ in range(rng.integers(2, 7)):
        _tree(
            canvas,
            rng.random(),
            horizon + 0.02,
            rng.uniform(0.4, 0.8),
            _shade(rng, (110, 150, 150), 8),
        )
    _gradient(canvas, horizon, 1, _shade(rng, (242, 246, 250), 4), _shade(rng, (215, 226, 240), 4))
    return horizon + 0.03


def _desert(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.45, 0.52)
    _gradient(canvas, 0, horizon + 0.05, _shade(rng, (245, 165, 95)), _shade(rng, (255, 220, 150)))
    _blob(canvas, rng.uniform(0.1, 0.9), rng.uniform(0.12, 0.28), 0.04, 0.064, (255, 245, 190), 1)
    _ridge(canvas, horizon + 0.02, 0.15, _shade(rng, (215, 145, 90)), rng)
    _gradient(canvas, horizon + 0.02, 1, _shade(rng, (238, 200, 135)), _shade(rng, (220, 175, 110)))
    return horizon + 0.05


def _open_sky(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.86, 0.95)
    _sky(canvas, rng, 1.0)
    _clouds(canvas, rng, 0.7)
    _clouds(canvas, rng, 0.8)
    _ridge(canvas, 1.0, 1.0 - horizon, _shade(rng, (95, 165, 95)), rng)
    return horizon


def _sea(canvas: np.ndarray, rng: Rng) -> float:
    horizon = rng.uniform(0.42, 0.52)
    _sky(canvas, rng, horizon)
    _gradient(canvas, horizon, 1, _shade(rng, (60, 140, 195)), _shade(rng, (20, 80, 145)))
    for _ in range(rng.integers(8, 18)):
        x, y = rng.random(), rng.uniform(horizon + 0.03, 0.98)
        size = 0.02 + 0.06 * (y - horizon)
        _box(canvas, x, y, x + size, y + 0.008, _shade(rng, (130, 190, 220), 8))
    return horizon + 0.06


SCENE_PAINTERS: dict[str, Callable[[np.ndarray, Rng], float]] = {
    "road": _road,
    "street": _street,
    "night street": _night_street,
    "field": _field,
    "beach": _beach,
    "room": _room,
    "stage": _stage,
    "forest": _forest,
    "snow": _snow,
    "desert": _desert,
    "sky": _open_sky,
    "sea": _sea,
}
