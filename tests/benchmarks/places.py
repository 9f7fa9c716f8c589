"""`make bench-places`: where things are heard, by the rules and by the localiser, on other scenes.

An independent set: impulse responses of rooms by pyroomacoustics along the paths (in pieces, cross-
faded), real pairs of microphones (XY, ORTF, spaced AB), a rigid spherical head (Duda and Martens,
1998), and plain pans; one or two things, the sounds held-out recordings. Neither the rules nor the
localiser were made on any of it.

    python -m tests.benchmarks.places --count 60 --seed 7
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve
from scipy.special import eval_legendre, spherical_jn, spherical_yn

from spa2v_core.audio.clip import AudioClip
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.simulation.acoustics import Source, constant_power, screen_x, straight, true_layout
from spa2v_core.simulation.scenes import Sounds, sizes
from spa2v_core.simulation.synthesis import RATE, Rng
from spa2v_core.training.localiser.report import scores, table
from spa2v_core.units import SPEED_OF_SOUND
from tests.benchmarks.planning import held_sounds

KINDS = ("pan", "xy", "ortf", "ab", "binaural")
#: Half distance of two microphones (m), their angle from the middle (degrees) and pattern (1
#: omnidirectional, 0.5 cardioid).
PAIRS = {"xy": (0.0, 45.0, 0.5), "ortf": (0.085, 55.0, 0.5), "ab": (0.15, 0.0, 1.0)}
HEAD_M = 0.0875
#: Pieces a second of a moving path, and the reflections that are followed.
PIECES_A_SECOND, ORDER = 4.0, 8
PEAK = 0.7


@dataclass(frozen=True)
class Scene:
    """A clip with its true layout."""

    kind: str
    clip: AudioClip
    layout: VideoSceneLayout


def draw(kind: str, things: int, sounds: Sounds, rng: Rng) -> Scene:
    """A scene of one or two things, of which at most one moves."""
    seconds = float(rng.uniform(3, 8))
    names = rng.choice(sorted(sounds), things, replace=False)
    places = rng.permutation([rng.uniform(-0.85, -0.25), rng.uniform(0.25, 0.85)])
    sources = [
        _source(str(name), float(places[k]), k == 0, sounds, seconds, rng)
        for k, name in enumerate(names)
    ]
    room = _room(sources, seconds, rng)
    parts = [_recorded(source, kind, room, seconds) for source in sources]
    sound = np.sum(parts, axis=0)
    sound = sound * (PEAK / max(float(np.abs(sound).max()), 1e-9))
    clip = AudioClip(sound.astype(np.float32), RATE, kind)
    return Scene(f"{kind}, {things}", clip, true_layout(sources, seconds))


def _source(
    name: str, place: float, may_move: bool, sounds: Sounds, seconds: float, rng: Rng
) -> Source:
    """A thing of its true size, at most 8 m away, so that a room can hold it."""
    size = sizes()[name]
    near = min(float(rng.uniform(*size["near"])), 5.0)
    far = min(near * rng.uniform(2, 3.5), 12.0)
    motion = rng.choice(["still", "crossing", "approaching", "receding"], p=(0.4, 0.3, 0.15, 0.15))
    start, stop = (place * near, near), (place * near, near)
    if may_move and motion == "crossing":
        way = rng.choice([-1, 1]) * near * rng.uniform(0.6, 1.0)
        start, stop = (-way, near), (way, near)
    elif may_move and motion != "still":
        ends = ((0.4 * place * far, far), (0.4 * place * near, near))
        start, stop = ends if motion == "approaching" else ends[::-1]
    signal = sounds[name](seconds + 1.0, rng)
    signal = signal / max(float(np.sqrt(np.mean(signal**2))), 1e-9) * near
    width, height = rng.uniform(*size["width"]), rng.uniform(*size["height"])
    path = straight(start, stop, seconds)
    return Source(name, signal, path, width, height, rng.uniform(*size["base"]))


@dataclass(frozen=True)
class Room:
    """Width, depth and height in m, the share of energy that walls absorb, and the listener."""

    size_m: tuple[float, float, float]
    absorption: float
    listener_m: tuple[float, float, float]


def _room(sources: list[Source], seconds: float, rng: Rng) -> Room:
    t = np.linspace(0, seconds, 20)
    aside = max(float(np.abs(source.path(t)[0]).max()) for source in sources)
    ahead = max(float(source.path(t)[1].max()) for source in sources)
    behind, width = rng.uniform(1.5, 4), 2 * aside + rng.uniform(2, 5)
    size = (width, ahead + behind + rng.uniform(1, 4), rng.uniform(2.6, 6))
    at = (width / 2 + rng.uniform(-0.4, 0.4), behind, rng.uniform(1.2, 1.7))
    return Room(
        tuple(float(v) for v in size), float(rng.uniform(0.25, 0.6)), tuple(float(v) for v in at)
    )


def _recorded(source: Source, kind: str, room: Room, seconds: float) -> np.ndarray:
    """(2, n) of a source along its path: piece after piece, each with its own impulse response,
    cross-faded."""
    count = round(seconds * RATE)
    sound = np.pad(source.signal, (0, max(0, count - len(source.signal))))[:count]
    t = np.arange(count) / RATE
    x, z = source.path(t)
    if kind == "pan":
        return np.stack(constant_power(screen_x(x, z))) * sound * source.path(np.zeros(1))[1] / z
    moves = float(np.hypot(x[-1] - x[0], z[-1] - z[0])) > 0.01
    pieces = max(2, round(PIECES_A_SECOND * seconds)) if moves else 1
    centres = (np.arange(pieces) + 0.5) / pieces * seconds
    place = np.clip(t / seconds * pieces - 0.5, 0, pieces - 1)
    out = np.zeros((2, count))
    for k, (px, pz) in enumerate(zip(*source.path(centres), strict=True)):
        part = sound * np.maximum(0, 1 - np.abs(place - k))
        out += fftconvolve(part[None], _response(kind, room, px, pz), axes=1)[:, :count]
    return out


def _response(kind: str, room: Room, x: float, z: float) -> np.ndarray:
    """(2, n) impulse response from (x, z) ahead of the listener, from when the direct sound
    arrives: the way's own delay would comb the cross-fades."""
    import pyroomacoustics

    box = pyroomacoustics.ShoeBox(
        room.size_m,
        fs=RATE,
        max_order=ORDER,
        materials=pyroomacoustics.Material(room.absorption),
    )
    middle = np.array(room.listener_m)
    box.add_source(middle + [x, z, 0.0])
    if kind == "binaural":
        box.add_microphone(middle)
        box.image_source_model()
        images, damping = box.sources[0].images - middle[:, None], box.sources[0].damping[0]
        both = _head_response(images, damping)
    else:
        aside, degrees, pattern = PAIRS[kind]
        for side in (-1, 1):
            box.add_microphone(
                middle + [side * aside, 0, 0], directivity=_cardioid(90 - side * degrees, pattern)
            )
        box.compute_rir()
        length = max(len(channel[0]) for channel in box.rir)
        both = np.stack([np.pad(c[0], (0, length - len(c[0]))) for c in box.rir])
    return both[:, round(np.hypot(x, z) / SPEED_OF_SOUND * RATE) :]


