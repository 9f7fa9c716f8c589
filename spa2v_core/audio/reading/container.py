"""The sound tracks of a file, frame by frame at the times when a player plays them.

Files that other programs play are played here too. What is damaged or paused keeps its time: what
comes after it is as late as it was. A part that is asked for is decoded alone where the file's
clock is exact to the sample.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import av.error

from ...errors import InputError

#: Most samples over all channels that are decoded of one file, and most packets that are read.
MAX_DECODED, MAX_PACKETS = 100_000_000, 1_000_000
#: Packets that can't be decoded after which nothing more is expected of a file.
MAX_FAILED = 20_000
#: Most streams that are chained in one file.
MAX_LINKS = 1000
#: Decoding starts so long before a part: decoders need what was before, s.
PREROLL_S = 2.0
#: Timestamps that are further from the count of samples count; those after damage sooner, s.
LONGEST_GAP_S, DAMAGED_GAP_S = 0.1, 0.005
#: The longest pause that a file may hold whose length is not known, s.
LONGEST_PAUSE_S = 30.0
#: A file that ends so much before the end it states is cut short, s.
CUT_SHORT_S = 0.25
#: Longer parts of a file whose clock is too coarse are skipped by it, not by counting, s.
COUNTED_S = 900.0
#: Formats without timestamps: FFmpeg guesses their length from the bit rate and counts frames.
UNTIMED = ("mp3", "aac", "ac3", "eac3", "dts", "amr", "loas", "truehd")
#: Frames after damage that are noise in them: what they are coded from was lost.
NOISY_FRAMES = 2
#: Tags between the frames of joined files: no sound is lost there.
_TAGS = (b"ID3", b"APETAGEX", b"TAG", b"LYRICS")


class TooMuch(InputError):  # noqa: N818 (an error by its base)
    """A file holds more than is decoded at once."""


class Budget:
    """What may still be decoded of a file, over all its tracks."""

    def __init__(self, name: str) -> None:
        self.name, self.samples, self.packets = name, MAX_DECODED, MAX_PACKETS

    def spend(self, samples: int = 0, packets: int = 0) -> None:
        """Raises TooMuch where it is used up."""
        self.samples -= samples
        self.packets -= packets
        if min(self.samples, self.packets) < 0:
            raise TooMuch(
                f"{self.name} holds over {MAX_DECODED / 1e6:.0f} million samples: choose a span "
                "of it (start and length), or cut out the part you need"
            )


@contextmanager
def opened(link: str | io.BytesIO) -> Iterator[av.container.InputContainer]:
    """A container; tags of any encoding."""
    if isinstance(link, io.BytesIO):
        link.seek(0)
    with av.open(link, "r", metadata_errors="replace") as container:
        yield container


def links(path: Path) -> list[str | io.BytesIO]:
    """The file, or, of Ogg streams that are chained (RFC 3533, 4), each by itself: FFmpeg stops
    where the rate changes."""
    with path.open("rb") as file:
        if file.read(4) != b"OggS":
            return [str(path)]
    data = path.read_bytes()
    starts = _chain(data)
    if len(starts) > MAX_LINKS:
        raise TooMuch(f"{path.name} is a chain of over {MAX_LINKS} streams: cut out a part")
    if len(starts) < 2:
        return [str(path)]
    ends = [*starts[1:], len(data)]
    return [io.BytesIO(data[start:stop]) for start, stop in zip(starts, ends, strict=True)]


def _chain(data: bytes) -> list[int]:
    """Where the links of an Ogg file start: pages that begin a stream after others ended."""
    starts, at, beginning = [0], 0, True
    while 0 <= (at := data.find(b"OggS", at)) < len(data) - 27:
        begins = bool(data[at + 5] & 2)
        if begins and not beginning:
            starts.append(at)
        beginning = begins
        segments = data[at + 26]
        at += 27 + segments + sum(data[at + 27 : at + 27 + segments])
    return starts


class Timed:
    """The frames of one sound track with their times, s; time 0 is where the file starts.
    What it says of itself is known at the end.

    Attributes
    ----------
    end
        of the last frame that was seen, s.
    ended
        whether that is the file's.
    codec
        its name.
    damage
        (time, seconds lost) of each damaged place.
    cut
        (end, length that the file states) if it is cut short.
    """

    def __init__(
        self, chain: Sequence[str | io.BytesIO], index: int, start_s: float, budget: Budget
    ) -> None:
        self.chain, self.index, self.start_s, self.budget = chain, index, start_s, budget
        self.end, self.ended, self.codec = 0.0, False, ""
        self.damage: list[tuple[float, float]] = []
        self.cut: tuple[float, float] | None = None

    def __iter__(self) -> Iterator[tuple[float, av.AudioFrame]]:
        failed: av.error.FFmpegError | None = None
        heard = False
        for number, link in enumerate(self.chain):
            with opened(link) as container:
                reader = _Link(self, container, late_counts=number == 0)
                for timed in reader:
                    heard = True
                    yield timed
                failed = failed or reader.failed
        self.ended = True
        if failed is not None and not heard:
            raise failed

    def lost(self, time: float, seconds: float = 0.0) -> None:
        if time + seconds >= self.start_s:  # before it, decoders that start late may fail
            self.damage.append((time, seconds))


class _Link:
    """One container of a chain (most files are one)."""

    def __init__(
        self, timed: Timed, container: av.container.InputContainer, late_counts: bool
    ) -> None:
        self.timed, self.container = timed, container
        streams = container.streams.audio
        self.stream = streams[min(timed.index, len(streams) - 1)]
        self.late_counts = late_counts and len(container.streams) > 1
        self.untimed = container.format.name in UNTIMED
        #: What is added to a time of the file; None before the first frame.
        self.base: float | None = None
        self._start = timed.end
        #: Frames whose place is not sure before the next is seen.
        self.waiting: list[av.AudioFrame] = []
        self.skipped = self.damaged = False
        self.muted = 0
        self.failed: av.error.FFmpegError | None = None
        self.failures = 0
        self.sizes = [0, 0]  # bytes and number of packets
        timed.codec = self.stream.codec_context.name
        if timed.codec == "flac":  # a frame that fails its checksum is noise
            self.stream.codec_context.options = {"err_detect": "crccheck+explode"}

    @property
    def length(self) -> float:
        """Seconds from the link's start that the file states, 0 if it does not."""
        if self.untimed:
            return 0.0
        if self.stream.duration and self.stream.time_base:
            return float(self.stream.duration * self.stream.time_base)
        return (self.container.duration or 0) / 1e6

    def __iter__(self) -> Iterator[tuple[float, av.AudioFrame]]:
        started = self.timed.end
        packets = self.container.demux(self.stream)
        skips = self._skips()
        while True:
            try:
                packet = next(packets)
                self.timed.budget.spend(packets=1)
                if skips and self._skip(packet):
                    continue
                frames = packet.decode()
            except StopIteration:
                break
            except av.error.FFmpegError as error:
                self._fail(error, packet)
                self.failures += 1
                if self.failures > MAX_FAILED:
                    break
                continue
            self._count(packet)
            for frame in frames:
                if frame.samples and frame.sample_rate:
                    yield from self._placed(frame)
        yield from self._released(0.0)
        self._look_whether_cut(started)

    def _skips(self) -> bool:
        """Whether packets before a part need not be decoded: their times are exact to the sample,
        or else so far in that counting takes long."""
        codec, base = self.stream.codec_context, self.stream.time_base
        if self.timed.start_s <= PREROLL_S:
            return False
        exact = base is not None and float(base) * (codec.sample_rate or 1) <= 1
        return exact or self.timed.start_s > COUNTED_S

    def _skip(self, packet: av.Packet) -> bool:
        """Pass over a packet that is long before the part; the first frame shows when it starts."""
        if self.base is None or packet.pts is None or not packet.duration or not packet.time_base:
            return False
        if self.waiting or (self.untimed and self._is_large(packet)):
            return False
        seconds = float(packet.duration * packet.time_base)
        at = float(packet.pts * packet.time_base) + self.base
        jump = at - self.timed.end
        if abs(jump) > LONGEST_GAP_S and not self._plausible(jump):
            self.base -= jump
            at = self.timed.end
        if at + seconds > self.timed.start_s - PREROLL_S:
            return False
        self._count(packet)
        self.timed.end, self.skipped = at + seconds, True
        return True

    def _count(self, packet: av.Packet) -> None:
        self.sizes = [self.sizes[0] + packet.size, self.sizes[1] + bool(packet.size)]

    @property
    def _usual(self) -> float:
        """Bytes of a packet, as far as was seen."""
        return self.sizes[0] / max(1, self.sizes[1])

    def _is_large(self, packet: av.Packet) -> bool:
        """Whether a packet may hold what is damaged, and several frames."""
        return self.sizes[1] > 0 and packet.size > 1.5 * self._usual

    def _fail(self, error: av.error.FFmpegError, packet: av.Packet) -> None:
        """A packet that can't be decoded; without timestamps its size tells what was lost."""
        self.failed = error
        self.damaged = True
        lost = 0.0
        if self.untimed:
            seconds = float((packet.duration or 0) * (packet.time_base or 0))
            if self._is_large(packet) and not any(tag in bytes(packet) for tag in _TAGS):
                lost = min(round(packet.size / self._usual) * seconds, LONGEST_PAUSE_S)
            if self.base is not None:
                self.base += lost - seconds  # FFmpeg counts it as one frame
            self.muted = NOISY_FRAMES
        self.timed.lost(self.timed.end, lost)
        self.timed.end += lost

    def _placed(self, frame: av.AudioFrame) -> Iterator[tuple[float, av.AudioFrame]]:
        """The frame, or nothing yet, with those that waited for it."""
        if self.base is None:
            self._begin(frame)
        if self.untimed:
            if self.skipped and frame.time is not None and self.timed.end < self.timed.start_s:
                self.timed.end = frame.time + (self.base or 0.0)
            placed = self._put(frame)
            if not self.muted:
                yield placed
            self.muted = max(0, self.muted - 1)
            return
        if frame.time is None:  # FLAC, after damage
            self.waiting.append(frame)
            self.damaged = True
            if len(self.waiting) > 100:
                yield from self._released(0.0)
            return
        at = frame.time + (self.base or 0.0)
        if self.skipped:
            self.skipped = False
            self.timed.end = at - sum(map(_seconds, self.waiting))
        jump = at - self.timed.end - sum(map(_seconds, self.waiting))
        if abs(jump) <= (DAMAGED_GAP_S if self.damaged else LONGEST_GAP_S):
            yield from self._released(0.0)
            yield self._put(frame)
            self.damaged = False
        elif self._confirms(frame):
            before = self.waiting[:-1]
            place = (self.waiting[-1].time or 0.0) + (self.base or 0.0)
            yield from self._released(place - self.timed.end - sum(map(_seconds, before)))
            yield self._put(frame)
        else:
            self.waiting.append(frame)
            if len(self.waiting) > 100:
                yield from self._released(0.0)

    def _confirms(self, frame: av.AudioFrame) -> bool:
        """Whether the frame goes on from a waiting one: two in a row don't lie about the time."""
        if not self.waiting or self.waiting[-1].time is None or frame.time is None:
            return False
        last = self.waiting[-1]
        return abs(frame.time - (last.time or 0.0) - _seconds(last)) <= LONGEST_GAP_S / 2

    def _released(self, jump: float) -> Iterator[tuple[float, av.AudioFrame]]:
        """The waiting frames, after a gap of `jump` seconds if there can be one."""
        if jump and self._plausible(jump):
            self.timed.lost(self.timed.end, jump)
            self.timed.end += jump
        elif jump and self.base is not None:
            self.base -= jump
        waiting, self.waiting = self.waiting, []
        for frame in waiting:
            yield self._put(frame)
        if jump:
            self.damaged = False

    def _plausible(self, jump: float) -> bool:
        """Whether sound may be missing for so long: not back in time, nor past the file's end."""
        if jump <= 0:
            return False
        if self.length:
            return self.timed.end + jump <= self._start + self.length + 1.0
        return jump <= LONGEST_PAUSE_S

    def _begin(self, frame: av.AudioFrame) -> None:
        """The first frame starts the file, or so late as it is after the pictures do."""
        time, late = frame.time or 0.0, 0.0
        if self.late_counts and frame.time is not None:
            late = max(time - (self.container.start_time or 0) / 1e6, 0.0)
            if self.length and late > (self.container.duration or 0) / 1e6 + 1.0:
                late = 0.0  # a time that can't be
        self.base = self.timed.end + late - time
        self.timed.end += late

    def _put(self, frame: av.AudioFrame) -> tuple[float, av.AudioFrame]:
        at = self.timed.end
        self.timed.end = at + _seconds(frame)
        return at, frame

    def _look_whether_cut(self, started: float) -> None:
        alone = len(self.container.streams) == 1 or self.stream.duration
        if alone and self.length and self.timed.end - started < self.length - CUT_SHORT_S:
            self.timed.cut = (self.timed.end, started + self.length)


def _seconds(frame: av.AudioFrame) -> float:
    return frame.samples / frame.sample_rate
