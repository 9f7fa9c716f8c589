"""Sound in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..units import to_samples, to_seconds

#: What is planned and rendered at once.
MAX_SPAN_SECONDS = 10.0
MIN_SPAN_SECONDS = 0.25
#: RMS under which a recording is silent, dB re full scale: of formats of up to 16 bits and of lossy
#: ones, and of those that keep more.
SILENCE_DB, DEEP_SILENCE_DB = -70.0, -110.0


@dataclass(frozen=True)
class AudioClip:
    """Sound in memory.

    Attributes
    ----------
    samples
        (channels, n) float32, nominally -1..1; 1 or 2 channels, left first.
    rate
        samples a second.
    name
        for messages.
    notes
        what a user should know about how it was read.
    silent_db
        RMS under which it is silent.
    """

    samples: np.ndarray
    rate: int
    name: str = "clip"
    notes: tuple[str, ...] = ()
    silent_db: float = SILENCE_DB

    @property
    def channels(self) -> int:
        return self.samples.shape[0]

    @property
    def duration_s(self) -> float:
        return to_seconds(self.samples.shape[1], self.rate)

    def span(self, start_s: float, duration_s: float) -> AudioClip:
        """A part of the clip; InputError if it isn't inside."""
        if not 0 <= start_s < self.duration_s:  # NaN is outside too
            raise InputError(
                f"start {start_s:g} s is outside the clip, which is {self.duration_s:.2f} s long"
            )
        check_duration(duration_s)
        first = to_samples(start_s, self.rate)
        samples = self.samples[:, first : first + to_samples(duration_s, self.rate)]
        if samples.shape[1] < to_samples(MIN_SPAN_SECONDS, self.rate):
            raise InputError(f"only {to_seconds(samples.shape[1], self.rate):.2f} s are left there")
        return self.with_samples(samples)

    def swapped(self) -> AudioClip:
        """Left and right exchanged."""
        return self.with_samples(np.ascontiguousarray(self.samples[::-1]))

    def with_samples(self, samples: np.ndarray) -> AudioClip:
        """The same clip with other sound, (channels, n) float32."""
        return replace(self, samples=samples)


def check_duration(seconds: float) -> None:
    """InputError unless so much can be planned and rendered at once (NaN can't)."""
    if not MIN_SPAN_SECONDS <= seconds <= MAX_SPAN_SECONDS + 1e-6:
        raise InputError(
            f"the span must be {MIN_SPAN_SECONDS:g} to {MAX_SPAN_SECONDS:g} s long, "
            f"not {seconds:g} s"
        )
