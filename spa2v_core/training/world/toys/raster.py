"""Draws toys: perspective, depth buffer and soft light, on a CPU, without a graphics library.

A pixel is `rgb + gain * paint`: the light on a body is linear in its paint, so that one view serves
for all colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from .solids import BODY, Parts, rotation, sphere

#: Drawn at this many times the size and averaged down.
OVERSAMPLED = 2
#: How far the camera is, in radii of the toy.
DISTANCE = 4.6
_LIGHT = np.array([-0.45, 0.75, 0.55]) / np.linalg.norm([-0.45, 0.75, 0.55])
_HALFWAY = (_LIGHT + [0, 0, 1]) / np.linalg.norm(_LIGHT + [0, 0, 1])
_ABOVE, _BELOW = 1.04, 0.86


@dataclass(frozen=True)
class Layers:
    """A view, cut to what is drawn.

    rgb (h, w, 3) and gain (h, w): premultiplied colour of what has its own paint, and how bright a
    paint is that the body gets; alpha (h, w); all 0..1 (gain up to about 1.3).
    box: left, top, right, bottom in the toy's lengths, from its middle on the ground, y up.
    """

    rgb: np.ndarray
    gain: np.ndarray
    alpha: np.ndarray
    box: tuple[float, float, float, float]


@njit(cache=True)
def _fill(
    screen: np.ndarray, faces: np.ndarray, shades: np.ndarray, depth: np.ndarray, hit: np.ndarray
) -> None:
    """Rasterise triangles: nearest depth (N, N) and, there, attributes (N, N, A)."""
    size, kinds = depth.shape[0], shades.shape[1]
    for t in range(faces.shape[0]):
        i, j, k = faces[t, 0], faces[t, 1], faces[t, 2]
        ax, ay, bx, by = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1]
        cx, cy = screen[k, 0], screen[k, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area >= 0:  # y is down: what faces the camera turns the other way
            continue
        x1 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x2 = min(size - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y1 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y2 = min(size - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        for row in range(y1, y2 + 1):
            for column in range(x1, x2 + 1):
                px, py = column + 0.5, row + 0.5
                u = ((bx - px) * (cy - py) - (cx - px) * (by - py)) / area
                v = ((cx - px) * (ay - py) - (ax - px) * (cy - py)) / area
                w = 1 - u - v
                if u < -1e-6 or v < -1e-6 or w < -1e-6:
                    continue
                z = u * screen[i, 2] + v * screen[j, 2] + w * screen[k, 2]
                if z < depth[row, column]:
                    depth[row, column] = z
                    for a in range(kinds):
                        hit[row, column, a] = u * shades[i, a] + v * shades[j, a] + w * shades[k, a]


@dataclass(frozen=True)
class Model:
    """A posed toy as one mesh: points, normals (V, 3), number of the part (V, 1), faces (T, 3), and
    the paint of each part, RGBA 0..1 with A 1 for the body."""

    points: np.ndarray
    normals: np.ndarray
    owner: np.ndarray
    faces: np.ndarray
    paints: np.ndarray

    @classmethod
    def of(cls, parts: Parts) -> Model:
        faces, count = sphere()[1], len(sphere()[0])
        inward = faces[:, [0, 2, 1]]
        turned = [inward if _mirrored(part.points, faces) else faces for part in parts]
        return cls(
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.normals for part in parts]),
            np.repeat(np.arange(len(parts), dtype=float), count)[:, None],
            np.concatenate([f + k * count for k, f in enumerate(turned)]),
            np.array([[0, 0, 0, 1] if p.paint == BODY else [*rgb(p.paint), 0] for p in parts]),
        )

    def view(self, heading: float, pixels: int, elevation: float) -> Layers:
        """The toy with its front turned by `heading` degrees (0 to the camera, 90 to the right).

        pixels: longer side of the picture before it is cut; elevation: degrees looked down.
        """
        top, bottom = self.points[:, 1].max(), min(0.0, float(self.points[:, 1].min()))
        middle = np.array([0, (top + bottom) / 2, 0])
        radius = float(np.linalg.norm(self.points - middle, axis=1).max()) * 1.02
        turn = (rotation((elevation, 0, 0)) @ rotation((0, heading, 0))).T
        seen, facing = (self.points - middle) @ turn, self.normals @ turn
        away = DISTANCE * radius - seen[:, 2]
        size = pixels * OVERSAMPLED
        focal = size / 2 * np.sqrt(DISTANCE**2 - 1)
        screen = np.stack(
            [size / 2 + focal * seen[:, 0] / away, size / 2 - focal * seen[:, 1] / away, away], 1
        )
        height = (self.points[:, 1:2] - bottom) / (top - bottom)
        depth = np.full((size, size), np.inf)
        hit = np.zeros((size, size, 5))
        _fill(screen, self.faces, np.concatenate([facing, height, self.owner], 1), depth, hit)
        drawn = np.isfinite(depth)
        rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
        y1, y2, x1, x2 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        ground = -middle @ turn
        unit = (DISTANCE * radius - ground[2]) / focal  # a pixel where it stands
        at_x, at_y = size / 2 + ground[0] / unit, size / 2 - ground[1] / unit
        box = ((x1 - at_x) * unit, (at_y - y1) * unit, (x2 - at_x) * unit, (at_y - y2) * unit)
        colour, gain = _lit(hit[y1:y2, x1:x2], self.paints)
        alpha = drawn[y1:y2, x1:x2].astype(float)
        edges = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        return Layers(colour * alpha[..., None], gain * alpha, alpha, edges)


def _mirrored(points: np.ndarray, faces: np.ndarray) -> bool:
    """Whether a closed mesh is inside out: its signed volume is negative."""
    a, b, c = (points[faces[:, k]] - points.mean(0) for k in range(3))
    return bool(np.einsum("ij,ij->", a, np.cross(b, c)) < 0)


def _lit(hit: np.ndarray, paints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour (h, w, 3) of what has its own paint and gain (h, w) of the body: half-Lambert light
    from the upper left, a pale rim and a highlight."""
    normal = hit[..., :3] / np.maximum(np.linalg.norm(hit[..., :3], axis=-1, keepdims=True), 1e-9)
    lit = np.clip(((normal @ _LIGHT) * 0.5 + 0.35) / 0.7, 0, 1)
    lit = lit * lit * (3 - 2 * lit)
    height = _BELOW + (_ABOVE - _BELOW) * np.clip(hit[..., 3], 0, 1)
    rim = (1 - np.clip(normal[..., 2], 0, 1)) ** 2.6 * 0.28 * (0.4 + 0.6 * lit)
    shine = np.clip(normal @ _HALFWAY, 0, 1) ** 40 * 0.26
    gain = (0.56 + 0.48 * lit) * height + 0.5 * rim
    cool = (1 - lit)[..., None] * np.array([0.02, 0.0, 0.06])  # shadows are not grey
    paint = paints[np.round(hit[..., 4]).astype(int)]
    colour = paint[..., :3] * gain[..., None] + cool + (shine + 0.5 * rim)[..., None]
    return colour.clip(0, 1), gain * paint[..., 3]


def rgb(paint: str) -> list[float]:
    """RRGGBB as 0..1."""
    return [int(paint[k : k + 2], 16) / 255 for k in (0, 2, 4)]
