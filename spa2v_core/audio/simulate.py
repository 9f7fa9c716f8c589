"""Moving sources to stereo with an exact, true layout.

The listener and the camera stand at the origin and look along +z (right-handed, x to the right,
metres); the camera is a pinhole with a horizontal field of view of 90 degrees. A source's sound
arrives with the delay r / c (so a moving source is Doppler-shifted), the gain 1 / r, and panned
by constant power to where it is in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..layout import Box, ObjectTrack, VideoSceneLayout
from ..layout.keyframes import sparse
from ..units import frame_time
from .io import AudioClip

SPEED_OF_SOUND = 343.0
#: Half the picture's width at a depth of 1 m: tan(45 degrees).
HALF_WIDTH = 1.0
ASPECT = 1.6

#: Seconds (n,) to metres: x (n,), z (n,).
Path = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Source:
    """A sounding object.

    Attributes
    ----------
    name: of its track; signal: (n,) its dry sound at 1 m; path: where it is over time.
    width_m, height_m: its size; base_m: height of its lower edge above the camera's axis,
    negative is below (a car on the ground: about -1.2).
    """

    name: str
    signal: np.ndarray
    path: Path
    width_m: float
    height_m: float
    base_m: float = -1.2
    appearance: str = ""


def still(x: float, z: float) -> Path:
    """A source that stays."""
    return lambda t: (np.full_like(t, x), np.full_like(t, z))


def straight(start: tuple[float, float], stop: tuple[float, float], duration_s: float) -> Path:
    """A source that moves from (x, z) to (x, z) at constant speed."""

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        share = t / duration_s
        return start[0] + (stop[0] - start[0]) * share, start[1] + (stop[1] - start[1]) * share

    return path


def screen_x(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Where a point at (x, z) is in the picture: 0 left edge, 1 right edge."""
    return 0.5 + 0.5 * x / (z * HALF_WIDTH)


def constant_power(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right gains for positions 0 (left) to 1 (right): cos and sin of a quarter turn."""
    angle = np.clip(position, 0, 1) * np.pi / 2
    return np.cos(angle), np.sin(angle)


def render_source(source: Source, duration_s: float, rate: int) -> np.ndarray:
    """(2, n) stereo of one source as heard at the origin."""
    count = round(duration_s * rate)
    t = np.arange(count) / rate
    x, z = source.path(t)
    distance = np.hypot(x, z)
    position = (t - distance / SPEED_OF_SOUND + distance[0] / SPEED_OF_SOUND) * rate
    dry = np.interp(position, np.arange(len(source.signal)), source.signal)
    left, right = constant_power(screen_x(x, z))
    return np.stack([left, right]) * dry / np.maximum(distance, 0.5)


def mix(sources: list[Source], duration_s: float, rate: int, peak: float = 0.7) -> AudioClip:
    """All sources together, scaled to `peak`."""
    stereo = np.sum([render_source(source, duration_s, rate) for source in sources], axis=0)
    stereo = stereo * (peak / max(float(np.abs(stereo).max()), 1e-9))
    return AudioClip(stereo.astype(np.float32), rate, "simulated")


def true_layout(
    sources: list[Source], duration_s: float, frame_count: int = 16, caption: str = ""
) -> VideoSceneLayout:
    """The exact layout of the scene; nearer sources are in front."""
    nearest_last = sorted(sources, key=lambda source: -float(source.path(np.zeros(1))[1][0]))
    return VideoSceneLayout(
        duration_s=duration_s,
        frame_count=frame_count,
        caption=caption,
        reasoning="Simulated: the boxes are where the sources are.",
        objects=[
            _track(index, source, duration_s, frame_count)
            for index, source in enumerate(nearest_last)
        ],
    )


def _track(index: int, source: Source, duration_s: float, frame_count: int) -> ObjectTrack:
    times = np.array([frame_time(k, frame_count, duration_s) for k in range(frame_count)])
    xs, zs = source.path(times)
    boxes = []
    for x, z in zip(xs, zs, strict=True):
        half, per_metre = 0.5 * source.width_m / (2 * HALF_WIDTH * z), ASPECT / (2 * HALF_WIDTH * z)
        centre = float(screen_x(x, z))
        bottom = 0.5 - source.base_m * per_metre
        boxes.append(
            Box(centre - half, bottom - source.height_m * per_metre, centre + half, bottom)
        )
    return ObjectTrack(
        id=index,
        name=source.name,
        appearance=source.appearance,
        start=0,
        end=frame_count - 1,
        keyframes=sparse(boxes, tolerance=0.005),
    )
