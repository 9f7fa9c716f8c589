"""The sound of a recording: which of its tracks and channels, all of it or a part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

from ...errors import InputError
from ...units import to_samples
from .choices import AMBISONICS, ambisonics_to_stereo, check_ambisonics, check_choice, chosen
from .container import UNTIMED, Budget, TooMuch, links, opened
from .track import MAX_KEPT, Track

#: Level over half a second under which a track is silent, dB re full scale: of formats of up to 16
#: bits and of lossy ones, and of those that keep more.
SILENT_TRACK_DB, DEEP_SILENT_TRACK_DB = -70.0, -110.0
#: Tracks of a file that are looked through for sound.
MAX_TRACKS = 16
#: The loudest part is found in steps of this, s.
STEP_S = 0.1
#: Steps that are measured at once.
WINDOW_STEPS = 40
#: A rest behind a part that is no longer than this belongs to it, s.
REST_S = 1e-3


@dataclass
class Decoded:
    """What came out of a file.

    Attributes
    ----------
    samples
        (1 or 2, n) float32.
    rate
        a second.
    notes
        what a user should know.
    deep
        whether the format keeps what is far below 16 bits (float, 24 and 32 bits).
    end_s
        where what was decoded ends in the recording.
    ended
        whether the recording does there.
    """

    samples: np.ndarray
    rate: int
    notes: list[str] = field(default_factory=list)
    deep: bool = False
    end_s: float = 0.0
    ended: bool = True


@dataclass(frozen=True)
class Survey:
    """What a recording is like as a whole.

    Attributes
    ----------
    seconds
        that were looked at.
    whole
        whether these are all.
    rate
        a second.
    channels
        1 or 2.
    alike
        whether both are the same.
    power
        (n,) variance over the channels in each step of `STEP_S`.
    notes
        what a user should know.
    """

    seconds: float
    whole: bool
    rate: int
    channels: int
    alike: bool
    power: np.ndarray
    notes: tuple[str, ...]


class Recording:
    """A file whose sound is asked for.

    Parameters
    ----------
    choice
        what its channels are, one of `choices.CHANNELS`.

    Raises
    ------
    InputError
        if there is no sound in it, or its channels are not explained by `choice`.
    av.error.FFmpegError
        if it is no file that can be read at all.
    """

    def __init__(self, path: Path, choice: str) -> None:
        self.path, self.choice = path, choice
        self.notes: list[str] = []
        self.chain = links(path)
        with opened(self.chain[0]) as container:
            streams = container.streams.audio
            if not streams:
                raise InputError(f"{path.name} has no sound track")
            usable = [
                index
                for index, stream in enumerate(streams)
                if stream.codec_context is not None
                and stream.codec_context.sample_rate
                and stream.codec_context.channels
            ]
            if not usable:
                raise InputError(
                    f"{path.name} has a sound track that can't be decoded here: "
                    "export it as wav or flac"
                )
            timed = container.format.name not in UNTIMED and len(self.chain) == 1
            #: Seconds that the file says it lasts, 0 if it does not, or only guesses.
            self.stated_s = (container.duration or 0) / 1e6 if timed else 0.0
            pairs = _pairs_of_mono(streams, usable)
            default = [index for index in usable if streams[index].disposition & _DEFAULT]
        self.tracks = self._pair(pairs) if pairs else (self._sounding([*default, *usable]),)

    def read(self, start_s: float = 0.0, stop_s: float = math.inf) -> Decoded:
        """All that can be decoded from `start_s` on, up to `stop_s`.

        Raises
        ------
        TooMuch
            there is more than is decoded or kept at once.
        """
        budget = Budget(self.path.name)
        parts = [self._read(index, start_s, stop_s, budget) for index in self.tracks]
        if len(parts) == 1:
            return parts[0]
        left, right = parts
        if self.choice in ("left", "right"):
            return left if self.choice == "left" else right
        both = np.zeros((2, max(part.samples.shape[1] for part in parts)), np.float32)
        for row, part in zip(both, parts, strict=True):
            row[: part.samples.shape[1]] = part.samples[0]
        notes = list(dict.fromkeys([*left.notes, *right.notes]))
        end, ended = max(left.end_s, right.end_s), left.ended and right.ended
        samples = chosen(both, ("FL", "FR"), self.choice)
        return Decoded(samples, left.rate, notes, left.deep, end, ended)

    def survey(self, longest_s: float) -> Survey:
        """Look through the recording without keeping it, at most `longest_s` of it."""
        budget = Budget(self.path.name)
        looks = [_Look(self._track(index)) for index in self.tracks]
        for look in looks:
            look.through(budget, longest_s)
        notes = [*self.notes, *(note for look in looks for note in look.track.notes)]
        power = np.zeros(max(len(look.power) for look in looks))
        for look in looks:
            power[: len(look.power)] += look.power
        return Survey(
            seconds=max(look.track.end_s for look in looks),
            whole=all(look.track.ended for look in looks),
            rate=looks[0].track.rate,
            channels=max(len(looks), *(look.channels for look in looks)),
            alike=len(looks) == 1 and looks[0].alike,
            power=power,
            notes=tuple(dict.fromkeys(notes)),
        )

    def _track(self, index: int) -> Track:
        choice = "plain" if len(self.tracks) > 1 else self.choice
        return Track(self.path.name, self.chain, index, choice)

    def _read(self, index: int, start_s: float, stop_s: float, budget: Budget) -> Decoded:
        track = self._track(index)
        blocks: list[tuple[int, np.ndarray]] = []
        first, kept = 0, 0
        for at, samples in track.blocks(budget, start_s, stop_s + REST_S):
            first = to_samples(start_s, track.rate)
            if at + samples.shape[1] <= first:
                continue
            blocks.append((at, samples[:, max(0, first - at) :]))
            blocks[-1] = (max(at, first), blocks[-1][1])
            kept += samples.size
            if kept > MAX_KEPT:
                raise TooMuch(
                    f"{self.path.name} holds over {MAX_KEPT / 1e6:.0f} million samples: "
                    "choose a span of it (start and length), or cut out the part you need"
                )
        if track.end_s == 0.0:
            raise InputError(f"{self.path.name} holds no sound: the file is cut off or damaged")
        samples = _assembled(blocks, first)
        if math.isfinite(stop_s):
            stop = to_samples(stop_s - start_s, track.rate)
            if not track.ended or samples.shape[1] - stop > REST_S * track.rate:
                samples = samples[:, :stop]
        if self.choice in AMBISONICS and len(self.tracks) == 1 and samples.size:
            check_ambisonics(samples, self.choice, self.path.name)
            samples = ambisonics_to_stereo(samples, self.choice)
        notes = [*self.notes, *track.notes]
        return Decoded(samples, track.rate, notes, track.deep, track.end_s, track.ended)

    def _pair(self, pairs: list[tuple[int, int]]) -> tuple[int, ...]:
        """The first pair of mono tracks with sound."""
        check_choice(self.choice, 2, self.path.name)
        pair = pairs[0]
        if len(pairs) > 1:
            budget = Budget(self.path.name)
            heard = (p for p in pairs if any(self._has_sound(index, budget) for index in p))
            pair = next(heard, pair)
        which = "" if pair == (0, 1) else f" (tracks {pair[0] + 1} and {pair[1] + 1})"
        self.notes.append(f"two mono tracks are taken as left and right{which}")
        return pair

    def _sounding(self, order: list[int]) -> int:
        """The first track with sound; the file's default is looked at first."""
        order = list(dict.fromkeys(order))[:MAX_TRACKS]
        if len(order) == 1:
            return order[0]
        budget = Budget(self.path.name)
        for place, index in enumerate(order):
            if self._has_sound(index, budget):
                if place:
                    self.notes.append(f"track {order[0] + 1} is silent: track {index + 1} is taken")
                elif index:
                    self.notes.append(f"of {len(order)} tracks the default, {index + 1}, is taken")
                return index
        return order[0]

    def _has_sound(self, index: int, budget: Budget) -> bool:
        """Whether half a second of a track is above silence; it is decoded up to there."""
        track = Track(self.path.name, self.chain, index, "any")
        pieces: list[np.ndarray] = []
        for _, samples in track.blocks(budget):
            pieces.append(samples.mean(0))
            if sum(map(len, pieces)) >= track.rate / 2:
                if _is_sound(np.concatenate(pieces), track.deep):
                    return True
                pieces.clear()
        return bool(pieces) and _is_sound(np.concatenate(pieces), track.deep)


