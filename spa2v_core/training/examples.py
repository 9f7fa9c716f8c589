"""The example clips: our own synthesis and MIT soundfont instruments, moved by `simulate`.

    python -m spa2v_core.training.examples          # needs fluidsynth and the MuseScore soundfont

Every clip comes with its exact layout; nothing is recorded.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..layout import io as layout_io
from ..simulation import synthesis, voices
from ..simulation.acoustics import Source, mix, still, straight, true_layout
from ..simulation.synthesis import RATE, unit
from .sounds.encode import encode
from .sounds.instruments import play

Point = tuple[float, float]
SECONDS = 6.0
#: A little more is made, so that what comes from afar still sounds at the end.
MADE_S = 6.6


def _guitar(seconds: float) -> np.ndarray:
    chords = (
        (45, 52, 57, 60, 64),
        (43, 50, 55, 59, 62),
        (41, 48, 53, 57, 60),
        (40, 47, 52, 56, 59),
    )
    notes = [
        (1.5 * bar + 0.25 * k, chord[k % 5], 0.9, 90)
        for bar, chord in enumerate(chords)
        for k in range(6)
    ]
    return play(25, notes, seconds, RATE)


def _piano(seconds: float) -> np.ndarray:
    melody = (60, 64, 67, 72, 71, 67, 69, 65, 62, 67, 64, 60, 62, 64, 65, 67)
    notes = [(0.36 * k, pitch, 0.6, 90) for k, pitch in enumerate(melody)]
    notes += [(1.44 * k, bass, 1.4, 90) for k, bass in enumerate((48, 43, 41, 48))]
    return play(0, notes, seconds, RATE)


def scenes(seed: int) -> dict[str, tuple[list[Source], str]]:
    """File name -> (sources, caption)."""

    def made(synth: synthesis.Synth, take: int) -> np.ndarray:
        return unit(synth(MADE_S, np.random.default_rng((seed, take))))

    def moving(
        name: str, take: int, start: Point, end: Point, width: float, height: float, base: float
    ) -> Source:
        signal, path = made(getattr(synthesis, name), take), straight(start, end, SECONDS)
        return Source(name, signal, path, width, height, base)

    car = moving("car", 3, (-8.5, 8), (8.5, 8), 4.3, 1.8, -1.5)
    bus = moving("bus", 5, (1, 26), (0.3, 5.0), 3.4, 2.9, -1.6)
    boat = moving("boat", 4, (-0.5, 5.5), (2, 30), 4.2, 3.0, -1.6)
    dog = Source("dog", made(voices.dog, 4), still(-1.3, 2.4), 0.75, 0.62, -0.75)
    guitar = Source("guitar", unit(_guitar(MADE_S)), still(1.25, 2.4), 0.8, 0.7, -0.75)
    piano = Source("piano", _piano(MADE_S), still(-1.5, 3.0), 1.5, 1.3, -1.1)
    airplane = moving("airplane", 6, (46, 48), (-46, 48), 28, 16, 2)
    return {
        "car_crossing": (
            [replace(car, appearance="red")],
            "A red car crosses from left to right on a road",
        ),
        "bus_approaching": ([bus], "A bus comes closer on a city street"),
        "boat_receding": ([boat], "A boat moves away on the sea"),
        "dog_and_guitar": (
            [dog, guitar],
            "A dog is on the left and a guitar is on the right in a room",
        ),
        "piano_left": ([piano], "A piano is on the left on a stage"),
        "airplane_crossing": ([airplane], "An airplane crosses from right to left in the sky"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("assets/examples"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (sources, caption) in scenes(options.seed).items():
        clip = mix(sources, SECONDS, RATE)
        encode(clip, str(options.out / f"{name}.m4a"), "aac", 128_000, "ipod")
        layout = true_layout(sources, SECONDS, caption=caption)
        layout_io.write(layout, options.out / f"{name}.layout.json")
        print(f"{name}: {', '.join(source.name for source in sources)}")


if __name__ == "__main__":
    main()
