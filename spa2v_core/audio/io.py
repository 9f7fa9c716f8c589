"""Any audio file (or the sound track of a video) to float32 samples, channels kept apart."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np

from ..errors import InputError
from ..units import to_samples, to_seconds
from .clip import MAX_SPAN_SECONDS, MIN_SPAN_SECONDS, AudioClip

MAX_SECONDS = 15 * 60
MAX_BYTES = 200_000_000
SILENCE_DB = -70.0
#: How the channels of a file are taken.
CHANNELS = ("auto", "foa", "front")


def read_audio(
    path: Path,
    *,
    max_seconds: float = MAX_SECONDS,
    max_bytes: int = MAX_BYTES,
    min_seconds: float = MIN_SPAN_SECONDS,
    channels: str = "auto",
) -> AudioClip:
    """Decode the first sound track of a file (wav, flac, mp3, ogg, opus, m4a, mp4, webm, ...).

    channels: one of `CHANNELS`. "auto" takes mono and stereo; "foa" is first-order ambisonics
    (four channels, ACN order, SN3D: four channels alone may be quad, so this must be said);
    "front" takes the first two of more channels (front left and right of 5.1).

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
        with av.open(str(path)) as container:
            clip = _decode(container, name, max_seconds, channels)
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} can't be read as audio: give a wav, flac, mp3, ogg, m4a or mp4"
        ) from error
    if clip.samples.shape[1] < to_samples(min_seconds, clip.rate):
        raise InputError(f"{name} holds no more than {clip.duration_s:.2f} s of sound")
    if not np.isfinite(clip.samples).all():
        raise InputError(
            f"{name} holds samples that are not numbers (NaN or infinite): export it again"
        )
    return clip


def _decode(
    container: av.container.InputContainer, name: str, max_seconds: float, channels: str
) -> AudioClip:
    if not container.streams.audio:
        raise InputError(f"{name} has no sound track")
    stream = container.streams.audio[0]
    count, rate = stream.codec_context.channels, stream.codec_context.sample_rate
    if not rate or not count:
        raise InputError(f"{name} has a sound track that can't be decoded: export it again")
    to_stereo = _to_stereo(name, count, channels)
    if container.duration and container.duration / 1e6 > max_seconds * 1.01:
        raise InputError(_too_long(name, container.duration / 1e6, max_seconds))
    resampler = av.AudioResampler(format="fltp")
    parts: list[np.ndarray] = []
    total = 0
    for frame in container.decode(stream):
        for piece in resampler.resample(frame):
            part = to_stereo(piece.to_ndarray())
            parts.append(part)
            total += part.shape[1]
        if total > max_seconds * 1.01 * rate:
            raise InputError(_too_long(name, total / rate, max_seconds))
    if not parts:
        raise InputError(f"{name} holds no sound: the file is cut off or damaged")
    return AudioClip(np.concatenate(parts, axis=1, dtype=np.float32), rate, name)


def _to_stereo(name: str, count: int, channels: str) -> Callable[[np.ndarray], np.ndarray]:
    """How (count, n) samples become mono or stereo."""
    if channels == "foa":
        if count != 4:
            raise InputError(
                f"{name} has {count} channels, first-order ambisonics has 4: choose auto or front"
            )
        # two cardioids to the left and right; ACN order is W, Y (left), Z (up), X (front)
        return lambda part: 0.5 * np.stack([part[0] + part[1], part[0] - part[1]])
    if channels == "front" and count > 2:
        return lambda part: part[:2]
    if channels not in CHANNELS:
        raise InputError(f"there is no channel choice '{channels}': {', '.join(CHANNELS)}")
    if count > 2:
        ambisonics = "foa if they are first-order ambisonics (ACN, SN3D), or " if count == 4 else ""
        raise InputError(
            f"{name} has {count} channels: say what they are with the channels option: "
            f"{ambisonics}front to take the first two"
        )
    return lambda part: part


def _too_long(name: str, seconds: float, limit: float) -> str:
    return (
        f"{name} is {seconds / 60:.0f} minutes long or more, over the limit of {limit / 60:.0f}: "
        "cut out the part you need"
    )


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
    power = np.square(clip.samples[:, : count * step], dtype=np.float32).sum(0)
    sums = np.concatenate([[0.0], power.reshape(count, step).sum(1, dtype=np.float64).cumsum()])
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
    if level_db(part.samples) < SILENCE_DB:
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
