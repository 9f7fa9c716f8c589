"""Synthesised voices of people and animals, by source and formants (Fant, 1960): a buzz of
harmonics through resonances that move. Dry mono sound at `synthesis.RATE`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from .synthesis import RATE, Rng, Synth, band, harmonics, repeated, times, unit

#: First three formants of vowels (Hz) for an adult male (Peterson and Barney, 1952).
VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
)


def resonance(signal: np.ndarray, hz: float, width: float) -> np.ndarray:
    """(n,) `signal` through a two-pole resonance at `hz`, `width` Hz wide."""
    radius = np.exp(-np.pi * width / RATE)
    a = [1, -2 * radius * np.cos(2 * np.pi * min(hz, 0.45 * RATE) / RATE), radius**2]
    return lfilter([1 - radius], a, signal)


def formants(signal: np.ndarray, centres: tuple[float, ...], scale: float) -> np.ndarray:
    """(n,) `signal` through parallel formants, the higher ones softer."""
    parts = [
        resonance(signal, scale * hz, 60 + 0.05 * hz) / (1 + 0.6 * k)
        for k, hz in enumerate(centres)
    ]
    return np.sum(parts, axis=0)


def call(
    rng: Rng,
    seconds: float,
    contour: tuple[float, ...],
    centres: tuple[float, ...],
    *,
    roughness: float = 0.05,
    breath: float = 0.05,
    slope: float = 0.6,
) -> np.ndarray:
    """(n,) one voiced call: pitch through the points of `contour` (Hz), formants at `centres`."""
    t = times(seconds)
    pitch = np.interp(t / seconds, np.linspace(0, 1, len(contour)), contour)
    jitter = np.interp(
        t,
        np.arange(0, seconds + 0.02, 0.01),
        rng.normal(size=int(seconds * 100) + 3)[: len(np.arange(0, seconds + 0.02, 0.01))],
    )
    buzz = unit(harmonics(pitch * (1 + roughness * jitter), 40, slope, rng, 0.3))
    voiced = formants(buzz + breath * rng.normal(size=len(t)), centres, 1.0)
    envelope = np.sin(np.pi * np.clip(t / seconds, 0, 1)) ** rng.uniform(0.3, 0.8)
    return unit(voiced) * envelope


def _speech(seconds: float, rng: Rng, pitch: float, scale: float) -> np.ndarray:
    """Syllables of a random language: vowels, fricatives and stops at about four a second."""

    def syllable(_: int) -> np.ndarray:
        length = rng.uniform(0.12, 0.32)
        centres = tuple(scale * f for f in VOWELS[rng.integers(len(VOWELS))])
        start = pitch * rng.uniform(0.85, 1.2)
        voice = call(rng, length, (start, start * rng.uniform(0.8, 1.1)), centres, roughness=0.01)
        if rng.random() < 0.5:
            low = rng.uniform(1500, 5000)
            hiss = band(rng.normal(size=round(0.09 * RATE)), low, low + 3500)
            voice = np.concatenate([rng.uniform(0.1, 0.4) * unit(hiss), voice])
        return voice

    starts = np.cumsum(
        rng.uniform(0.16, 0.34, int(seconds * 5)) + 0.5 * (rng.random(int(seconds * 5)) < 0.1)
    )
    return repeated(seconds, starts, syllable)


def man(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a man who talks."""
    return _speech(seconds, rng, rng.uniform(85, 150), rng.uniform(0.95, 1.05))


