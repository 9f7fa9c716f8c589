"""What the backgrounds of the cartoon world are painted with: shapes, skies and trees, by light.

What scenes are made of stands on the autoencoder's grid (`column`, `row`): a window is the same few
latent numbers wherever it is, which a small model learns sooner than a place for every pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

HEIGHT, WIDTH = 160, 256
#: Pictures are painted at twice the size and averaged down.
_H, _W = 2 * HEIGHT, 2 * WIDTH
#: Cells of 8 pixels, which the autoencoder turns into one latent pixel each.
COLUMNS, ROWS = WIDTH // 8, HEIGHT // 8
Rng = np.random.Generator
#: Where stars and flowers are, as fractions: always the same, for the same reason.
_DOTS = np.random.default_rng(5).random((40, 2))
Colour = tuple[float, float, float] | np.ndarray
#: What light does to the colours of a place, and to the things in it: factors of R, G, B.
PLACE_TINT = {"day": (1.0, 1.0, 1.0), "dusk": (0.98, 0.8, 0.72), "night": (0.46, 0.52, 0.74)}
THING_TINT = {"day": (1.0, 1.0, 1.0), "dusk": (1.0, 0.9, 0.83), "night": (0.68, 0.71, 0.86)}
_SKIES = {
    "day": ((92, 165, 238), (205, 232, 250)),
    "dusk": ((112, 92, 165), (255, 196, 130)),
    "night": ((10, 14, 46), (46, 52, 104)),
}
_CLOUD = {"day": (252, 253, 255), "dusk": (250, 190, 175), "night": (62, 68, 112)}


@dataclass
class Painter:
    """A canvas (320, 512, 3) float32 RGB 0..255 in one light; positions are fractions of it.

    Colours are of daylight and take the light's tint, unless they are `lit` (sky, lamps).
    `sun_x` is where sun or moon were painted; `along` whether ways run to a vanishing point, at
    `vanishing_x` on the horizon, rather than across the picture.
    """

    canvas: np.ndarray
    rng: Rng
    light: str
    sun_x: float = 0.5
    along: bool = False
    vanishing_x: float = 0.5

    @classmethod
    def blank(cls, rng: Rng, light: str, along: bool = False) -> Painter:
        painter = cls(np.zeros((_H, _W, 3), np.float32), rng, light, along=along)
        if along:
            painter.vanishing_x = painter.column(0.38, 0.62)
        return painter

    def picture(self) -> np.ndarray:
        """(160, 256, 3) uint8 RGB."""
        small = cv2.resize(self.canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        return small.clip(0, 255).astype(np.uint8)

    def shade(self, colour: Colour, spread: float = 10) -> np.ndarray:
        """(3,) the colour, 0..255, a little off."""
        return np.array(colour, np.float32) + self.rng.normal(0, spread, 3).astype(np.float32)

    def one_of(self, *colours: Colour) -> np.ndarray:
        """(3,) one of the colours, 0..255, a little off."""
        return self.shade(colours[self.rng.integers(len(colours))], 7)

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def column(self, low: float, high: float) -> float:
        """A random line of the grid between two fractions of the width."""
        return float(self.rng.integers(round(low * COLUMNS), round(high * COLUMNS) + 1)) / COLUMNS

    def row(self, low: float, high: float) -> float:
        """A random line of the grid between two fractions of the height."""
        return float(self.rng.integers(round(low * ROWS), round(high * ROWS) + 1)) / ROWS

    def size(self, *sizes: float) -> float:
        """One of these."""
        return float(self.rng.choice(sizes))

    def _tinted(self, colour: Colour, lit: bool) -> np.ndarray:
        factors = PLACE_TINT["day" if lit else self.light]
        return np.asarray(colour, np.float32) * np.array(factors, np.float32)

    # ---- shapes ------------------------------------------------------------------------------

    def gradient(
        self, top: float, bottom: float, first: Colour, last: Colour, lit: bool = False
    ) -> None:
        """Fill rows top..bottom from colour `first` to `last`."""
        y1, y2 = round(top * _H), round(bottom * _H)
        t = np.linspace(0, 1, max(1, y2 - y1), dtype=np.float32)[:, None, None]
        self.canvas[y1:y2] = self._tinted(first, lit) * (1 - t) + self._tinted(last, lit) * t

    def polygon(self, points: list[tuple[float, float]], colour: Colour, lit: bool = False) -> None:
        corners = np.round(np.array([(x * _W, y * _H) for x, y in points]) * 8).astype(np.int32)
        paint = tuple(map(float, self._tinted(colour, lit)))
        cv2.fillPoly(self.canvas, [corners], paint, cv2.LINE_8, 3)

    def box(
        self, x1: float, y1: float, x2: float, y2: float, colour: Colour, lit: bool = False
    ) -> None:
        self.polygon([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], colour, lit)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, lit: bool = False
    ) -> None:
        """A solid ellipse; radii as fractions of width and height."""
        angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        ring = zip(x + rx * np.cos(angles), y + ry * np.sin(angles), strict=True)
        self.polygon(list(ring), colour, lit)

    def disc(self, x: float, y: float, r: float, colour: Colour, lit: bool = False) -> None:
        """A round disc with its radius as a fraction of the width."""
        self.ellipse(x, y, r, r * _W / _H, colour, lit)

    def glow(self, x: float, y: float, r: float, colour: Colour, strength: float) -> None:
        """Light around a lamp or the sun: a soft disc that is mixed in."""
        cx, cy, reach = x * _W, y * _H, r * _W
        y1, y2 = max(0, int(cy - reach)), min(_H, int(cy + reach) + 1)
        x1, x2 = max(0, int(cx - reach)), min(_W, int(cx + reach) + 1)
        if y1 >= y2 or x1 >= x2:
            return
        yy, xx = np.mgrid[y1:y2, x1:x2].astype(np.float32)
        far = np.sqrt((xx - cx) ** 2 + (yy - cy) ** 2) / reach
        weight = strength * np.clip(1 - far, 0, 1)[..., None] ** 2
        part = self.canvas[y1:y2, x1:x2]
        part += (np.asarray(colour, np.float32) - part) * weight

    def ridge(self, base: float, height: float, colour: Colour) -> None:
        """A line of soft hills from `base` up by about `height`, filled down to the base."""
        x = np.linspace(0, 1, 65)
        waves = sum(np.sin(2 * np.pi * (f * x + self.rng.random())) / f for f in (1.0, 1.9, 3.3))
        y = base - height * (0.55 + 0.35 * np.asarray(waves))
        self.polygon([(0, base + 0.02), *zip(x, y, strict=True), (1, base + 0.02)], colour)

    # ---- skies -------------------------------------------------------------------------------

    def sky(self, horizon: float, clouds: float = 0.55) -> None:
        """Sky of the light down to the horizon, with sun or moon, stars and clouds."""
        first, last = _SKIES[self.light]
        self.gradient(0, min(1, horizon + 0.05), self.shade(first), self.shade(last, 6), lit=True)
        x = self.sun_x = self.column(0.1, 0.9)
        if self.light == "night":
            self._stars(horizon)
            y = self.row(0.1, 0.2)
            self.glow(x, y, 0.13, (150, 160, 210), 0.5)
            self.disc(x, y, 0.032, (242, 240, 215), lit=True)
        elif self.light == "dusk":
            y = horizon - self.row(0.05, 0.2)
            self.glow(x, y, 0.3, (255, 225, 160), 0.7)
            self.disc(x, y, 0.045, (255, 236, 170), lit=True)
        elif self.chance(0.5):
            y = self.row(0.1, 0.2)
            self.glow(x, y, 0.14, (255, 250, 210), 0.6)
            self.disc(x, y, 0.036, (255, 238, 130), lit=True)
        for _ in range(self.rng.integers(0, 2 if self.light == "night" else 4)):
            self.cloud(self.column(0, 1), self.row(0.1, max(0.1, clouds * horizon)))

    def _stars(self, horizon: float) -> None:
        for x, y in _DOTS:
            if 0.55 * y < horizon - 0.1:
                self.disc(x, 0.55 * y, 0.003, (225, 228, 245), lit=True)

    def cloud(self, x: float, y: float, size: float = 0.0) -> None:
        """Puffs on a flat base, a little darker below."""
        size = size or self.size(0.055, 0.075)
        colour = np.array(_CLOUD[self.light], np.float32)
        puffs = [(-0.9, 0.0, 0.5), (-0.25, -0.4, 0.75), (0.45, -0.25, 0.62), (1.0, 0.02, 0.42)]
        for below, tone in ((0.16, 0.9), (0.0, 1.0)):
            for dx, dy, r in puffs:
                at_y = y + (dy + below) * size
                self.ellipse(x + dx * size, at_y, r * size, r * size, colour * tone, lit=True)

    # ---- things that grow and stand -------------------------------------------------------

    def pine(self, x: float, base: float, size: float, leaf: Colour, snowy: bool = False) -> None:
        self.box(x - 0.012 * size, base - 0.1 * size, x + 0.012 * size, base, (105, 75, 50))
        for k in range(3):
            y, half = base - (0.08 + 0.12 * k) * size, (0.075 - 0.015 * k) * size
            tip = y - 0.22 * size
            self.polygon([(x - half, y), (x + half, y), (x, tip)], leaf)
            if snowy:
                cap = 0.45
                points = [(x - half * cap, tip + 0.1 * size), (x + half * cap, tip + 0.1 * size)]
                self.polygon([*points, (x, tip)], (245, 248, 252))

    def tree(self, x: float, base: float, size: float, leaf: Colour) -> None:
        """A round tree with a lighter side."""
        leaf = np.asarray(leaf, np.float32)
        self.box(x - 0.012 * size, base - 0.18 * size, x + 0.012 * size, base, (112, 80, 54))
        for dx, dy, r in ((-0.055, 0.22, 0.06), (0.055, 0.22, 0.06), (0, 0.32, 0.075)):
            self.disc(x + dx * size, base - dy * size, r * size, leaf)
        self.disc(x + 0.02 * size, base - 0.35 * size, 0.04 * size, leaf * 1.14)

    def bush(self, x: float, base: float, size: float, leaf: Colour) -> None:
        for dx, r in ((-0.05, 0.04), (0, 0.055), (0.05, 0.04)):
            self.ellipse(x + dx * size, base, r * size, 1.3 * r * size, leaf)

    def lamp(self, x: float, base: float, high: float) -> None:
        """A street lamp; at dusk and night it shines."""
        self.box(x - 0.004, base - high, x + 0.004, base, (70, 74, 84))
        self.box(x - 0.004, base - high, x + 0.035, base - high + 0.012, (70, 74, 84))
        shines = self.light != "day"
        if shines:
            self.glow(x + 0.03, base - high + 0.03, 0.11, (255, 220, 140), 0.75)
        bulb = (255, 240, 190) if shines else (225, 228, 232)
        self.ellipse(x + 0.03, base - high + 0.018, 0.014, 0.014, bulb, lit=shines)

    def fence(self, y: float, colour: Colour) -> None:
        for top in (0.0, 0.04):
            self.box(0, y + top, 1, y + top + 0.013, colour)
        for x in np.arange(1 / COLUMNS, 1, 2 / COLUMNS):
            self.box(x, y - 0.02, x + 0.011, y + 0.075, colour)

    def flowers(self, top: float, colour: Colour) -> None:
        """Petals all over the ground, larger towards the viewer."""
        for x, y in _DOTS[:18]:
            self.disc(x, top + (0.98 - top) * y, 0.004 + 0.003 * y, colour)

    def asphalt(self, top: float, bottom: float, dashes: tuple[float, ...], colour: Colour) -> None:
        """A road between two rows, with a kerb and dashed lines at these shares of its height."""
        self.gradient(top, bottom, self.shade(colour, 5), self.shade(colour, 5))
        self.box(0, top, 1, top + 0.012, self.shade((205, 205, 200), 6))
        paint = (250, 226, 120) if self.chance(0.4) else (238, 238, 232)
        for share in dashes:
            y, start = top + (bottom - top) * share, self.column(0, 4 / COLUMNS)
            for x in np.arange(start - 5 / COLUMNS, 1, 5 / COLUMNS):
                corners = [(x, y), (x + 0.08, y), (x + 0.074, y + 0.02), (x - 0.006, y + 0.02)]
                self.polygon(corners, paint)
