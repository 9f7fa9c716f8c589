"""What toys are built of: superquadrics (Barr, 1981), placed, turned and painted.

+z is where a toy is heading, +y is up, +x its left, the ground is y = 0; lengths in about metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

Vector = tuple[float, float, float]
Colour = str
#: The paint of what takes the colour that the thing is asked for.
BODY: Colour = "body"
#: Roundness of profile and section: 0.2 is a box, 1 a ball.
BALL, BLOCK, BARREL, SOFT = (1.0, 1.0), (0.3, 0.3), (0.25, 1.0), (0.8, 0.8)

DARK, GLASS, METAL, WHITE, TYRE = "2b2740", "8fd3f7", "c9cbd6", "f4f3f8", "35304a"
BLACK, RED, GOLD, WOOD, PINK = "1d1830", "e8304a", "f5b301", "9a6b3f", "e86a7a"


@dataclass(frozen=True)
class Solid:
    """points and normals (V, 3) of the sphere's mesh (`sphere`), and its paint, RRGGBB or BODY."""

    points: np.ndarray
    normals: np.ndarray
    paint: Colour


Parts = list[Solid]


@cache
def sphere(level: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Directions (V, 3) and faces (T, 3) of an icosahedron that was split `level` times."""
    g = (1 + 5**0.5) / 2
    corners = [(-1, g, 0), (1, g, 0), (-1, -g, 0), (1, -g, 0)]
    points = np.array([np.roll(c, turn) for turn in (0, 1, 2) for c in corners], float)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    faces = _hull(points)
    for _ in range(level):
        a, b, c = (points[faces[:, k]] for k in range(3))
        count, rows = len(points), np.arange(len(faces))
        points = np.concatenate([points, a + b, b + c, c + a])
        ab, bc, ca = (count + rows + k * len(faces) for k in range(3))
        quarters = [(faces[:, 0], ab, ca), (faces[:, 1], bc, ab), (faces[:, 2], ca, bc)]
        faces = np.concatenate([np.stack(q, 1) for q in [*quarters, (ab, bc, ca)]])
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        points, at = np.unique(np.round(points, 7), axis=0, return_inverse=True)
        faces = at.ravel()[faces]
    return points, faces


def _hull(points: np.ndarray) -> np.ndarray:
    """The 20 triangles of an icosahedron's corners: triples that are pairwise near, outward."""
    near = np.linalg.norm(points[:, None] - points[None], axis=-1) < 1.1
    faces = []
    for i in range(12):
        for j in range(i + 1, 12):
            for k in range(j + 1, 12):
                if near[i, j] and near[j, k] and near[i, k]:
                    out = np.linalg.det(points[[i, j, k]]) > 0
                    faces.append((i, j, k) if out else (i, k, j))
    return np.array(faces)


def rotation(turn: Vector) -> np.ndarray:
    """(3, 3) roll about z, then pitch about x, then yaw about y, in degrees (x, y, z)."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    pitch = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    roll = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return yaw @ pitch @ roll


def solid(
    half: Vector,
    at: Vector,
    paint: Colour,
    roundness: tuple[float, float] = (0.35, 0.35),
    turn: Vector = (0, 0, 0),
    taper: tuple[float, float] = (0, 0),
) -> Solid:
    """One superquadric |x|^a + |z|^a, to the power b / a, plus |y|^b = 1.

    half: half sizes; at: its middle; taper: how x and z grow with height, -1..1.
    """
    b, a = 2 / roundness[0], 2 / roundness[1]
    directions = sphere()[0]
    ax, ay, az = (np.abs(directions) + 1e-9).T
    reach = ((ax**a + az**a) ** (b / a) + ay**b) ** (-1 / b)
    points = directions * reach[:, None]
    ax, ay, az = (np.abs(points) + 1e-9).T
    across = (ax**a + az**a) ** (b / a - 1)
    steep = np.stack([across * ax ** (a - 1), ay ** (b - 1), across * az ** (a - 1)], 1)
    size = np.array(half, float)
    points, normals = points * size, steep * np.sign(points) / size
    if taper != (0, 0):
        fx, fz = (1 + t * points[:, 1] / size[1] for t in taper)
        lean = normals[:, 0] * points[:, 0] * taper[0] / fx
        lean = (lean + normals[:, 2] * points[:, 2] * taper[1] / fz) / size[1]
        normals = np.stack([normals[:, 0] / fx, normals[:, 1] - lean, normals[:, 2] / fz], 1)
        points = points * np.stack([fx, np.ones_like(fx), fz], 1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    turned_by = rotation(turn).T
    return Solid(points @ turned_by + np.array(at), normals @ turned_by, paint)


def ball(half: Vector | float, at: Vector, paint: Colour, turn: Vector = (0, 0, 0)) -> Solid:
    size = (half, half, half) if isinstance(half, (int, float)) else half
    return solid(size, at, paint, BALL, turn)


def block(half: Vector, at: Vector, paint: Colour, turn: Vector = (0, 0, 0)) -> Solid:
    return solid(half, at, paint, BLOCK, turn)


def barrel(half: Vector, at: Vector, paint: Colour, turn: Vector = (0, 0, 0)) -> Solid:
    """A cylinder, upright unless it is turned."""
    return solid(half, at, paint, BARREL, turn)


def limb(radius: float, start: Vector, end: Vector, paint: Colour, taper: float = 0.0) -> Solid:
    """A soft rod between two points."""
    a, b = np.array(start, float), np.array(end, float)
    along = b - a
    length = float(np.linalg.norm(along))
    x, y, z = along / max(length, 1e-9)
    pitch, roll = np.degrees(np.arctan2(z, y)), -np.degrees(np.arcsin(np.clip(x, -1, 1)))
    half = (radius, length / 2 + radius * 0.6, radius)
    made = solid(half, (0, 0, 0), paint, (0.7, 1.0), taper=(taper, taper))
    rolled, pitched = rotation((0, 0, roll)), rotation((pitch, 0, 0))
    by = (pitched @ rolled).T
    middle = (a + b) / 2
    return Solid(made.points @ by + middle, made.normals @ by, paint)


def pair(part: Solid) -> Parts:
    """A part and its mirror image on the other side."""
    mirror = np.array([-1.0, 1.0, 1.0])
    other = replace(part, points=part.points * mirror, normals=part.normals * mirror)
    return [part, other]


def turned(parts: Parts, pivot: Vector, turn: Vector) -> Parts:
    by, about = rotation(turn).T, np.array(pivot)
    return [
        replace(p, points=(p.points - about) @ by + about, normals=p.normals @ by) for p in parts
    ]


def moved(parts: Parts, by: Vector) -> Parts:
    return [replace(p, points=p.points + np.array(by)) for p in parts]


def scaled(parts: Parts, by: float) -> Parts:
    """Larger or smaller, about the ground's origin."""
    return [replace(p, points=p.points * by) for p in parts]