def _cardioid(azimuth: float, pattern: float):
    from pyroomacoustics.directivities import CardioidFamily, DirectionVector

    facing = DirectionVector(azimuth=azimuth, colatitude=90, degrees=True)
    return CardioidFamily(orientation=facing, p=pattern, gain=1.0)


#: Samples of a head's response, of which these come before its middle, and angles from the ear.
HEAD_SAMPLES, HEAD_EARLY, ANGLES = 128, 24, 73


def _head_response(images: np.ndarray, damping: np.ndarray) -> np.ndarray:
    """(2, n) response of two opposite ears to (3, I) images."""
    distance = np.linalg.norm(images, axis=0)
    at = np.round(distance / SPEED_OF_SOUND * RATE).astype(int)
    out = np.zeros((2, at.max() + HEAD_SAMPLES))
    for ear, side in enumerate((-1, 1)):
        angle = np.arccos(np.clip(side * images[0] / distance, -1, 1))
        nearest = np.round(angle / np.pi * (ANGLES - 1)).astype(int)
        pulses = np.zeros((ANGLES, at.max() + 1))
        np.add.at(pulses, (nearest, at), damping / np.maximum(distance, 0.5))
        used = np.unique(nearest)
        out[ear] = fftconvolve(pulses[used], head()[used], axes=1).sum(0)
    return out


@cache
def head() -> np.ndarray:
    """(ANGLES, HEAD_SAMPLES) response on a rigid sphere to a plane wave, by angle from the ear:
    -i / mu^2 sum_m i^m (2m + 1) P_m(cos angle) / h'_m(mu)."""
    hz = np.fft.rfftfreq(HEAD_SAMPLES, 1 / RATE)[1:]
    mu = 2 * np.pi * hz * HEAD_M / SPEED_OF_SOUND
    cosine = np.cos(np.linspace(0, np.pi, ANGLES))
    response = np.zeros((ANGLES, len(mu)), complex)
    for m in range(60):
        with np.errstate(all="ignore"):
            hankel = spherical_jn(m, mu, True) - 1j * spherical_yn(m, mu, True)
            term = np.nan_to_num(1j**m * (2 * m + 1) / hankel)
        response += eval_legendre(m, cosine)[:, None] * term
    response *= -1j / mu**2 * np.exp(-2j * np.pi * hz * HEAD_EARLY / RATE)
    return np.fft.irfft(np.concatenate([np.ones((ANGLES, 1)), response], 1), HEAD_SAMPLES)


def scene_set(sounds: Sounds, count: int, seed: int) -> Iterator[Scene]:
    """`count` scenes, of every kind with one thing and, half as often, with two."""
    specs = [(kind, things) for things in (1, 1, 2) for kind in KINDS]
    for index in range(count):
        kind, things = specs[index % len(specs)]
        yield draw(kind, things, sounds, np.random.default_rng((seed, index)))


def _one(scene: Scene) -> tuple[str, dict[str, dict[str, float]]]:
    return scene.kind, scores(scene.clip, scene.layout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--work", type=Path, default=Path("build/tagger"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    scenes = scene_set(held_sounds(options.work), options.count, options.seed)
    with ProcessPoolExecutor(2) as workers:
        rows = sorted(workers.map(_one, scenes), key=lambda row: row[0][::-1])
    print("position error in widths / share of right motions / share of right numbers\n")
    print(table(rows))


if __name__ == "__main__":
    main()
