"""Sizes at which a model draws pictures of other shapes than its own."""

from __future__ import annotations

import math
from itertools import product

from ...layout.picture import SHAPES, STANDARD

#: By what share the area may differ.
TOLERANCE = 0.15


def size_for(shape: str, standard_wh: tuple[int, int], multiple: int) -> tuple[int, int]:
    """(width, height) in pixels for a shape (`layout.picture.SHAPES`).

    standard_wh: the model's size for 8:5, whose area is kept within 15%. Among the sizes whose
    sides are multiples of `multiple`, the one that is nearest to the shape, then to the area.
    """
    if shape == STANDARD:
        return standard_wh
    area, (wide, high) = math.prod(standard_wh), SHAPES[shape]
    sides = range(multiple, 2 * max(standard_wh), multiple)
    sizes = [wh for wh in product(sides, sides) if abs(math.prod(wh) / area - 1) <= TOLERANCE]
    return min(
        sizes or [standard_wh],
        key=lambda wh: (
            round(abs(math.log(wh[0] / wh[1] * high / wide)), 3),
            abs(math.prod(wh) - area),
        ),
    )