class _Look:
    """Goes through a track and keeps its level only, a few seconds at a time."""

    def __init__(self, track: Track) -> None:
        self.track, self.channels, self.alike = track, 1, True
        self.power = np.zeros(0)
        self._powers: list[np.ndarray] = []
        self._blocks: list[tuple[int, np.ndarray]] = []
        self._first = self._end = 0

    def through(self, budget: Budget, longest_s: float) -> None:
        """Up to `longest_s`, or what the budget allows."""
        try:
            for at, samples in self.track.blocks(budget, 0.0, longest_s):
                self._take(at, samples)
        except TooMuch:
            self.track.end_s = self._end / self.track.rate
        self._measure(self._end - self._first + self._step)
        self.power = np.concatenate(self._powers)

    @property
    def _step(self) -> int:
        return max(1, to_samples(STEP_S, self.track.rate or 1))

    def _take(self, at: int, samples: np.ndarray) -> None:
        window = WINDOW_STEPS * self._step
        if self.track.choice in AMBISONICS:
            samples = ambisonics_to_stereo(samples, self.track.choice)
        while at - self._first > window:  # a long silence
            self._measure(window)
        self._blocks.append((at, samples))
        self._end = at + samples.shape[1]
        if self._end - self._first > window:
            self._measure()

    def _measure(self, at_least: int = 0) -> None:
        """Variance in each step (a constant offset and slow rumble are no sound) of the blocks, as
        if silence followed up to `at_least` samples; what fills no step is kept."""
        samples = _assembled(self._blocks, self._first)
        if (lacking := at_least - samples.shape[1]) > 0:
            samples = np.pad(samples, ((0, 0), (0, lacking)))
        count = samples.shape[1] // self._step
        whole, rest = np.split(samples, [count * self._step], axis=1)
        parts = whole.reshape(len(whole), count, self._step)
        power = np.square(parts).mean(2).sum(0) - np.square(parts.mean(2)).sum(0)
        self._powers.append(np.where(np.isfinite(power), power, 0.0))
        if len(whole) > 1:
            self.channels = 2
            self.alike = self.alike and bool((np.abs(whole[0] - whole[1]) < 1e-3).all())
        self._first += count * self._step
        self._blocks = [(self._first, rest)] if rest.size else []


