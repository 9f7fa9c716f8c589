"""Sounds as they may reach a microphone: rooms, speed, pass-bys, distance, gain over time, codecs,
other sounds and noise besides."""

from __future__ import annotations

import io

import av
import numpy as np
from scipy.signal import fftconvolve

from ...audio.features import HOP, PATCH_FRAMES, PATCH_STEP, RATE, WINDOW
from ...audio.io import AudioClip
from ...simulation.synthesis import Rng, unit
from ..sounds.encode import encode as encode_sound

#: Patches and samples of a disturbed take.
PATCHES = 3
LENGTH = WINDOW + (PATCH_FRAMES + (PATCHES - 1) * PATCH_STEP - 1) * HOP


def disturb(sound: np.ndarray, rng: Rng, other: np.ndarray) -> np.ndarray:
    """(LENGTH,) of a sound as it may reach a microphone; `other` sounds besides, now and then."""
    take = _place(_speed(sound, rng), rng)
    if rng.random() < 0.5:
        take = _pass(take, rng)
    if rng.random() < 0.5:
        take = fftconvolve(take, room(rng))[: len(take)]
    if rng.random() < 0.6:
        take = _coloured(take, rng)
    if rng.random() < 0.3:
        take = take + unit(_place(other, rng)) * _level(take) * 10 ** (-rng.uniform(3, 30) / 20)
    if rng.random() < 0.5:
        take = take + _noise(rng) * _level(take) * 10 ** (-rng.uniform(5, 45) / 20)
    if rng.random() < 0.12:
        take = _codec(take, rng)
    return take.astype(np.float32)


def _level(take: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(take))))


def _coloured(take: np.ndarray, rng: Rng) -> np.ndarray:
    """Through a smooth random response, half of the time with the top lost (distance, walls)."""
    spectrum = np.fft.rfft(take)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(take), 1 / RATE), 31.25) / 31.25)
    curve = np.interp(octaves, np.arange(9), rng.normal(0, 4, 9))
    if rng.random() < 0.5:
        curve = curve - rng.uniform(6, 24) * np.maximum(0, octaves - rng.uniform(4, 8))
    return np.fft.irfft(spectrum * 10 ** (curve / 20), len(take))


def _noise(rng: Rng) -> np.ndarray:
    """(LENGTH,) of unit level: hiss to rumble, now and then in gusts."""
    spectrum = np.fft.rfft(rng.normal(size=LENGTH))
    frequency = np.maximum(np.fft.rfftfreq(LENGTH, 1 / RATE), 30)
    hiss = np.fft.irfft(spectrum * (frequency / 1000) ** -rng.uniform(0, 1.5), LENGTH)
    if rng.random() < 0.3:
        gusts = np.interp(np.linspace(0, 6, LENGTH), np.arange(7), rng.normal(0, 5, 7))
        hiss = hiss * 10 ** (gusts / 20)
    return unit(hiss)


def _speed(sound: np.ndarray, rng: Rng) -> np.ndarray:
    """Played 0.82 to 1.22 times as fast, now and then with a Doppler glide."""
    start = rng.uniform(0.82, 1.22)
    stop = start * (rng.uniform(0.88, 1.12) if rng.random() < 0.3 else 1)
    count = max(2, int(len(sound) / (start + stop) * 2))
    position = np.cumsum(np.linspace(start, stop, count)) - start
    return np.interp(position, np.arange(len(sound)), sound)


def _place(sound: np.ndarray, rng: Rng) -> np.ndarray:
    """A cut of a long sound; a short one now and again, or once."""
    if len(sound) >= LENGTH:
        first = rng.integers(len(sound) - LENGTH + 1)
        return sound[first : first + LENGTH]
    out = np.zeros(LENGTH)
    if len(sound) > 0.75 * RATE and rng.random() < 0.5:  # a loop, as engines are recorded
        return np.tile(sound, 1 + LENGTH // len(sound))[:LENGTH]
    at = int(rng.integers(LENGTH - len(sound) + 1)) if rng.random() < 0.4 else 0
    at = min(at, int(0.8 * LENGTH))
    while at < LENGTH:
        piece = sound[: LENGTH - at]
        out[at : at + len(piece)] += piece * rng.uniform(0.5, 1)
        at += len(sound) + int(rng.uniform(0, 1.2) * RATE)
        if rng.random() < 0.2:
            break
    return out


def _pass(patch: np.ndarray, rng: Rng) -> np.ndarray:
    """Level over time of something that comes, goes or passes, or of music that swells."""
    knots = np.cumsum(rng.normal(0, 5, 5))
    curve = np.interp(np.linspace(0, 4, len(patch)), np.arange(5), knots)
    return patch * 10 ** (curve / 20)


def room(rng: Rng) -> np.ndarray:
    """(n,) impulse response: the direct sound, some early echoes and a decaying diffuse tail."""
    decay = rng.uniform(0.15, 1.1)
    count = int(decay * RATE)
    t = np.arange(count) / RATE
    tail = rng.normal(size=count) * 10 ** (-3 * t / decay)
    tail = np.convolve(tail, [0.5, 0.5], "same") if rng.random() < 0.7 else tail
    tail[: int(rng.uniform(0.002, 0.02) * RATE)] = 0
    response = unit(tail) * np.sqrt(count) * 10 ** (-rng.uniform(-2, 16) / 20) / np.sqrt(count)
    response = response / max(np.linalg.norm(response), 1e-9) * 10 ** (-rng.uniform(-3, 15) / 20)
    response[0] = 1
    for _ in range(rng.integers(0, 6)):
        response[min(int(rng.uniform(0.001, 0.03) * RATE), count - 1)] += rng.uniform(-0.6, 0.6)
    return response


def _codec(patch: np.ndarray, rng: Rng) -> np.ndarray:
    """Through MP3 or AAC at a low rate."""
    codec, form = (("libmp3lame", "mp3"), ("aac", "adts"))[rng.integers(2)]
    data = np.clip(patch / max(np.abs(patch).max(), 1e-9) * 0.7, -1, 1).astype(np.float32)
    file = io.BytesIO()
    bit_rate = int(rng.choice([16, 24, 32, 48])) * 1000
    encode_sound(AudioClip(data[None], RATE), file, codec, bit_rate, form)
    file.seek(0)
    with av.open(file, "r") as container:
        decoded = [frame.to_ndarray() for frame in container.decode(audio=0)]
    out = np.concatenate(decoded, axis=1)[0]
    return np.pad(out, (0, max(0, len(patch) - len(out))))[: len(patch)]
