"""Random scenes of moving things, drawn from a seed, with how they are recorded.

Sizes, heights, distances and motions come from `sizes.json`, which no planner reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..audio.io import AudioClip, write_wav
from ..layout import VideoSceneLayout, io
from .acoustics import Acoustics, Room, Source, mix, straight, true_layout
from .synthesis import RATE, SYNTHS, Rng
from .voices import VOICES

SIZES = Path(__file__).with_name("sizes.json")
#: Name -> makes (n,) dry sound of so many seconds.
Sounds = Mapping[str, Callable[[float, Rng], np.ndarray]]
#: Screen positions a thing that stays is drawn from: away from the categories' thresholds.
SIDES = ((0.08, 0.36), (0.44, 0.56), (0.64, 0.92))


@dataclass(frozen=True)
class Scene:
    """A clip with its exact layout, what moves how, and how it was recorded."""

    name: str
    clip: AudioClip
    layout: VideoSceneLayout
    acoustics: Acoustics


@cache
def sizes() -> dict[str, dict]:
    return json.loads(SIZES.read_text(encoding="utf-8"))["things"]


def synthesised_sounds() -> Sounds:
    """Every class that can be synthesised; a class with two synths has the last."""
    return {name: synth for name, synth in {**SYNTHS, **VOICES}.items() if name in sizes()}


def draw_scene(
    name: str,
    sounds: Sounds,
    rng: Rng,
    *,
    count: int = 1,
    reverberant: bool = False,
    noisy: bool = False,
    microphones: str = "pan",
) -> Scene:
    """One scene of `count` things at different places."""
    seconds = float(rng.uniform(4, 8))
    room = None
    while True:
        names = rng.choice(sorted(sounds), count, replace=False)
        motions = [str(rng.choice(sizes()[n]["motions"])) for n in names]
        # two things: at most one of them moves, so that there is a truth to tell apart
        if sum(motion != "stationary" for motion in motions) <= 1:
            break
    sides = rng.permutation(len(SIDES))
    sources = [
        _source(str(n), motion, SIDES[sides[k]], sounds, seconds, rng)
        for k, (n, motion) in enumerate(zip(names, motions, strict=True))
    ]
    if reverberant:
        room = _room_around(sources, seconds, rng)
    acoustics = Acoustics(
        microphones=microphones,  # type: ignore[arg-type]
        room=room,
        noise_db=float(rng.uniform(12, 25)) if noisy else None,
        bias_db=float(rng.uniform(-3, 3)) if noisy else 0.0,
        seed=int(rng.integers(2**31)),
    )
    layout = true_layout(sources, seconds)
    return Scene(name, mix(sources, seconds, RATE, acoustics=acoustics), layout, acoustics)


def _source(
    name: str, motion: str, side: tuple[float, float], sounds: Sounds, seconds: float, rng: Rng
) -> Source:
    size = sizes()[name]
    near, far = rng.uniform(*size["near"]), rng.uniform(*size["far"])
    width, height = rng.uniform(*size["width"]), rng.uniform(*size["height"])
    place = 2 * rng.uniform(*side) - 1
    if motion == "crossing":
        way = rng.choice([-1, 1])
        start, stop = -way * rng.uniform(0.55, 1.0), way * rng.uniform(0.55, 1.0)
        path = straight(
            (start * near, near), (stop * near, near * rng.uniform(0.85, 1.18)), seconds
        )
    elif motion == "stationary":
        path = straight((place * near, near), (place * near, near), seconds)
    else:
        away = (0.5 * place * far * rng.uniform(0, 1), far)
        here = (0.5 * place * near, near)
        path = straight(*((away, here) if motion == "approaching" else (here, away)), seconds)
    signal = sounds[name](seconds + 1.0, rng)
    signal = signal / max(float(np.sqrt(np.mean(signal**2))), 1e-9)
    # equally loud where it is nearest, so that no thing drowns the other
    return Source(
        name,
        signal * near * 10 ** (rng.uniform(-3, 3) / 20),
        path,
        width,
        height,
        rng.uniform(*size["base"]),
    )


def _room_around(sources: list[Source], seconds: float, rng: Rng) -> Room:
    """A room or a street's walls that hold every path with a metre to spare."""
    t = np.linspace(0, seconds, 20)
    x = max(float(np.abs(source.path(t)[0]).max()) for source in sources)
    z = max(float(source.path(t)[1].max()) for source in sources)
    behind = float(rng.uniform(2, 4))
    width, depth = 2 * x + rng.uniform(2, 6), z + behind + rng.uniform(1, 5)
    if max(x, z) > 9:  # a street: the sky and the far ends give nothing back
        height, absorption = rng.uniform(6, 12), rng.uniform(0.55, 0.8)
    else:  # a furnished room
        height, absorption = rng.uniform(2.6, 4), rng.uniform(0.2, 0.45)
    return Room((float(width), float(depth), float(height)), float(absorption), behind)


#: Share of each kind of scene in a set: (count, reverberant, noisy, microphones).
KINDS = (
    (0.34, "single dry", (1, False, False, "pan")),
    (0.26, "single reverberant noisy", (1, True, True, "pan")),
    (0.20, "two dry", (2, False, False, "pan")),
    (0.10, "two reverberant noisy", (2, True, True, "pan")),
    (0.05, "single coincident pair", (1, True, False, "coincident")),
    (0.05, "single spaced pair", (1, True, False, "spaced")),
)


def scene_set(sounds: Sounds, count: int, seed: int) -> Iterator[tuple[str, Scene]]:
    """(kind, scene) for a whole set; scene k depends on the seed and k alone."""
    index = 0
    for share, kind, (things, reverberant, noisy, microphones) in KINDS:
        for _ in range(round(share * count)):
            rng = np.random.default_rng((seed, index))
            scene = draw_scene(
                f"{index:04d}",
                sounds,
                rng,
                count=things,
                reverberant=reverberant,
                noisy=noisy,
                microphones=microphones,
            )
            yield kind, scene
            index += 1


def write_scenes(folder: Path, scenes: Iterable[Scene]) -> int:
    """Write clips (wav) and layouts (json) of scenes; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for scene in scenes:
        write_wav(scene.clip, folder / f"{scene.name}.wav")
        io.write(scene.layout, folder / f"{scene.name}.layout.json")
        written += 1
    return written
