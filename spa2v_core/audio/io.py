"""Any audio file (or the sound track of a video) to float32 samples, channels kept apart."""

from __future__ import annotations

import io
import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av.error
import numpy as np

from ..errors import InputError
from ..units import to_samples, to_seconds
from .channels import high_passed
from .clip import (
    DEEP_SILENCE_DB,
    MAX_SPAN_SECONDS,
    MIN_SPAN_SECONDS,
    SILENCE_DB,
    AudioClip,
    check_duration,
)
from .reading.decode import STEP_S, Decoded, Recording, Survey, too_long

#: What is decoded whole, and looked through for its loudest part, s.
MAX_SECONDS = 15 * 60
MAX_BYTES = 200_000_000
#: Share of the samples that must be numbers.
MOST_NUMBERS = 0.99


def read_audio(
    path: Path,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    max_seconds: float = MAX_SECONDS,
    max_bytes: int = MAX_BYTES,
    min_seconds: float = MIN_SPAN_SECONDS,
    channels: str = "auto",
) -> AudioClip:
    """Decode the sound of a file (wav, flac, mp3, ogg, opus, m4a, mp4, webm, ...), or of a part.

    duration_s: of the part; None is to the end, which is at most `max_seconds` away. channels: one
    of `choices.CHANNELS`; what is more than two, and not explained by the file, has to be.

    Raises
    ------
    InputError
        missing, empty, not audio, too long, too large, with unexplained channels, with nothing
        there, or with values that are not numbers.
    """
    with _recording(path, channels, max_bytes) as recording:
        stop = start_s + (max_seconds * 1.01 if duration_s is None else duration_s)
        if duration_s is None and recording.stated_s - start_s > max_seconds * 1.01:
            raise InputError(too_long(path.name, recording.stated_s, max_seconds))
        decoded = recording.read(start_s, stop)
    if duration_s is None and not decoded.ended:
        raise InputError(too_long(path.name, decoded.end_s, max_seconds))
    return _clip(path.name, decoded, start_s, min_seconds)


def survey_audio(path: Path, *, channels: str = "auto") -> Survey:
    """What a recording is like as a whole, or its first 15 minutes, without keeping it.

    Raises InputError as `read_audio` does.
    """
    with _recording(path, channels, MAX_BYTES) as recording:
        survey = recording.survey(MAX_SECONDS)
    if survey.seconds < MIN_SPAN_SECONDS:
        raise InputError(f"{path.name} holds no more than {survey.seconds:.2f} s of sound")
    return survey


@contextmanager
def _recording(path: Path, channels: str, max_bytes: int) -> Iterator[Recording]:
    """A file that can be read, or InputError."""
    name = path.name
    try:
        if not path.is_file():
            there = path.exists()
            raise InputError(f"{path} is not a file" if there else f"{path} does not exist")
    except (OSError, ValueError) as error:  # no name that a file can have
        raise InputError(f"{name[:80]} does not exist") from error
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{name} is empty (0 bytes): record or export it again")
    if size > max_bytes:
        raise InputError(
            f"{name} is {size / 1e6:.0f} MB, over the limit of {max_bytes / 1e6:.0f} MB"
        )
    try:
        yield Recording(path, channels)
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise InputError(f"{name} {_why_unreadable(path)}") from error


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[4:8] == b"ftyp" and data.find(b"moov") < 0:
            return (
                "is cut off: its index, which is written last, is missing: record or copy it again"
            )
    return "can't be read as audio: give a wav, flac, mp3, ogg, m4a or mp4"


def _clip(name: str, decoded: Decoded, start_s: float, min_seconds: float) -> AudioClip:
    """The clip in memory; InputError if there is next to nothing in it."""
    seconds = to_seconds(decoded.samples.shape[1], decoded.rate)
    if start_s > 0 and start_s >= decoded.end_s:
        raise InputError(
            f"start {start_s:g} s is outside the clip, which is {decoded.end_s:.2f} s long"
        )
    if decoded.samples.shape[1] < to_samples(min_seconds, decoded.rate):
        if start_s > 0:
            raise InputError(f"only {seconds:.2f} s are left there")
        raise InputError(f"{name} holds no more than {seconds:.2f} s of sound")
    samples, notes = _within_full_scale(_numbers(decoded.samples, name))
    silent_db = DEEP_SILENCE_DB if decoded.deep else SILENCE_DB
    return AudioClip(samples, decoded.rate, name, (*decoded.notes, *notes), silent_db)


