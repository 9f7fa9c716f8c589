"""The example clips: our own synthesis and MIT soundfont instruments, moved by `simulate`.

    python -m spa2v_core.training.examples          # needs fluidsynth and the MuseScore soundfont

Every clip comes with its exact layout; nothing is recorded.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np
from scipy.signal import butter, sosfilt

from ..audio.io import AudioClip, read_audio
from ..audio.simulate import Source, mix, still, straight, true_layout
from ..errors import InputError
from ..layout import io as layout_io

RATE = 44_100
SOUNDFONT = Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3")
Rng = np.random.Generator


def _band(noise: np.ndarray, low: float, high: float) -> np.ndarray:
    return sosfilt(butter(2, (low, high), "bandpass", fs=RATE, output="sos"), noise)


def engine(seconds: float, rng: Rng, firing_hz: float, growl: float, hiss: float) -> np.ndarray:
    """A combustion engine: harmonics of the firing rate with uneven cylinders, and tyre noise."""
    t = np.arange(round(seconds * RATE)) / RATE
    drift = 1 + 0.01 * np.cumsum(rng.normal(0, 1, len(t))) / np.sqrt(np.arange(1, len(t) + 1)) / 40
    phase = 2 * np.pi * np.cumsum(firing_hz * drift) / RATE
    tone = sum(
        rng.uniform(0.5, 1) / n**0.9 * np.sin(n * phase / 2 + rng.uniform(0, 6))
        for n in range(1, 28)
    )
    noise = rng.normal(0, 1, len(t))
    return growl * tone + hiss * _band(noise, 500, 5000) + 0.5 * hiss * _band(noise, 60, 300)


def steam_train(seconds: float, rng: Rng) -> np.ndarray:
    """Chuffs four to a turn of the wheel, rail joints, a hiss."""
    t = np.arange(round(seconds * RATE)) / RATE
    chuff = np.clip(np.sin(2 * np.pi * 4.5 * t), 0, 1) ** 3
    joint = np.exp(-(((t * 1.6) % 1) / 0.03)) + 0.7 * np.exp(-(((t * 1.6 + 0.82) % 1) / 0.03))
    noise = rng.normal(0, 1, len(t))
    return (
        2.5 * chuff * _band(noise, 200, 2500)
        + 1.2 * joint * _band(noise, 900, 4500)
        + 0.3 * _band(noise, 80, 6000)
    )


def barks(seconds: float, rng: Rng) -> np.ndarray:
    """A dog: short falling harmonic bursts through two formants, in twos."""
    out = np.zeros(round(seconds * RATE))
    for start in np.arange(0.35, seconds - 0.4, 1.5):
        for offset in (0.0, 0.36):
            length = 0.16
            t = np.arange(round(length * RATE)) / RATE
            pitch = 520 * np.exp(-1.1 * t / length) * rng.uniform(0.95, 1.05) + 120
            phase = 2 * np.pi * np.cumsum(pitch) / RATE
            voice = sum(np.sin(n * phase) / n**0.6 for n in range(1, 14))
            voice = voice + 1.2 * rng.normal(0, 1, len(t))
            shaped = _band(voice, 500, 1300) + 0.6 * _band(voice, 1600, 3200)
            envelope = np.sin(np.pi * np.clip(t / length, 0, 1)) ** 0.5
            first = round((start + offset) * RATE)
            out[first : first + len(t)] += shaped * envelope
    return out


def jet(seconds: float, rng: Rng) -> np.ndarray:
    """A jet: broad roar with a faint turbine whine."""
    t = np.arange(round(seconds * RATE)) / RATE
    noise = rng.normal(0, 1, len(t))
    roar = _band(noise, 80, 900) + 0.6 * _band(noise, 900, 5000)
    return roar + 0.06 * np.sin(2 * np.pi * 2900 * t) + 0.04 * np.sin(2 * np.pi * 4350 * t)


def play(program: int, notes: list[tuple[float, int, float]], seconds: float) -> np.ndarray:
    """Mono recording of (start s, MIDI pitch, length s) notes by a General MIDI instrument."""
    if not SOUNDFONT.exists():
        raise InputError(f"{SOUNDFONT} is missing: install musescore-general-soundfont-small")
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "a.mid", Path(folder) / "a.wav"
        midi.write_bytes(_midi(program, notes))
        command = ["fluidsynth", "-ni", "-R", "0", "-C", "0", "-g", "1", "-r", str(RATE), "-F"]
        subprocess.run(
            [*command, str(wav), str(SOUNDFONT), str(midi)], check=True, capture_output=True
        )
        mono = read_audio(wav).samples.mean(0)
    count = round(seconds * RATE)
    return np.pad(mono, (0, max(0, count - len(mono))))[:count]


def _midi(program: int, notes: list[tuple[float, int, float]]) -> bytes:
    """A format 0 file at 480 ticks a quarter, 120 quarters a minute."""
    events = [(0, bytes([0xC0, program]))]
    for start, pitch, length in notes:
        events.append((round(start * 960), bytes([0x90, pitch, 90])))
        events.append((round((start + length) * 960), bytes([0x80, pitch, 0])))
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


def _guitar(seconds: float) -> np.ndarray:
    chords = (
        (45, 52, 57, 60, 64),
        (43, 50, 55, 59, 62),
        (41, 48, 53, 57, 60),
        (40, 47, 52, 56, 59),
    )
    notes = [
        (1.5 * bar + 0.25 * k, chord[k % 5], 0.9)
        for bar, chord in enumerate(chords)
        for k in range(6)
    ]
    return play(25, notes, seconds)


def _piano(seconds: float) -> np.ndarray:
    melody = (60, 64, 67, 72, 71, 67, 69, 65, 62, 67, 64, 60, 62, 64, 65, 67)
    notes = [(0.36 * k, pitch, 0.6) for k, pitch in enumerate(melody)]
    notes += [(1.44 * k, bass, 1.4) for k, bass in enumerate((48, 43, 41, 48))]
    return play(0, notes, seconds)


def scenes(rng: Rng) -> dict[str, tuple[float, list[Source], str]]:
    """File name -> (duration s, sources, caption)."""
    car = engine(6.5, rng, 85, 0.25, 0.9)
    bus = engine(6.5, rng, 38, 0.7, 0.6)
    return {
        "car_crossing": (
            6.0,
            [Source("car", car, straight((-8.5, 8), (8.5, 8), 6), 4.3, 1.8, -1.5, "red")],
            "A red car crosses from left to right on a road",
        ),
        "bus_approaching": (
            6.0,
            [Source("bus", bus, straight((1, 26), (0.3, 5.0), 6), 3.4, 2.9, -1.6)],
            "A bus comes closer on a city street",
        ),
        "train_receding": (
            6.0,
            [
                Source(
                    "train",
                    steam_train(6.5, rng),
                    straight((-0.5, 5.5), (2, 30), 6),
                    3.6,
                    3.4,
                    -1.8,
                )
            ],
            "A train moves away in a field",
        ),
        "dog_and_guitar": (
            6.0,
            [
                Source("dog", 1.3 * barks(6.5, rng), still(-1.3, 2.4), 0.75, 0.62, -0.75),
                Source("guitar", 6 * _guitar(6.5), still(1.25, 2.4), 0.8, 0.7, -0.75),
            ],
            "A dog is on the left and a guitar is on the right in a room",
        ),
        "piano_left": (
            6.0,
            [Source("piano", _piano(6.5), still(-1.5, 3.0), 1.5, 1.3, -1.1)],
            "A piano is on the left on a stage",
        ),
        "airplane_crossing": (
            6.0,
            [Source("airplane", jet(7.0, rng), straight((46, 48), (-46, 48), 6), 28, 16, 2)],
            "An airplane crosses from right to left in the sky",
        ),
    }


def write_m4a(clip: AudioClip, path: Path, bit_rate: int = 128_000) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=clip.rate, layout="stereo", bit_rate=bit_rate)
        for first in range(0, clip.samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(clip.samples[:, first : first + 1024]), "fltp", "stereo"
            )
            frame.rate, frame.pts = clip.rate, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("assets/examples"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (seconds, sources, caption) in scenes(np.random.default_rng(options.seed)).items():
        write_m4a(mix(sources, seconds, RATE), options.out / f"{name}.m4a")
        layout = true_layout(sources, seconds, caption=caption)
        layout_io.write(layout, options.out / f"{name}.layout.json")
        print(f"{name}: {seconds:g} s, {', '.join(source.name for source in sources)}")


if __name__ == "__main__":
    main()
