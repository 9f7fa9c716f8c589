"""General MIDI instruments through fluidsynth: dry mono phrases."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ...audio.io import read_audio
from ...errors import InputError

SOUNDFONT = Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3")
DRUMS = -1
#: (start s, MIDI pitch, length s, velocity)
Note = tuple[float, int, float, int]

#: Vocabulary name -> its General MIDI programs (0-based; DRUMS is the percussion channel), the
#: usual pitches, and how many notes sound at once.
PROGRAMS: dict[str, tuple[tuple[int, ...], tuple[int, int], int]] = {
    "piano": ((0, 1, 2, 3, 4, 5, 6), (40, 84), 3),
    "organ": ((16, 17, 18, 19, 20), (48, 84), 4),
    "accordion": ((21, 22, 23), (55, 84), 2),
    "guitar": ((24, 25, 26, 27, 28, 29, 30, 33, 34), (40, 76), 3),
    "violin": ((40, 41, 42, 44, 48, 49), (50, 88), 1),
    "harp": ((46, 107), (45, 88), 2),
    "trumpet": ((56, 57, 58, 59, 60, 61), (50, 79), 1),
    "saxophone": ((64, 65, 66, 67), (46, 78), 1),
    "flute": ((68, 71, 72, 73, 74, 75), (60, 91), 1),
    "singer": ((52, 53, 54), (52, 76), 2),
    "bell": ((14, 9, 112), (55, 84), 1),
    "drum": ((DRUMS,), (35, 53), 2),
}
#: Effects of General MIDI (and of GS, as bank and program): only those that are what they say.
EFFECTS: dict[str, tuple[tuple[int, int], ...]] = {
    "bird": ((0, 123), (3, 123)),
    "telephone": ((0, 124), (1, 124)),
    "helicopter": ((0, 125),),
    "crowd": ((0, 126),),
    "rain": ((1, 122),),
    "dog": ((1, 123),),
    "horse": ((2, 123),),
    "car": ((1, 125), (3, 125)),
    "siren": ((5, 125),),
    "train": ((6, 125),),
    "airplane": ((7, 125),),
    "footsteps": ((5, 126),),
}


def play(
    program: int,
    notes: list[Note],
    seconds: float,
    rate: int,
    *,
    soundfont: Path = SOUNDFONT,
    bank: int = 0,
) -> np.ndarray:
    """(n,) mono recording of the notes, without reverberation and chorus."""
    if not soundfont.exists():
        raise InputError(f"{soundfont} is missing: install musescore-general-soundfont-small")
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "a.mid", Path(folder) / "a.wav"
        midi.write_bytes(_midi(program, notes, bank))
        command = ["fluidsynth", "-ni", "-R", "0", "-C", "0", "-g", "1", "-r", str(rate), "-F"]
        subprocess.run(
            [*command, str(wav), str(soundfont), str(midi)], check=True, capture_output=True
        )
        mono = read_audio(wav).samples.mean(0)
    count = round(seconds * rate)
    return np.pad(mono, (0, max(0, count - len(mono))))[:count]


def phrase(name: str, seconds: float, rng: np.random.Generator) -> list[Note]:
    """A random tune or beat that suits the instrument."""
    _, (low, high), voices = PROGRAMS[name]
    if name == "drum":
        return _beat(seconds, rng)
    root, major = int(rng.integers(12)), (0, 2, 4, 5, 7, 9, 11)
    scale = [pitch for pitch in range(low, high + 1) if (pitch - root) % 12 in major]
    notes: list[Note] = []
    beat, at = rng.uniform(0.16, 0.5), rng.uniform(0, 0.2)
    place = len(scale) * rng.uniform(0.3, 0.7)
    while at < seconds:
        length = beat * rng.choice([1, 1, 2, 4])
        place = float(np.clip(place + rng.normal(0, 2.5), 0, len(scale) - 1))
        held = length * rng.uniform(0.6, 1.6 if voices > 1 else 1.0)
        velocity = int(rng.integers(60, 115))
        for k in range(int(rng.integers(1, voices + 1))):
            pitch = scale[min(int(place) + 2 * k, len(scale) - 1)]
            notes.append((at + 0.01 * k, pitch, held, velocity))
        at += length if rng.random() < 0.9 else 2 * length
    return notes


def medley(name: str, count: int, each_s: float, rng: np.random.Generator) -> list[Note]:
    """`count` phrases, each in its own time, scale and register."""
    return [
        (k * each_s + start, pitch, length, velocity)
        for k in range(count)
        for start, pitch, length, velocity in phrase(name, each_s - 0.3, rng)
    ]


def _beat(seconds: float, rng: np.random.Generator) -> list[Note]:
    """A drum pattern: each of a few instruments of the kit on steps of its own."""
    step = rng.uniform(0.1, 0.2)
    kit = rng.choice([36, 38, 40, 41, 43, 45, 47, 48, 50, 42, 46, 49, 51, 37], 4, replace=False)
    kit[0] = rng.choice([36, 38, 45])
    hits = rng.random((4, 16)) < rng.uniform(0.12, 0.45, 4)[:, None]
    hits[0, 0] = True
    return [
        (k * step, int(kit[i]), 0.2, int(rng.integers(60, 120)))
        for k in range(int(seconds / step))
        for i in range(4)
        if hits[i, k % 16]
    ]


def _midi(program: int, notes: list[Note], bank: int = 0) -> bytes:
    """A format 0 file at 480 ticks a quarter, 120 quarters a minute."""
    channel = 9 if program == DRUMS else 0
    events = [(0, bytes([0xB0 | channel, 0, bank])), (0, bytes([0xC0 | channel, max(program, 0)]))]
    for start, pitch, length, velocity in notes:
        events.append((round(start * 960), bytes([0x90 | channel, pitch, velocity])))
        events.append((round((start + length) * 960), bytes([0x80 | channel, pitch, 0])))
    events.sort(key=lambda event: event[0])
    track, now = b"", 0
    for tick, message in events:
        track += _variable(tick - now) + message
        now = tick
    track += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    return header + b"MTrk" + struct.pack(">I", len(track)) + track


def _variable(value: int) -> bytes:
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([value & 0x7F | 0x80]) + out
    return out
