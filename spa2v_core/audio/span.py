"""Which part of which recording, and how its channels are taken: one value from page to planner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .clip import AudioClip
from .io import read_span


@dataclass(frozen=True)
class Excerpt:
    """A span that was read.

    Attributes
    ----------
    start_s
        where it starts in the recording.
    note
        how it was chosen ("" if by the user).
    """

    clip: AudioClip
    start_s: float
    note: str


@dataclass(frozen=True)
class Span:
    """A span of a recording.

    Attributes
    ----------
    start_s, duration_s
        in seconds; None for all of it, or the loudest 10 s of a longer one.
    swap
        exchange left and right, after `channels`.
    channels
        what they are, one of `audio.choices.CHANNELS`.
    """

    path: Path
    start_s: float | None = None
    duration_s: float | None = None
    swap: bool = False
    channels: str = "auto"

    def read(self) -> Excerpt:
        """Decode it.

        Raises
        ------
        InputError
            the file can't be read, or holds no such span.
        """
        clip, start, note = read_span(
            self.path, self.start_s, self.duration_s, channels=self.channels
        )
        return Excerpt(clip.swapped() if self.swap else clip, start, note)
