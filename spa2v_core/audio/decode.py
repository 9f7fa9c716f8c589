"""The sound of a container: which of its tracks, all that can be decoded, in players' time.

Files that other programs play are played here too: what is damaged, cut short, chained or late is
decoded as far as it goes, and said.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import av.error
import numpy as np

from ..errors import InputError
from ..units import to_samples
from .choices import AMBISONICS, check_choice, chosen, decode_ambisonics

#: Files of a higher rate are brought down to the lower: nothing that is heard lies between, and a
#: small file may hold an hour of it.
HIGHEST_RATE, LOWERED_RATE = 96_000, 48_000
#: Most samples over all channels that are decoded, and most that are kept.
MAX_DECODED, MAX_KEPT = 180_000_000, 90_000_000
#: A longer gap between frames is damage, s.
LONGEST_GAP_S = 0.05
#: RMS of a track that is taken for silent, dB re full scale.
SILENT_TRACK_DB = -70.0


@dataclass
class Decoded:
    """What came out of a file.

    Attributes
    ----------
    samples: (1 or 2, n) float32; rate: a second. notes: what a user should know.
    deep: whether the format keeps what is far below 16 bits (float, 24 and 32 bits).
    """

    samples: np.ndarray
    rate: int
    notes: list[str] = field(default_factory=list)
    deep: bool = False


def decode(path: Path, max_seconds: float, choice: str) -> Decoded:
    """The sound of a file as mono or stereo.

    Raises
    ------
    InputError
        if there is none, if it is too long, or if its channels are not explained by `choice`.
    av.error.FFmpegError
        if it is no file that can be read at all.
    """
    found: Decoded | None = None
    for link in _links(path):
        with av.open(link, "r", metadata_errors="replace") as container:
            if not container.streams.audio:
                raise InputError(f"{path.name} has no sound track")
            reader = _Reader(path.name, container, choice, max_seconds, found)
            part = reader.read()
        if found is None:
            found = part
        else:
            found.samples = _end_to_end([found.samples, part.samples])
    if found is None:
        raise InputError(f"{path.name} holds no sound: the file is cut off or damaged")
    return found


@dataclass
class _Reader:
    """Reads one container; `before` is what an earlier link of a chain held."""

    name: str
    container: av.container.InputContainer
    choice: str
    max_seconds: float
    before: Decoded | None

    def read(self) -> Decoded:
        """The first track that is not silent; two mono tracks are left and right."""
        self._check_header()
        streams = self.container.streams.audio
        if _are_left_and_right(streams):
            return self._two_mono_tracks()
        default = [k for k, stream in enumerate(streams) if stream.disposition.name == "default"]
        first: Decoded | None = None
        for index in dict.fromkeys([0, *default, *range(len(streams))]):
            track = self._track(index, self.choice)
            if len(streams) == 1 or not _is_silent(track.samples):
                if index:
                    track.notes.append(f"track 1 is silent: track {index + 1} is taken")
                return track
            first = first or track
        return first or self._track(0, self.choice)

    def _check_header(self) -> None:
        seconds = (self.container.duration or 0) / 1e6
        if seconds > self.max_seconds * 1.01:
            raise InputError(too_long(self.name, seconds, self.max_seconds))

    def _two_mono_tracks(self) -> Decoded:
        left, right = (self._track(index, "plain") for index in (0, 1))
        if self.choice in ("left", "right"):
            return left if self.choice == "left" else right
        check_choice(self.choice, 2, self.name)
        count = max(part.samples.shape[1] for part in (left, right))
        both = np.zeros((2, count), np.float32)
        for row, part in zip(both, (left, right), strict=True):
            row[: part.samples.shape[1]] = part.samples[0]
        notes = ["two mono tracks are taken as left and right", *left.notes, *right.notes]
        return Decoded(chosen(both, ("FL", "FR"), self.choice), left.rate, notes, left.deep)

    def _track(self, index: int, choice: str) -> Decoded:
        """All that can be decoded of one track."""
        self.container.seek(0)
        stream = self.container.streams.audio[index]
        codec = stream.codec_context
        if codec is None or not codec.sample_rate or not codec.channels:
            raise InputError(
                f"{self.name} has a sound track that can't be decoded here: "
                "export it as wav or flac"
            )
        check_choice(choice, codec.channels, self.name)
        rate = codec.sample_rate if codec.sample_rate <= HIGHEST_RATE else LOWERED_RATE
        rate = self.before.rate if self.before else rate
        notes: list[str] = []
        samples = self._samples(stream, choice, rate, notes)
        if choice in AMBISONICS:
            samples = decode_ambisonics(samples, choice, self.name)
        deep = codec.name.startswith("pcm_f") or codec.format.name.startswith(("s32", "dbl"))
        return Decoded(samples, rate, notes, deep)

    def _samples(
        self, stream: av.AudioStream, choice: str, rate: int, notes: list[str]
    ) -> np.ndarray:
        """(channels, n) in players' time: what starts late is late."""
        parts: list[np.ndarray] = []
        decoded = kept = 0
        converter = _Converter(rate)
        for frame in _frames(self.container, stream, notes):
            if not parts:
                parts.append(np.zeros((1, to_samples(self._late(frame), rate)), np.float32))
            decoded += frame.samples * frame.layout.nb_channels
            names = [channel.name for channel in frame.layout.channels]
            for samples in converter.convert(frame):
                parts.append(chosen(samples, names, choice))
                kept += parts[-1].shape[1]
            self._check_size(kept / rate, kept * len(parts[-1]), decoded)
        if not kept:
            raise InputError(f"{self.name} holds no sound: the file is cut off or damaged")
        return _end_to_end(parts)

    def _late(self, frame: av.AudioFrame) -> float:
        """Seconds that the sound starts after the container (its pictures) does."""
        if frame.time is None or len(self.container.streams) == 1:
            return 0.0
        late = frame.time - (self.container.start_time or 0) / 1e6
        return min(max(late, 0.0), self.max_seconds)

    def _check_size(self, seconds: float, kept: int, decoded: int) -> None:
        if self.before is not None:
            seconds += self.before.samples.shape[1] / self.before.rate
            kept += self.before.samples.size
        if seconds > self.max_seconds * 1.01:
            raise InputError(too_long(self.name, seconds, self.max_seconds))
        if kept > MAX_KEPT or decoded > MAX_DECODED:
            raise InputError(
                f"{self.name} holds over {MAX_KEPT / 1e6:.0f} million samples: "
                "cut out the part you need"
            )


