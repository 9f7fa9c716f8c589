"""Any audio file (or the sound track of a video) to float32 samples, channels kept apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import av.error
import numpy as np

from ..errors import InputError
from ..units import to_samples, to_seconds
from .channels import high_passed
from .clip import DEEP_SILENCE_DB, MAX_SPAN_SECONDS, MIN_SPAN_SECONDS, SILENCE_DB, AudioClip
from .decode import decode

MAX_SECONDS = 15 * 60
MAX_BYTES = 200_000_000


def read_audio(
    path: Path,
    *,
    max_seconds: float = MAX_SECONDS,
    max_bytes: int = MAX_BYTES,
    min_seconds: float = MIN_SPAN_SECONDS,
    channels: str = "auto",
) -> AudioClip:
    """Decode the sound of a file (wav, flac, mp3, ogg, opus, m4a, mp4, webm, ...).

    channels: one of `choices.CHANNELS`; more than two have to be explained (four may be quad or
    ambisonics).

    Raises
    ------
    InputError
        missing, empty, not audio, too long, too large, damaged, with unexplained channels, or with
        values that are not numbers.
    """
    name = path.name
    if not path.is_file():
        raise InputError(f"{path} does not exist" if not path.exists() else f"{path} is not a file")
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{name} is empty (0 bytes): record or export it again")
    if size > max_bytes:
        raise InputError(
            f"{name} is {size / 1e6:.0f} MB, over the limit of {max_bytes / 1e6:.0f} MB"
        )
    try:
        decoded = decode(path, max_seconds, channels)
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} can't be read as audio: give a wav, flac, mp3, ogg, m4a or mp4"
        ) from error
    if decoded.samples.shape[1] < to_samples(min_seconds, decoded.rate):
        seconds = to_seconds(decoded.samples.shape[1], decoded.rate)
        raise InputError(f"{name} holds no more than {seconds:.2f} s of sound")
    if not np.isfinite(decoded.samples).all():
        raise InputError(
            f"{name} holds samples that are not numbers (NaN or infinite): export it again"
        )
    samples, notes = _within_full_scale(decoded.samples)
    silent_db = DEEP_SILENCE_DB if decoded.deep else SILENCE_DB
    return AudioClip(samples, decoded.rate, name, (*decoded.notes, *notes), silent_db)


def _within_full_scale(samples: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(samples turned down where they would clip in the video, a note if that is audible)."""
    peak = max(float(samples.max()), -float(samples.min()))
    if peak <= 1:
        return samples, []
    over = 20 * np.log10(peak)
    samples = samples / np.float32(peak)
    return samples, [f"peaks {over:.0f} dB over full scale were turned down"] if over >= 1 else []


def level_db(samples: np.ndarray) -> float:
    """RMS level over all channels in dB re full scale; -inf becomes -200."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * float(np.log10(max(power, 1e-20)))


def loudest_span(clip: AudioClip, duration_s: float = MAX_SPAN_SECONDS) -> float:
    """Start in seconds of the loudest part of `duration_s` (0 if the clip is not longer)."""
    if clip.duration_s <= duration_s:
        return 0.0
    step = to_samples(0.1, clip.rate)
    count = clip.samples.shape[1] // step
    # variances: a constant offset and slow rumble are no sound
    parts = clip.samples[:, : count * step].reshape(clip.channels, count, step)
    power = np.einsum("cns,cns->n", parts, parts) / step - np.square(parts.mean(2)).sum(0)
    sums = np.concatenate([[0.0], power.cumsum(dtype=np.float64)])
    width = min(count, round(duration_s / 0.1))
    return to_seconds(int(np.argmax(sums[width:] - sums[:-width])) * step, clip.rate)


def select_span(
    clip: AudioClip, start_s: float | None = None, duration_s: float | None = None
) -> tuple[AudioClip, float, str]:
    """The part to plan and render: (clip, its start, note).

    Without a choice it is the whole clip, or its loudest 10 s, and the note says so.
    """
    note = ""
    if start_s is None and duration_s is None and clip.duration_s > MAX_SPAN_SECONDS:
        start_s, duration_s = loudest_span(clip), MAX_SPAN_SECONDS
        note = (
            f"the clip is {clip.duration_s:.1f} s long: its loudest {MAX_SPAN_SECONDS:g} s "
            f"({start_s:.1f} to {start_s + duration_s:.1f} s) are used"
        )
    start = start_s or 0.0
    if duration_s is None:
        duration_s = min(MAX_SPAN_SECONDS, clip.duration_s - start)
    part = (
        clip
        if start == 0 and abs(duration_s - clip.duration_s) < 1e-3
        else clip.span(start, duration_s)
    )
    if level_db(high_passed(part).samples) < clip.silent_db:
        raise InputError(f"{clip.name} is silent there: choose another span or another file")
    return part, start, note


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
