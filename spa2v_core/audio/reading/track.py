"""One sound track of a file as blocks of samples of one rate, its channels as they are chosen."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence

import av
import numpy as np

from ...errors import InputError
from ...units import to_samples
from .choices import AMBISONICS, check_choice, chosen, named
from .container import Budget, Timed, TooMuch

#: Files of a higher rate are brought down to the lower: nothing that is heard lies between, and a
#: small file may hold an hour of it.
HIGHEST_RATE, LOWERED_RATE = 96_000, 48_000
#: Most samples over all channels that are kept.
MAX_KEPT = 90_000_000
#: Lossless codecs that are no plain PCM.
LOSSLESS = ("flac", "alac", "wavpack", "tta", "ape", "mlp", "truehd")
#: Damage so near to where a file is cut is the cut, s.
LAST_S = 0.2


class Track:
    """One track in blocks of one rate.
    What it says of itself is known once blocks have been read.

    Attributes
    ----------
    rate, deep
        as in `Decoded`.
    notes
        what a user should know.
    end_s
        where the last block ends.
    ended
        whether the track does there.
    """

    def __init__(
        self, name: str, chain: Sequence[str | io.BytesIO], index: int, choice: str
    ) -> None:
        self.name, self.chain, self.index, self.choice = name, chain, index, choice
        self.rate, self.deep = 0, False
        self.notes: list[str] = []
        self.end_s, self.ended = 0.0, False

    def blocks(
        self, budget: Budget, start_s: float = 0.0, stop_s: float = math.inf
    ) -> Iterator[tuple[int, np.ndarray]]:
        """(place of the first sample, (channels, n) float32) in order, from a little before
        `start_s` to `stop_s`; between blocks there may be nothing (silence)."""
        timed = Timed(self.chain, self.index, start_s, budget)
        converter, place, until = None, 0, math.nan
        for time, frame in timed:
            if time >= stop_s:
                break
            budget.spend(samples=frame.samples * frame.layout.nb_channels)
            if frame.samples / frame.sample_rate * (self.rate or 1) > MAX_KEPT:
                raise TooMuch(f"{self.name} holds a block of hours: cut out the part you need")
            if converter is None:
                self._begin(frame, timed.codec)
                converter = _Converter(self.rate)
            if not abs(time - until) < 1e-4:  # the first, or after a gap
                for samples in converter.rest():
                    yield place, self._chosen(samples, converter.names)
                    place += samples.shape[1]
                place = to_samples(time, self.rate)
            for samples, names in converter.convert(frame):
                yield place, self._chosen(samples, names)
                place += samples.shape[1]
            until = time + frame.samples / frame.sample_rate
        if converter is not None:
            for samples in converter.rest():
                yield place, self._chosen(samples, converter.names)
                place += samples.shape[1]
        self.end_s, self.ended = min(timed.end, stop_s), timed.ended
        self._tell(timed)

    def _begin(self, frame: av.AudioFrame, codec: str) -> None:
        """What the first frame says; the header may be wrong about the rate and the channels."""
        rate = frame.sample_rate
        self.rate = rate if rate <= HIGHEST_RATE else LOWERED_RATE
        lossless = codec.startswith("pcm_") or codec in LOSSLESS
        self.deep = lossless and frame.format.name.startswith(("s32", "s64", "flt", "dbl"))
        if self.choice == "any":
            return
        names = [channel.name for channel in frame.layout.channels]
        if self.choice == "auto" and named(names):
            self.notes.append(
                f"the file says that it is {frame.layout.name}: it is heard in stereo (Lo/Ro)"
            )
            return
        check_choice(self.choice, len(names), self.name)

    def _chosen(self, samples: np.ndarray, names: Sequence[str]) -> np.ndarray:
        if self.choice in AMBISONICS and len(samples) != 4:
            raise InputError(f"{self.name} has {len(samples)} channels in a part, not 4")
        return (
            samples if self.choice in ("any", *AMBISONICS) else chosen(samples, names, self.choice)
        )

    def _tell(self, timed: Timed) -> None:
        end = timed.cut[0] if timed.cut and self.ended else math.inf
        damage = [(at, seconds) for at, seconds in timed.damage if at < end - LAST_S]
        if damage:
            at, lost = damage[0][0], sum(seconds for _, seconds in damage)
            more = f" and in {len(damage) - 1} more places" if len(damage) > 2 else ""
            more = " and once more" if len(damage) == 2 else more
            silent = f": {lost:.1f} s are lost and silent" if lost >= 0.05 else ""
            self.notes.append(f"the file is damaged at {at:.1f} s{more}{silent}")
        if timed.cut and self.ended:
            end, said = timed.cut
            self.notes.append(f"the file is cut short at {end:.1f} s: it says {said:.1f} s")


class _Converter:
    """Frames of any format to (channels, n) float32 of one rate; the format may change."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.names: list[str] = []
        self._of: tuple[str, str, int] | None = None
        self._resampler: av.AudioResampler | None = None

    def convert(self, frame: av.AudioFrame) -> Iterator[tuple[np.ndarray, list[str]]]:
        """Parts of what came before the frame, or of it, each with the names of its channels."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._of:
            for samples in self.rest():
                yield samples, self.names
            self._of = kind
            self.names = [channel.name for channel in frame.layout.channels]
        if self._resampler is None:
            # packed: PyAV counts a plane too many where 8 channels or more are planar
            self._resampler = av.AudioResampler(format="flt", rate=self.rate)
        frame.pts = None  # times are ours
        for piece in self._resampler.resample(frame):
            yield _samples(piece), self.names

    def rest(self) -> Iterator[np.ndarray]:
        """What the resampler holds back; it starts anew after that."""
        resampler, self._resampler = self._resampler, None
        if resampler is not None:
            for piece in resampler.resample(None):
                yield _samples(piece)


def _samples(frame: av.AudioFrame) -> np.ndarray:
    return frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T
