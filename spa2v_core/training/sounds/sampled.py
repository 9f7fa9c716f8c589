"""Real instruments, note by note: the samples of the npm packages tonejs-instrument-*-mp3
(N. Brosowsky, CC-BY-3.0), fetched when training, played by a small sampler.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np

from ...audio.io import read_audio
from ...audio.signals import resample
from ...errors import InputError
from .instruments import Note

#: Vocabulary name -> instruments of the packages.
PACKAGES = {
    "piano": ("piano",),
    "organ": ("organ",),
    "guitar": ("guitar-acoustic", "guitar-nylon", "guitar-electric", "bass-electric"),
    "violin": ("violin", "cello", "contrabass"),
    "harp": ("harp",),
    "trumpet": ("trumpet", "trombone", "tuba", "french-horn"),
    "saxophone": ("saxophone",),
    "flute": ("flute", "clarinet"),
}
RELEASE_S = 0.15
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def fetch_samples(instrument: str, folder: Path) -> Path:
    """Folder with the notes of an instrument, fetched once with npm."""
    target = folder / f"tonejs-{instrument}"
    if target.exists():
        return target
    if shutil.which("npm") is None:
        raise InputError("sampled instruments come from npm: install it")
    folder.mkdir(parents=True, exist_ok=True)
    package = f"tonejs-instrument-{instrument}-mp3"
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
    """MIDI pitch -> (n,) sound of the note, from files named like "A4.mp3" and "Cs3.mp3"."""
    notes = {}
    for path in sorted(folder.rglob("*.mp3")):
        name = re.fullmatch(r"([A-G])(s?)(\d)", path.stem)
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