class _Converter:
    """Frames of any format to (channels, n) float32 of one rate; the format may change."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._of: tuple[str, str, int] | None = None
        self._resampler: av.AudioResampler | None = None

    def convert(self, frame: av.AudioFrame) -> Iterator[np.ndarray]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or kind != self._of:
            # packed: PyAV counts a plane too many where 8 channels or more are planar
            self._of = kind
            self._resampler = av.AudioResampler(format="flt", rate=self.rate)
        for piece in self._resampler.resample(frame):
            yield piece.to_ndarray().reshape(-1, piece.layout.nb_channels).T


def _frames(
    container: av.container.InputContainer, stream: av.AudioStream, notes: list[str]
) -> Iterator[av.AudioFrame]:
    """Every frame that can be decoded; what is damaged is left out, and noted."""
    packets = container.demux(stream)
    time = 0.0
    lost_at: list[float] = []
    failed: av.error.FFmpegError | None = None
    heard = False
    while True:
        try:
            for frame in next(packets).decode():
                if heard and frame.time is not None and frame.time - time > LONGEST_GAP_S:
                    lost_at.append(time)
                heard = True
                time = (frame.time or time) + frame.samples / frame.sample_rate
                yield frame
        except StopIteration:
            break
        except av.error.FFmpegError as error:
            failed = error
            lost_at.append(time)
    if failed is not None and not heard:
        raise failed
    if lost_at:
        notes.append(
            f"the file is damaged or cut short at {lost_at[0]:.1f} s: "
            "what can't be decoded is left out"
        )


def _end_to_end(parts: list[np.ndarray]) -> np.ndarray:
    """Parts joined; where one is mono and another stereo the mono is in both channels."""
    count = max(len(part) for part in parts)
    same = [part if len(part) == count else np.repeat(part[:1], count, 0) for part in parts]
    return np.concatenate(same, axis=1, dtype=np.float32)


def _are_left_and_right(streams: Sequence[av.AudioStream]) -> bool:
    """Whether the first two tracks are mono, of one rate and one language."""
    if len(streams) < 2 or any(stream.codec_context is None for stream in streams[:2]):
        return False
    one, other = (stream.codec_context for stream in streams[:2])
    same_rate = one.sample_rate == other.sample_rate
    same_language = streams[0].language == streams[1].language
    return one.channels == other.channels == 1 and same_rate and same_language


def _is_silent(samples: np.ndarray) -> bool:
    moving = float(np.var(samples, dtype=np.float64))
    return 10 * np.log10(max(moving, 1e-20)) < SILENT_TRACK_DB


def _links(path: Path) -> Iterator[str | io.BytesIO]:
    """The file, or, of Ogg streams that are chained (RFC 3533, 4), each by itself: FFmpeg stops
    where the rate changes."""
    with path.open("rb") as file:
        is_ogg = file.read(4) == b"OggS"
    starts = _chain(path.read_bytes()) if is_ogg else [0]
    if len(starts) < 2:
        yield str(path)
        return
    data = path.read_bytes()
    for start, stop in zip(starts, [*starts[1:], len(data)], strict=True):
        yield io.BytesIO(data[start:stop])


def _chain(data: bytes) -> list[int]:
    """Where the links of an Ogg file start: pages that begin a stream after others ended."""
    starts, at, beginning = [0], 0, True
    while 0 <= at < len(data) - 27 and data[at : at + 4] == b"OggS":
        begins = bool(data[at + 5] & 2)
        if begins and not beginning:
            starts.append(at)
        beginning = begins
        segments = data[at + 26]
        at += 27 + segments + sum(data[at + 27 : at + 27 + segments])
    return starts


def too_long(name: str, seconds: float, limit: float) -> str:
    return (
        f"{name} is {seconds / 60:.0f} minutes long or more, over the limit of {limit / 60:.0f}: "
        "cut out the part you need"
    )