def woman(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a woman who talks."""
    return _speech(seconds, rng, rng.uniform(175, 260), rng.uniform(1.13, 1.25))


def babble(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a crowd that talks, or cheers."""
    voices = [(man, woman)[rng.integers(2)](seconds, rng) * rng.uniform(0.4, 1) for _ in range(9)]
    talk = np.sum(voices, axis=0)
    if rng.random() < 0.5:
        breath = rng.normal(size=(3, round(seconds * RATE)))
        cheer = [formants(one, VOWELS[0], rng.uniform(0.9, 1.4)) for one in breath]
        talk = talk + rng.uniform(0.3, 1.2) * unit(np.sum(cheer, axis=0))
    return talk


def singer(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) sung vowels with vibrato on a scale."""
    female = rng.random() < 0.5
    root, scale = (rng.uniform(220, 440), 1.17) if female else (rng.uniform(100, 210), 1.0)
    steps = 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    out, at = np.zeros(round(seconds * RATE)), 0.0
    place = int(rng.integers(8))
    while at < seconds:
        length = rng.uniform(0.35, 1.4)
        t = times(length)
        place = int(np.clip(place + rng.integers(-2, 3), 0, 7))
        pitch = (
            root
            * steps[place]
            * (1 + 0.012 * np.sin(2 * np.pi * rng.uniform(4.8, 6.3) * t) * np.minimum(1, t / 0.3))
        )
        buzz = unit(harmonics(pitch, 40, 0.7, rng, 0.2))
        voice = formants(buzz, VOWELS[rng.integers(5)], scale) + 0.4 * resonance(buzz, 2900, 250)
        voice = unit(voice) * np.minimum(1, np.minimum(t, length - t) / 0.06)
        first = round(at * RATE)
        out[first : first + len(voice)] += voice[: len(out) - first]
        at += length * rng.uniform(0.95, 1.3)
    return out


def _calls(
    seconds: float,
    rng: Rng,
    gap: tuple[float, float],
    one: Callable[[int], np.ndarray],
    groups: int = 1,
) -> np.ndarray:
    """`one(k)` every `gap` seconds, in groups."""
    starts: list[float] = []
    at = rng.uniform(0, 0.4)
    while at < seconds:
        starts.extend(at + 0.36 * rng.uniform(0.8, 1.2) * np.arange(rng.integers(1, groups + 1)))
        at = starts[-1] + rng.uniform(*gap)
    return repeated(seconds, np.array(starts), one)


def dog(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) barks: short falling rough bursts."""
    size = rng.uniform(0.7, 1.8)
    top, length = 520 / size * rng.uniform(0.8, 1.3), rng.uniform(0.1, 0.24)

    def bark(_: int) -> np.ndarray:
        f = top * rng.uniform(0.92, 1.08)
        return call(
            rng,
            length,
            (0.7 * f, f, 0.5 * f),
            (900 / size**0.5, 2000 / size**0.5, 3400),
            roughness=rng.uniform(0.05, 0.2),
            breath=rng.uniform(0.2, 0.9),
            slope=0.4,
        )

    return _calls(seconds, rng, (0.3, 1.3), bark, 3)


def cat(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) meows: a long arch of pitch while the mouth opens and closes."""
    f = rng.uniform(420, 800)

    def meow(_: int) -> np.ndarray:
        length = rng.uniform(0.45, 1.2)
        closed = call(rng, length, (0.8 * f, 1.25 * f, 1.1 * f, 0.75 * f), (700, 2600, 4200))
        opened = call(rng, length, (0.8 * f, 1.25 * f, 1.1 * f, 0.75 * f), (1300, 1900, 3800))
        share = np.sin(np.pi * np.linspace(0, 1, len(closed))) ** 2
        return (1 - share) * closed + share * opened

    return _calls(seconds, rng, (0.3, 1.4), meow)


def cow(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) moos."""
    f = rng.uniform(90, 190)
    return _calls(
        seconds,
        rng,
        (0.5, 1.5),
        lambda _: call(
            rng,
            rng.uniform(0.9, 2.2),
            (0.75 * f, f, 1.25 * f, 1.1 * f, 0.7 * f),
            (320, 800, 1900),
            roughness=0.03,
            breath=0.15,
            slope=0.5,
        ),
    )


def sheep(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) bleats: a tremolo at eight to fourteen a second."""
    f, shake = rng.uniform(220, 480), rng.uniform(8, 14)

    def bleat(_: int) -> np.ndarray:
        one = call(
            rng, rng.uniform(0.5, 1.2), (f, 1.1 * f, 0.9 * f), (700, 1500, 2700), roughness=0.06
        )
        return one * (0.6 + 0.4 * np.sin(2 * np.pi * shake * np.arange(len(one)) / RATE))

    return _calls(seconds, rng, (0.3, 1.4), bleat)


def horse(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) hooves at a walk, trot or gallop; now and then a neigh."""
    beat, top = rng.uniform(0.16, 0.5), rng.uniform(600, 1500)
    pattern = np.array([0, 0.25, 0.5, 0.75]) if rng.random() < 0.6 else np.array([0, 0.18, 0.36])

    def hoof(k: int) -> np.ndarray:
        t = np.arange(2600) / RATE
        tone = np.sin(2 * np.pi * top * (1 + 0.15 * (k % 2)) * t) * np.exp(-t / 0.008)
        return rng.uniform(0.6, 1) * (
            tone + band(rng.normal(size=2600), 200, 2500) * np.exp(-t / 0.012)
        )

    starts = (np.arange(0, seconds, 4 * beat)[:, None] + 4 * beat * pattern).ravel()
    hooves = unit(repeated(seconds, np.sort(starts + rng.normal(0, 0.008, len(starts))), hoof))

    def neigh(_: int) -> np.ndarray:
        length, f = rng.uniform(0.8, 1.7), rng.uniform(700, 1300)
        points = f * np.linspace(1.2, 0.45, 24) * (1 + 0.14 * (-1.0) ** np.arange(24))
        return 3 * call(rng, length, tuple(points), (1000, 2200, 3600), breath=0.3)

    kind = rng.integers(3)
    if kind == 0:
        return hooves
    calls = _calls(seconds, rng, (0.6, 2.5), neigh)
    return calls if kind == 1 else hooves + calls


def bird(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) chirps, trills and whistles."""
    kinds = rng.uniform(2000, 6500, 3)

    def chirp(_: int) -> np.ndarray:
        f, length = rng.choice(kinds), rng.uniform(0.04, 0.28)
        t = times(length)
        sweep = f * (
            1
            + rng.uniform(-0.3, 0.3) * t / length
            + rng.uniform(0, 0.12) * np.sin(2 * np.pi * rng.uniform(10, 60) * t)
        )
        return harmonics(sweep, 2, 2, rng) * np.sin(np.pi * t / length) ** 0.6

    starts: list[float] = []
    at = rng.uniform(0, 0.3)
    while at < seconds:
        pace = rng.uniform(0.06, 0.3)
        starts.extend(at + pace * np.arange(rng.integers(1, 8)))
        at = starts[-1] + rng.uniform(0.15, 1.0)
    return repeated(seconds, np.array(starts), chirp)


def rooster(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) cock-a-doodle-doo: three short notes and a long one that falls."""
    f = rng.uniform(450, 750)

    def crow(_: int) -> np.ndarray:
        parts = []
        for length, contour in (
            (0.15, (f, 1.15 * f)),
            (0.12, (1.2 * f, 1.25 * f)),
            (0.25, (1.3 * f, 1.5 * f, 1.35 * f)),
            (rng.uniform(0.6, 1.2), (1.4 * f, 1.6 * f, 1.3 * f, 0.8 * f)),
        ):
            parts += [
                call(rng, length, contour, (1300, 2100, 3300), roughness=0.04, breath=0.15),
                np.zeros(round(0.05 * RATE)),
            ]
        return np.concatenate(parts)

    return _calls(seconds, rng, (0.8, 2.5), crow)


def pig(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) grunts."""
    f = rng.uniform(60, 130)
    return _calls(
        seconds,
        rng,
        (0.1, 0.8),
        lambda _: call(
            rng,
            rng.uniform(0.12, 0.4),
            (f, 1.2 * f, 0.8 * f),
            (450, 1100, 2400),
            roughness=0.3,
            breath=0.8,
        ),
        3,
    )


def duck(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) quacks: nasal and rough, falling."""
    f = rng.uniform(180, 320)
    return _calls(
        seconds,
        rng,
        (0.2, 1.0),
        lambda _: call(
            rng,
            rng.uniform(0.12, 0.25),
            (1.2 * f, f, 0.8 * f),
            (1200, 2300, 3500),
            roughness=0.15,
            breath=0.3,
            slope=0.25,
        ),
        5,
    )


VOICES: dict[str, Synth] = {
    "man": man,
    "woman": woman,
    "singer": singer,
    "crowd": babble,
    "dog": dog,
    "cat": cat,
    "cow": cow,
    "sheep": sheep,
    "horse": horse,
    "bird": bird,
    "rooster": rooster,
    "pig": pig,
    "duck": duck,
}
