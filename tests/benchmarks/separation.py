"""`make bench-separation`: how near and how soft a second sound may be and still be told apart."""

from __future__ import annotations

import numpy as np

from spa2v_core.audio.cues import measure
from spa2v_core.audio.sources import separate
from spa2v_core.simulation.acoustics import Source, mix, still
from spa2v_core.simulation.synthesis import RATE, SYNTHS
from spa2v_core.simulation.voices import VOICES

SECONDS = 5.0
APART = (0.1, 0.2, 0.3, 0.4, 0.6)
SOFTER_DB = (0, 6, 12, 18)
PAIRS = 24
NEAR = 0.08
SOUNDS = SYNTHS | VOICES


def found(apart: float, softer_db: float) -> float:
    """Share of random pairs, `apart` of the picture's width, in which both are heard in place."""
    hits = 0
    for seed in range(PAIRS):
        rng = np.random.default_rng(seed)
        first = rng.uniform(0.1, 0.9 - apart)
        places = rng.permutation([first, first + apart])
        sources = []
        for name, place, gain in zip(
            rng.choice(sorted(SOUNDS), 2, replace=False), places, (0, softer_db), strict=True
        ):
            signal = SOUNDS[name](SECONDS + 1, rng)
            signal = signal / np.sqrt(np.mean(signal**2)) * 10 ** (-gain / 20)
            sources.append(Source(name, signal, still(3 * (2 * place - 1), 3), 1, 1))
        clip = mix(sources, SECONDS, RATE)
        heard = [float(np.median(one.x)) for one in separate(measure(clip))]
        hits += len(heard) == 2 and all(min(abs(x - p) for x in heard) < NEAR for p in places)
    return hits / PAIRS


def main() -> None:
    print(f"dry: both found and in place, of {PAIRS} pairs")
    print("softer by  " + "".join(f"{apart:>8.0%} apart" for apart in APART))
    for softer in SOFTER_DB:
        shares = [found(apart, softer) for apart in APART]
        print(f"{softer:6d} dB  " + "".join(f"{share:14.0%}" for share in shares))


if __name__ == "__main__":
    main()
