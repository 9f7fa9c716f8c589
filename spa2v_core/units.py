"""The only place that converts seconds <-> frames <-> samples and normalised <-> pixel.

Layout frame k of N stands for the time (k + 0.5) / N * duration.
"""

from __future__ import annotations

#: m/s, in air at 20 degrees.
SPEED_OF_SOUND = 343.0


def frame_time(frame: float, frame_count: int, duration_s: float) -> float:
    """Seconds that (fractional) `frame` stands for."""
    return (frame + 0.5) / frame_count * duration_s


def frame_at(time_s: float, frame_count: int, duration_s: float) -> float:
    """Fractional frame at `time_s`, kept within 0..frame_count - 1."""
    return min(max(time_s / duration_s * frame_count - 0.5, 0.0), frame_count - 1.0)


def resample_frame(frame: int, count: int, other_count: int) -> float:
    """Fractional frame of a sequence of `other_count` at the time of `frame` of `count`."""
    return frame_at(frame_time(frame, count, 1.0), other_count, 1.0)


def latent_frame_count(duration_s: float, rate: float, most: int, per_latent: int) -> int:
    """Frames for a clip as the VAE of a video model needs them, the first alone and then
    `per_latent` for each latent frame (n * per_latent + 1, n >= 1), nearest to `rate`, at most
    `most`."""
    wanted = round((duration_s * rate - 1) / per_latent)
    return per_latent * max(1, min(wanted, (most - 1) // per_latent)) + 1


def to_samples(time_s: float, rate: int) -> int:
    """Nearest sample index."""
    return round(time_s * rate)


def to_seconds(samples: int, rate: int) -> float:
    return samples / rate


def to_pixels(
    xyxy: tuple[float, float, float, float], resolution_wh: tuple[int, int]
) -> tuple[float, float, float, float]:
    """A normalised box in pixels."""
    width, height = resolution_wh
    x1, y1, x2, y2 = xyxy
    return x1 * width, y1 * height, x2 * width, y2 * height
