"""The picture's facts: its sizes, and where things stand in it (shares of its height, 0 on top)."""

from __future__ import annotations

import math

#: Pixels of a new layout and, at least, of an exported video; and of what the mini model draws.
WIDTH, HEIGHT = SIZE_WH = (512, 320)
MINI_WH = (256, 160)
ASPECT = WIDTH / HEIGHT
#: Width to height of a picture -> pixels of its smallest exported video, of about one area.
SHAPES = {"8:5": SIZE_WH, "16:9": (512, 288), "9:16": (288, 512), "1:1": (384, 384)}
STANDARD = "8:5"

HORIZON = 0.5
#: Bottom edge of what is far away on the ground, how much lower it is for each height that a thing
#: gains by coming nearer, and the height from which it stands no lower.
FAR_BOTTOM, RISE, NEAREST = HORIZON + 0.06, 0.714, 0.5
#: Vertical centre of what is not on the ground.
MIDDLES = {"air": 0.34, "perched": 0.42, "held": 0.55}
#: Bottom edge of what stands in the foreground.
BOTTOMS = {"air": 0.5, "perched": 0.6, "held": 0.8, "ground": 0.88}


def middle(place: str, height: float) -> float:
    """Vertical centre, 0..1, of a thing whose box is so high (0..1): where such a thing is; on the
    ground lower in the picture when nearer, that is larger.

    place: as in `vocabulary`: "ground", "air", "perched" or "held".
    """
    if place != "ground":
        return MIDDLES[place]
    return FAR_BOTTOM + RISE * min(NEAREST, height) - height / 2


def standing_height(bottom: float) -> float:
    """Height, 0..0.5, of a thing on the ground whose bottom edge is there (0..1): `middle`, turned
    round; 0 where nothing can stand."""
    return min(NEAREST, max(0.0, (bottom - FAR_BOTTOM) / RISE))


def shape_of(size_wh: tuple[int, int]) -> str:
    """The key of `SHAPES` that a picture (width, height) is nearest to."""

    def off(shape: str) -> float:
        (width, height), (wide, high) = SHAPES[shape], size_wh
        return abs(math.log(width / height * high / wide))

    return min(SHAPES, key=off)


def has_shape(size_wh: tuple[int, int], shape: str) -> bool:
    """Whether a picture has exactly a shape, but for the rounding of its sides."""
    width, height = SHAPES[shape]
    return abs(size_wh[0] / size_wh[1] - width / height) < 0.01