def _assembled(blocks: list[tuple[int, np.ndarray]], first: int) -> np.ndarray:
    """(channels, n) from sample `first` on; mono blocks are in both channels, gaps are silent."""
    if not blocks:
        return np.zeros((1, 0), np.float32)
    rows = max(len(samples) for _, samples in blocks)
    out = np.zeros((rows, max(at + s.shape[1] for at, s in blocks) - first), np.float32)
    for at, samples in blocks:
        out[:, at - first : at - first + samples.shape[1]] = samples
    return out


def _is_sound(samples: np.ndarray, deep: bool) -> bool:
    moving = float(np.var(samples, dtype=np.float64))
    least = DEEP_SILENT_TRACK_DB if deep else SILENT_TRACK_DB
    return 10 * math.log10(max(moving, 1e-20)) > least


_DEFAULT = av.stream.Disposition.default


def _pairs_of_mono(
    streams: Sequence[av.AudioStream], usable: Sequence[int]
) -> list[tuple[int, int]]:
    """Tracks one and two, three and four, ... if all are mono, of one rate and language: a
    camera's microphones."""
    kinds = {
        (
            streams[k].codec_context.channels,
            streams[k].codec_context.sample_rate,
            streams[k].language,
        )
        for k in usable
    }
    if len(usable) < 2 or len(kinds) > 1 or next(iter(kinds))[0] != 1:
        return []
    return list(zip(usable[:MAX_TRACKS:2], usable[1:MAX_TRACKS:2], strict=False))


def too_long(name: str, seconds: float, limit: float) -> str:
    return (
        f"{name} is {seconds / 60:.0f} minutes long or more, over the limit of {limit / 60:.0f}: "
        "choose a span of it (start and length), or cut out the part you need"
    )
