"""Backgrounds that are seen along: roads, tracks and paths that run to a vanishing point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .paint import COLUMNS, Colour, Painter

#: How far, in distances of the picture's lower edge, rows of things stand.
ROWS_AWAY = (9.0, 6.0, 4.0, 2.8, 2.0, 1.45)


def _at(
    p: Painter, horizon: float, side: float, away: float, up: float = 0.0
) -> tuple[float, float]:
    """Where a point is seen that is `side` widths off and `up` above the ground's rise to the
    horizon (1: the camera's height), `away` times as far as the lower edge."""
    return p.vanishing_x + side / away, horizon + (1 - horizon) * (1 - up) / away


def lane(
    p: Painter,
    horizon: float,
    half: float,
    colour: Colour,
    *,
    middle: float = 0.0,
    dashes: Colour | None = None,
    kerb: Colour | None = None,
) -> None:
    """A strip on the ground from the lower edge to the horizon."""
    far, near = 60.0, 0.9

    def strip(left: float, right: float, start: float, stop: float, paint: Colour) -> None:
        corners = [(left, start), (right, start), (right, stop), (left, stop)]
        p.polygon([_at(p, horizon, side, away) for side, away in corners], paint)

    if kerb is not None:
        strip(middle - half * 1.07, middle + half * 1.07, far, near, kerb)
    strip(middle - half, middle + half, far, near, colour)
    if dashes is not None:
        for away in 0.95 * 1.42 ** np.arange(9):
            strip(middle - 0.018, middle + 0.018, away, away * 1.2, dashes)


def _asphalt(p: Painter, horizon: float, half: float, kerb: Colour = (205, 205, 200)) -> None:
    paint = (250, 226, 120) if p.chance(0.4) else (238, 238, 232)
    lane(p, horizon, half, p.shade((94, 96, 107), 5), dashes=paint, kerb=kerb)


def _grow_beside(p: Painter, horizon: float, side: float, leaf: Colour, share: float = 0.6) -> None:
    """Trees in two rows along the way, smaller with distance."""
    for away in ROWS_AWAY:
        for sign in (-1, 1):
            x, y = _at(p, horizon, sign * side, away)
            if p.chance(share) and -0.1 < x < 1.1:
                p.tree(x, y, min(1.5, 2.1 / away), leaf)


def road(p: Painter, hills: Callable[[Painter, float], None]) -> float:
    horizon = p.row(0.4, 0.5)
    hills(p, horizon)
    p.gradient(horizon, 1, p.shade((128, 190, 92)), p.shade((92, 152, 68)))
    _asphalt(p, horizon, p.size(0.45, 0.6))
    if p.chance(0.7):
        _grow_beside(p, horizon, 0.95, p.shade((80, 150, 75)))
    return horizon + 0.05


def highway(p: Painter, hills: Callable[[Painter, float], None]) -> float:
    horizon = p.row(0.4, 0.45)
    hills(p, horizon)
    p.gradient(horizon, 1, p.shade((120, 180, 88)), p.shade((105, 165, 78)))
    lane(p, horizon, 0.95, p.shade((100, 102, 112), 5), kerb=(190, 194, 200))
    for middle in (-0.32, 0.32):
        for away in 0.95 * 1.42 ** np.arange(9):
            corners = [(middle - 0.015, away), (middle + 0.015, away)]
            corners += [(middle + 0.015, away * 1.2), (middle - 0.015, away * 1.2)]
            p.polygon([_at(p, horizon, s, a) for s, a in corners], (240, 240, 236))
    for sign in (-1, 1):
        rail = [(sign * 1.12, 60, 0.1), (sign * 1.12, 0.9, 0.1), (sign * 1.12, 0.9, 0.02)]
        p.polygon([_at(p, horizon, *c) for c in [*rail, (sign * 1.12, 60, 0.02)]], (190, 194, 200))
    return horizon + 0.05


def _walls(p: Painter, horizon: float, side: float, walls: tuple[Colour, ...]) -> None:
    """Two rows of houses with their windows, from far to near."""
    share = {"day": 0.0, "dusk": 0.45, "night": 0.6}[p.light]
    for far, near in zip((12.0, *ROWS_AWAY), (*ROWS_AWAY, 1.0), strict=True):
        for sign in (-1, 1):
            high = p.size(1.9, 2.6)
            edge = sign * side

            def face(a: float, b: float, low: float, top: float, edge: float = edge) -> list:
                corners = [(a, low), (b, low), (b, top), (a, top)]
                return [_at(p, horizon, edge, away, up) for away, up in corners]

            p.polygon(face(far, near, 0, high), p.one_of(*walls))
            for low in np.arange(0.95, high - 0.3, 0.62):
                for share_along in (0.2, 0.6):
                    ways = [
                        1 / (1 / far + (1 / near - 1 / far) * (share_along + d)) for d in (0, 0.22)
                    ]
                    lit = p.chance(share)
                    glass = (255, 214, 110) if lit else p.shade((175, 215, 240), 3)
                    p.polygon(face(ways[0], ways[1], low, low + 0.34), glass, lit=lit)
            shop = (255, 226, 150) if p.light != "day" else (95, 110, 130)
            p.polygon(face(far * 0.97, near * 1.04, 0.08, 0.62), shop, p.light != "day")


def street(p: Painter, walls: tuple[Colour, ...]) -> float:
    horizon = p.row(0.45, 0.5)
    p.sky(horizon, 0.35)
    x = p.column(-0.1, 0)
    while x < 1:  # a paler row of towers at the end
        wide = p.size(3, 4) / COLUMNS
        p.box(x, horizon - p.row(0.2, 0.3), x + wide, horizon, p.shade((165, 180, 205), 5))
        x += wide + p.column(0, 0.06)
    p.gradient(horizon, 1, (196, 194, 190), (208, 206, 202))
    _walls(p, horizon, 1.0, walls)
    _asphalt(p, horizon, 0.62)
    for away in (4.5, 2.6, 1.6):
        for sign in (-1, 1):
            x, y = _at(p, horizon, sign * 0.76, away)
            p.lamp(x, y, 0.62 / away)
    return horizon + 0.04


def station(p: Painter, hills: Callable[[Painter, float], None]) -> float:
    """A track beside a platform."""
    horizon = p.row(0.45, 0.5)
    hills(p, horizon)
    p.gradient(horizon, 1, p.shade((128, 185, 96)), p.shade((100, 155, 78)))
    side = -1 if p.chance(0.5) else 1
    corners = [(0.55, 30, 0.16), (0.55, 0.9, 0.16), (3.0, 0.9, 0.16), (3.0, 30, 0.16)]
    p.polygon([_at(p, horizon, side * s, a, u) for s, a, u in corners], (204, 199, 192))
    corners = [(0.55, 30, 0.16), (0.55, 0.9, 0.16), (0.55, 0.9, 0.0), (0.55, 30, 0.0)]
    p.polygon([_at(p, horizon, side * s, a, u) for s, a, u in corners], (150, 146, 140))
    corners = [(0.62, 30, 0.16), (0.62, 0.9, 0.16), (0.7, 0.9, 0.16), (0.7, 30, 0.16)]
    p.polygon([_at(p, horizon, side * s, a, u) for s, a, u in corners], (245, 205, 70))
    roof = p.shade((70, 90, 100), 6)
    corners = [(0.62, 12, 1.9), (0.62, 1.1, 1.9), (2.2, 1.1, 1.9), (2.2, 12, 1.9)]
    p.polygon([_at(p, horizon, side * s, a, u) for s, a, u in corners], roof)
    for away in (8.0, 4.5, 2.6, 1.6):
        x, top = _at(p, horizon, side * 0.9, away, 1.9)
        _, base = _at(p, horizon, side * 0.9, away, 0.16)
        p.box(x - 0.012 / away, top, x + 0.012 / away, base, (110, 112, 120))
    tracks(p, horizon)
    return horizon + 0.05


def tracks(p: Painter, horizon: float, half: float = 0.36) -> None:
    """Rails on sleepers on gravel."""
    lane(p, horizon, half * 1.35, p.shade((135, 125, 115), 5))
    for away in 0.93 * 1.13 ** np.arange(22):
        corners = [(-half * 1.2, away), (half * 1.2, away)]
        corners += [(half * 1.2, away * 1.05), (-half * 1.2, away * 1.05)]
        p.polygon([_at(p, horizon, s, a) for s, a in corners], (100, 78, 60))
    for rail in (-half * 0.75, half * 0.75):
        lane(p, horizon, 0.026, (190, 194, 202), middle=rail)


def path(p: Painter, horizon: float, colour: Colour) -> None:
    """A way over open ground, with or without rails."""
    if p.chance(0.2):
        tracks(p, horizon)
    else:
        lane(p, horizon, p.size(0.28, 0.4), p.shade(colour, 6))