def _numbers(samples: np.ndarray, name: str) -> np.ndarray:
    """Samples with silence for the few that are no numbers."""
    numbers = np.isfinite(samples)
    if numbers.all():
        return samples
    if numbers.mean() < MOST_NUMBERS:
        raise InputError(
            f"{name} holds samples that are not numbers (NaN or infinite): export it again"
        )
    return np.where(numbers, samples, np.float32(0))


def _within_full_scale(samples: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(samples turned down where they would clip in the video, a note if that is audible)."""
    peak = max(float(samples.max()), -float(samples.min()))
    if peak <= 1:
        return samples, []
    over = 20 * np.log10(peak)
    samples = samples / np.float32(peak)
    return samples, [f"peaks {over:.0f} dB over full scale were turned down"] if over >= 1 else []


def level_db(samples: np.ndarray) -> float:
    """RMS level of (channels, n) samples over all channels, dB re full scale; -inf becomes -200."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * float(np.log10(max(power, 1e-20)))


def loudest(survey: Survey, duration_s: float = MAX_SPAN_SECONDS) -> float:
    """Start in seconds of the loudest part of `duration_s` (0 if there is not more)."""
    if survey.seconds <= duration_s:
        return 0.0
    power = survey.power[: int(survey.seconds / STEP_S)]
    sums = np.concatenate([[0.0], power.cumsum()])
    width = min(len(power), round(duration_s / STEP_S))
    return int(np.argmax(sums[width:] - sums[:-width])) * STEP_S


def read_span(
    path: Path,
    start_s: float | None = None,
    duration_s: float | None = None,
    *,
    channels: str = "auto",
) -> tuple[AudioClip, float, str]:
    """The part of a recording to plan and render: (clip, its start, note); only that is kept.

    Without a choice it is the whole recording, or its loudest 10 s, and the note says so.

    Raises InputError as `read_audio` does, and if the part is silent.
    """
    note, start = "", start_s or 0.0
    wanted = MAX_SPAN_SECONDS if duration_s is None else duration_s
    if not 0 <= start < math.inf:  # NaN is neither
        raise InputError(f"the span can't start at {start:g} s")
    check_duration(wanted)
    with _recording(path, channels, MAX_BYTES) as recording:
        decoded = recording.read(start, start + wanted)
        if start_s is None and duration_s is None and not decoded.ended:
            survey = recording.survey(MAX_SECONDS)
            start, note = loudest(survey), loudest_note(survey)
            decoded = recording.read(start, start + wanted)
    part = _clip(path.name, decoded, start, MIN_SPAN_SECONDS)
    if level_db(high_passed(part).samples) < part.silent_db:
        raise InputError(f"{part.name} is silent there: choose another span or another file")
    return part, start, note


def loudest_note(survey: Survey) -> str:
    """What is said where the loudest part of a long recording is taken."""
    start = loudest(survey)
    part = f"loudest {MAX_SPAN_SECONDS:g} s ({start:.1f} to {start + MAX_SPAN_SECONDS:.1f} s)"
    if survey.whole:
        return f"the clip is {survey.seconds:.1f} s long: its {part} are used"
    return f"only {survey.seconds / 60:.1f} minutes were looked through: their {part} are used"


def wav_bytes(clip: AudioClip) -> bytes:
    """A WAV file of the clip, 16-bit PCM."""
    out = io.BytesIO()
    write_wav(clip, out)
    return out.getvalue()


def write_wav(clip: AudioClip, out: Path | BinaryIO) -> None:
    """16-bit PCM, into a file of that name or one that is open."""
    import wave

    data = (clip.samples.clip(-1, 1).T * 32767).round().astype("<i2")
    with wave.open(str(out) if isinstance(out, Path) else out, "wb") as file:
        file.setnchannels(clip.channels)
        file.setsampwidth(2)
        file.setframerate(clip.rate)
        file.writeframes(data.tobytes())
