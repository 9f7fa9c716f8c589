"""The dry sounds that scenes are made of.

Recordings of the catalogue's "train" rows and phrases of soundfonts and sampled instruments, packed
as one Opus file small enough to travel; the project's synthesis is added where training runs.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ...audio import features
from ...audio.directional import RATE
from ...audio.signals import resample
from ...simulation import synthesis
from ...simulation.voices import VOICES

#: The most that is kept of a recording and of a phrase, s, and every how many phrases one is kept.
LONGEST_S, PHRASE_S, EVERY = 6.0, 3.0, 5
#: Synthesised takes a class and their length, s.
TAKES, TAKE_S = 24, 8.0
#: libsndfile's 0 (best) to 1 (smallest).
COMPRESSION = 0.9


@dataclass(frozen=True)
class Bank:
    """Mono sounds at `RATE`, one after the other.

    Attributes
    ----------
    samples
        (n,) int16, each sound at full scale.
    first, length
        (S,) of each sound.
    weight
        (S,) how often it is drawn: classes with many sounds count less than in proportion.
    """

    samples: torch.Tensor
    first: torch.Tensor
    length: torch.Tensor
    weight: torch.Tensor

    @classmethod
    def of(cls, sounds: list[np.ndarray], labels: list[str]) -> Bank:
        """Of (n,) int16 sounds and the class of each."""
        length = np.array([len(sound) for sound in sounds])
        counts = {label: labels.count(label) for label in set(labels)}
        return cls(
            samples=torch.from_numpy(np.concatenate(sounds)),
            first=torch.from_numpy(np.concatenate([[0], length.cumsum()[:-1]])),
            length=torch.from_numpy(length),
            weight=torch.tensor([counts[label] ** -0.5 for label in labels]),
        )

    def to(self, device: torch.device) -> Bank:
        return Bank(*(value.to(device) for value in vars(self).values()))


def pack_sounds(work: Path, packages: Path, dry: Path) -> Path:
    """Write `work`/bank.ogg and bank.json from fetched packages and the tagger's dry sounds."""
    import soundfile

    rows = [*_recordings(packages), *_phrases(dry)]
    path = work / "bank.ogg"
    samples = np.concatenate([sound for _, sound in rows])
    with soundfile.SoundFile(
        path, "w", RATE, 1, "OPUS", format="OGG", compression_level=COMPRESSION
    ) as file:
        for start in range(0, len(samples), RATE):
            file.write(samples[start : start + RATE])
    index = {"label": [label for label, _ in rows], "length": [len(sound) for _, sound in rows]}
    path.with_suffix(".json").write_text(json.dumps(index) + "\n", encoding="utf-8")
    minutes, size = len(samples) / RATE / 60, path.stat().st_size / 1e6
    print(f"{len(rows)} sounds, {minutes:.0f} minutes, {size:.1f} MB")
    return path


def load_bank(folder: Path, seed: int, takes: int = TAKES) -> Bank:
    """The packed sounds and `takes` synthesised ones of every class."""
    import soundfile

    index = json.loads((folder / "bank.json").read_text(encoding="utf-8"))
    samples, _ = soundfile.read(folder / "bank.ogg", dtype="int16")
    ends = np.cumsum(index["length"])
    recorded = np.split(samples[: ends[-1]], ends[:-1])
    made = synthesised(seed, takes)
    return Bank.of(
        [*recorded, *(sound for _, sound in made)],
        [*index["label"], *(f"synth {name}" for name, _ in made)],
    )


def synthesised(seed: int, takes: int, seconds: float = TAKE_S) -> list[tuple[str, np.ndarray]]:
    """(class, (n,) int16) of every class of the project's synthesis."""
    names = [*synthesis.SYNTHS, *VOICES]
    jobs = [
        (n, seconds, (seed, 101, k, take)) for k, n in enumerate(names) for take in range(takes)
    ]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        return list(workers.map(_take, jobs, chunksize=8))


def _take(job: tuple[str, float, tuple[int, ...]]) -> tuple[str, np.ndarray]:
    name, seconds, seed = job
    synth = {**synthesis.SYNTHS, **VOICES}[name]
    sound = resample(synth(seconds, np.random.default_rng(seed)), synthesis.RATE, RATE)
    return name, _full_scale(sound)


def _recordings(packages: Path) -> list[tuple[str, np.ndarray]]:
    """Every recording of the catalogue that may be trained on."""
    from ...audio.io import read_audio
    from ..sounds.sources import catalogue, located

    found = []
    learned = [row for row in catalogue() if row["use"] == "train"]
    for row, path in located(learned, packages):
        clip = read_audio(path, min_seconds=0.02)
        mono = resample(clip.samples.mean(0), clip.rate, RATE)
        found.append((row["class"], _full_scale(_trimmed(mono, LONGEST_S))))
    return found


def _phrases(dry: Path) -> list[tuple[str, np.ndarray]]:
    """Some phrases of soundfonts and sampled instruments that are not held out."""
    from ..sounds.sources import SOUNDFONTS, DrySounds

    sounds = DrySounds.load(dry)
    fonts = [package for package, _, held in SOUNDFONTS if not held]
    played = np.isin(sounds.source, [*fonts, "tonejs-instruments"]) & ~sounds.held
    found = []
    for row in np.flatnonzero(played)[::EVERY]:
        mono = resample(sounds.sound(int(row)), features.RATE, RATE)
        name = f"played {sounds.names[sounds.label[row]]}"
        found.append((name, _full_scale(_trimmed(mono, PHRASE_S))))
    return found


def _trimmed(sound: np.ndarray, seconds: float) -> np.ndarray:
    """Without the silence around it, and not longer than `seconds`."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1][: round(seconds * RATE)]


def _full_scale(sound: np.ndarray) -> np.ndarray:
    sound = sound - sound.mean()
    return np.round(sound * (30_000 / max(float(np.abs(sound).max()), 1e-9))).astype(np.int16)
