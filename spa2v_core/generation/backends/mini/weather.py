"""Rain and snow over a finished video, where the caption tells of them: the model itself draws
clear weather alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ....units import frame_time
from ....vocabulary import INDOORS, SCENES
from ...base import RenderRequest

#: It is drawn so many times larger, and reduced: a flake is less than a pixel.
FINER = 3


@dataclass(frozen=True)
class Falling:
    """What falls.

    Attributes
    ----------
    told
        how a caption tells of it.
    count
        how many are in the picture.
    speed, slant
        heights a second, and widths a height.
    length
        of one as it is drawn, heights; 0 is a flake.
    grey, cover
        its level 0..255, and how far it hides what is behind it, 0..1.
    light
        what is left of the scene's, 0..1.
    """

    told: re.Pattern[str]
    count: int
    speed: float
    slant: float
    length: float
    grey: int
    cover: float
    light: float


RAIN = Falling(
    re.compile(r"\bin (the |heavy )?rain\b|\brain(y|ing)\b|\bin a thunderstorm\b", re.I),
    count=110,
    speed=1.5,
    slant=-0.12,
    length=0.06,
    grey=225,
    cover=0.4,
    light=0.88,
)
SNOW = Falling(
    re.compile(r"\bsnow(ing|fall|y)\b|\bin a snowstorm\b", re.I),
    count=130,
    speed=0.22,
    slant=-0.05,
    length=0.0,
    grey=255,
    cover=0.85,
    light=0.97,
)


def weather_of(caption: str) -> Falling | None:
    """What falls in a scene that is told so, None indoors and where nothing does."""
    if any(SCENES[place] in caption.lower() for place in INDOORS):
        return None
    return next((kind for kind in (RAIN, SNOW) if kind.told.search(caption)), None)


def with_weather(frames: np.ndarray, request: RenderRequest) -> np.ndarray:
    """(F, H, W, 3) uint8 frames over the clip's time with what falls; the same for a seed."""
    kind = weather_of(request.layout.caption)
    if kind is None:
        return frames
    count = len(frames)
    times = (frame_time(k, count, request.clip.duration_s) for k in range(count))
    drops = layers(kind, times, frames.shape[2:0:-1], request.seed)
    made = np.empty_like(frames)  # a list, stacked, takes twice as much
    for index, layer in enumerate(drops):
        made[index] = _covered(frames[index], layer, kind)
    return made


def layers(
    kind: Falling, times: Iterable[float], size_wh: tuple[int, int], seed: int
) -> Iterator[np.ndarray]:
    """(H, W) uint8 for each of the times, s: how far something falls there. What is nearer is
    larger and faster."""
    rng = np.random.default_rng(seed)
    wide, high = (FINER * side for side in size_wh)
    x, start = rng.random((2, kind.count))
    near = rng.uniform(0.6, 1.4, kind.count)
    for time in times:
        fallen = start + kind.speed * near * time
        y = fallen % 1.2 - 0.1
        # each comes down somewhere else the next time
        at = (x + 0.37 * np.floor(fallen / 1.2) + kind.slant * y) % 1
        layer = np.zeros((high, wide), np.uint8)
        for a, b, size in zip(at * wide, y * high, near, strict=True):
            _draw(layer, kind, (a, b), size * high)
        yield cv2.resize(layer, size_wh, interpolation=cv2.INTER_AREA)


def _draw(layer: np.ndarray, kind: Falling, place: tuple[float, float], high: float) -> None:
    """One at a place in pixels, in a picture that seems `high`."""
    x, y = (round(v) for v in place)
    if kind.length:
        down = kind.length * high
        end = round(x + kind.slant * down), round(y + down)
        cv2.line(layer, (x, y), end, 255, max(1, round(high / 320)), cv2.LINE_AA)
    else:
        cv2.circle(layer, (x, y), max(1, round(high / 150)), 255, -1, cv2.LINE_AA)


def _covered(frame: np.ndarray, layer: np.ndarray, kind: Falling) -> np.ndarray:
    share = (kind.cover / 255 * layer.astype(np.float32))[..., None]
    return (kind.light * frame * (1 - share) + kind.grey * share).round().astype(np.uint8)
