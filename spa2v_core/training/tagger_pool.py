"""Mel patches of disturbed sounds: rooms, speed, pass-bys, distance, gain over time, codecs."""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch
from scipy.signal import fftconvolve

from ..audio import features
from ..audio.features import RATE
from ..audio.io import AudioClip
from ..audio.synthesis import Rng, unit
from ..audio.tagger import PATCH_FRAMES
from .encode import encode as encode_sound
from .sounds import DrySounds

#: Samples of one patch.
LENGTH = features.WINDOW + (PATCH_FRAMES - 1) * features.HOP
_FULL_SCALE_DB, _STEP_DB = 60.0, 0.5


@dataclass
class Patches:
    """power (N, PATCH_FRAMES, MELS) uint8 in steps of 0.5 dB, targets (N, C), names of classes."""

    power: torch.Tensor
    targets: torch.Tensor
    names: list[str]

    @classmethod
    def load(cls, path: Path) -> Patches:
        with np.load(path) as data:
            return cls(
                torch.from_numpy(data["power"]),
                torch.from_numpy(data["targets"]),
                data["names"].tolist(),
            )

    def linear(self, rows: torch.Tensor) -> torch.Tensor:
        """(n, PATCH_FRAMES, MELS) float power."""
        decibel = self.power[rows].float() * _STEP_DB - _FULL_SCALE_DB
        return 10 ** (decibel / 10)

    def row_weights(self) -> torch.Tensor:
        """(N,) so that every class is drawn equally often; other things twice as often as one."""
        counts = self.targets.sum(0).clamp(min=1)
        weight = (self.targets / counts).sum(1)
        other = self.targets.sum(1) == 0
        return torch.where(other, 2.0 / other.sum().clamp(min=1), weight)


def make_patches(work: Path, per_class: int, seed: int) -> None:
    """`per_class` disturbed patches of every class (and twice as many of other things)."""
    dry = DrySounds.load(work / "dry.npz")
    rng = np.random.default_rng(seed)
    rows, labels = [], []
    for label in range(-1, len(dry.names)):
        count = per_class * (2 if label < 0 else 1)
        rows += _draw(dry, label, count, rng)
        labels += [label] * count
    targets = np.zeros((len(rows), len(dry.names)), np.float32)
    for index, label in enumerate(labels):
        if label >= 0:
            targets[index, label] = 1
    jobs = np.array_split(np.arange(len(rows)), 64)
    with ProcessPoolExecutor(2, initializer=_open, initargs=(work / "dry.npz",)) as workers:
        parts = workers.map(
            _disturb_many, [(np.array(rows)[job], seed + 1 + int(job[0])) for job in jobs]
        )
        power = np.concatenate(list(parts))
    np.savez(work / "pool.npz", power=power, targets=targets, names=np.array(dry.names))
    print(f"{len(power)} patches")


def _draw(dry: DrySounds, label: int, count: int, rng: Rng) -> list[int]:
    """Rows of a class that may be learned from; a source counts by the root of its size."""
    allowed = np.flatnonzero((dry.label == label) & ~dry.held)
    sources = sorted(set(dry.source[allowed]))
    by_source = [allowed[dry.source[allowed] == source] for source in sources]
    weight = np.sqrt([len(rows) for rows in by_source])
    chosen = rng.choice(len(sources), count, p=weight / weight.sum())
    return [int(rng.choice(by_source[k])) for k in chosen]


_DRY: DrySounds | None = None


def _open(path: Path) -> None:
    global _DRY
    _DRY = DrySounds.load(path)


def _disturb_many(job: tuple[np.ndarray, int]) -> np.ndarray:
    rows, seed = job
    if _DRY is None:
        raise RuntimeError("the worker has no sounds")
    rng = np.random.default_rng(seed)
    return np.stack([encode(features.mel_power(disturb(_DRY.sound(r), rng))) for r in rows])


def encode(power: np.ndarray) -> np.ndarray:
    """Power to uint8 steps; the loudest cell is at +60 dB."""
    level = 10 * np.log10(np.maximum(power, 1e-12))
    level = level - level.max() + 60
    return np.clip(np.round((level + _FULL_SCALE_DB) / _STEP_DB), 0, 255).astype(np.uint8)


def disturb(sound: np.ndarray, rng: Rng) -> np.ndarray:
    """A patch's worth of a sound as it may reach a microphone."""
    sound = _speed(sound, rng)
    patch = _place(sound, rng)
    if rng.random() < 0.5:
        patch = _pass(patch, rng)
    if rng.random() < 0.55:
        patch = fftconvolve(patch, room(rng))[: len(patch)]
    if rng.random() < 0.12:
        patch = _codec(patch, rng)
    return patch.astype(np.float32)


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
    """An impulse response: the direct sound, some early echoes and a decaying diffuse tail."""
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
