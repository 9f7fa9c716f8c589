"""Rain and snow over a finished video, where the caption tells of them: the model itself draws
clear weather alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ....vocabulary import SCENES
from ...base import RenderRequest

#: Places that nothing falls in.
INDOORS = tuple(SCENES[place] for place in ("room", "kitchen", "stage", "concert hall"))


#: It is drawn so many times larger, and reduced: a flake is less than a pixel.
FINER = 3


@dataclass(frozen=True)
class Falling:
    """What falls: how a caption tells of it, how many are in the picture, how fast and how slanted
    they fall (heights a second, widths a height), how long one is drawn (heights; 0: a flake), its
    grey level and how far it covers, and what is left of the light."""

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
    110, 1.5, -0.12, 0.06, 225, 0.4, 0.88,
)  # fmt: skip
SNOW = Falling(
    re.compile(r"\bsnow(ing|fall|y)\b|\bin a snowstorm\b", re.I),
    130, 0.22, -0.05, 0.0, 255, 0.85, 0.97,
)  # fmt: skip


def weather_of(caption: str) -> Falling | None:
    """What falls in a scene that is told so, None indoors and where nothing does."""
    if any(place in caption.lower() for place in INDOORS):
        return None
    return next((kind for kind in (RAIN, SNOW) if kind.told.search(caption)), None)


def with_weather(frames: np.ndarray, request: RenderRequest) -> np.ndarray:
    """(F, H, W, 3) uint8 frames over the clip's time with what falls; the same for a seed."""
    kind = weather_of(request.layout.caption)
    if kind is None:
        return frames
    times = (np.arange(len(frames)) + 0.5) / len(frames) * request.clip.duration_s
    drops = layers(kind, times, frames.shape[2:0:-1], request.seed)
    return np.stack([_covered(*pair, kind) for pair in zip(frames, drops, strict=True)])


def layers(
    kind: Falling, times: np.ndarray, size_wh: tuple[int, int], seed: int
) -> Iterator[np.ndarray]:
    """(H, W) uint8 for each of (F,) times, s: how far something falls there. What is nearer is
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
