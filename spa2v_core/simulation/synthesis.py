"""Synthesised machines, signals and weather: dry mono sound at `RATE`, by class.

Physical sketches rather than recordings: a combustion engine is a train of firing pulses, a bell a
sum of inharmonic partials. Every call draws its own parameters, so that a tagger learns the kind
and not the take. Voices of people and animals are in `voices.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, sosfilt

RATE = 32_000
Rng = np.random.Generator
Synth = Callable[[float, Rng], np.ndarray]


def times(seconds: float) -> np.ndarray:
    """(n,) sample times."""
    return np.arange(round(seconds * RATE)) / RATE


def band(signal: np.ndarray, low: float, high: float, order: int = 2) -> np.ndarray:
    """(n,) `signal` band-passed from `low` to `high` Hz."""
    edges = (low, min(high, 0.48 * RATE))
    return sosfilt(butter(order, edges, "bandpass", fs=RATE, output="sos"), signal)


def noise(seconds: float, rng: Rng, tilt: float = 0.0) -> np.ndarray:
    """(n,) Gaussian noise whose power falls by `tilt` dB an octave, at unit RMS."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.normal(size=count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20)
    shaped = np.fft.irfft(spectrum * (frequency / 1000) ** (-tilt / 6.02), count)
    return unit(shaped)


def unit(signal: np.ndarray) -> np.ndarray:
    """(n,) signal scaled to unit RMS."""
    return signal / max(float(np.sqrt(np.mean(np.square(signal)))), 1e-9)


def wander(seconds: float, rng: Rng, depth: float, rate_hz: float = 2.0) -> np.ndarray:
    """(n,) slow random curve around 1: 1 +- depth."""
    knots = rng.normal(size=max(4, round(seconds * rate_hz) + 2))
    grid = np.linspace(0, len(knots) - 1, round(seconds * RATE))
    return np.maximum(1 + depth * np.interp(grid, np.arange(len(knots)), knots), 0.05)


def harmonics(
    frequency: np.ndarray, count: int, slope: float, rng: Rng, unevenness: float = 0.5
) -> np.ndarray:
    """(n,) sum of harmonics of an (n,) frequency curve in Hz, amplitude 1 / n ** slope with
    random differences."""
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    out = np.zeros_like(phase)
    for n in range(1, count + 1):
        amplitude = rng.uniform(1 - unevenness, 1) / n**slope
        audible = n * frequency < 0.45 * RATE
        out += amplitude * np.sin(n * phase + rng.uniform(0, 6.28)) * audible
    return out


def repeated(seconds: float, starts: np.ndarray, sound: Callable[[int], np.ndarray]) -> np.ndarray:
    """(n,) `sound(k)` at each of the start times (s), cut at the end."""
    out = np.zeros(round(seconds * RATE))
    for k, start in enumerate(starts):
        first = round(float(start) * RATE)
        if 0 <= first < len(out):
            piece = sound(k)[: len(out) - first]
            out[first : first + len(piece)] += piece
    return out


def _firing(
    seconds: float, rng: Rng, hz: tuple[float, float], cylinders: int, drift: float = 0.04
) -> tuple[np.ndarray, np.ndarray]:
    """(engine tone, firing-rate curve); uneven cylinders give a real engine's sub-harmonics."""
    rate = rng.uniform(*hz) * wander(seconds, rng, drift, 0.7)
    tone = harmonics(rate / cylinders, 12 * cylinders, rng.uniform(0.5, 0.9), rng, 0.9)
    strong = harmonics(rate, 14, rng.uniform(0.7, 1.2), rng)
    return unit(unit(strong) + rng.uniform(0.2, 0.7) * unit(tone)), rate


def tyres(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) rolling noise: strongest around 0.7 to 1.5 kHz near by; farther away and in wind only
    the low end of it is left."""
    count = round(seconds * RATE)
    core = band(rng.normal(size=count), rng.uniform(250, 600), rng.uniform(1500, 4000))
    air = noise(seconds, rng, rng.uniform(2, 9))
    rumble = band(rng.normal(size=count), 25, rng.uniform(80, 220))
    mixed = rng.uniform(0, 1) * unit(core) + rng.uniform(0.1, 1.2) * air
    mixed = mixed + rng.choice([0.0, 0.3, 1.0]) * wander(seconds, rng, 0.5, 3) * unit(rumble)
    return unit(mixed) * wander(seconds, rng, 0.08)


def car(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a car that rolls, idles or races: tyres over a four- to eight-cylinder engine."""
    if rng.random() < 0.3:  # high revolutions, tyres drowned by the exhaust
        engine, _ = _firing(seconds, rng, (130, 420), int(rng.choice([4, 6, 8])), 0.12)
        return unit(band(engine, 60, rng.uniform(2000, 7000))) + 0.2 * tyres(seconds, rng)
    engine, _ = _firing(seconds, rng, (45, 160), 4)
    growl = rng.choice([0.15, 0.5, 1.2]) * band(engine, 40, rng.uniform(600, 2500))
    return tyres(seconds, rng) + growl


def _diesel(seconds: float, rng: Rng, hz: tuple[float, float]) -> np.ndarray:
    tone, rate = _firing(seconds, rng, hz, 6, 0.03)
    knock = np.clip(np.sin(2 * np.pi * np.cumsum(rate) / RATE), 0, 1) ** rng.integers(2, 6)
    clatter = knock * band(rng.normal(size=len(tone)), 700, rng.uniform(2500, 5000))
    return unit(tone) + rng.uniform(0.3, 1.0) * unit(clatter)


def bus(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a city bus: muffled diesel, fan and turbo whine, sometimes a release of air."""
    t = times(seconds)
    out = band(_diesel(seconds, rng, (28, 60)), 30, rng.uniform(500, 1400))
    whine = harmonics(rng.uniform(350, 900) * wander(seconds, rng, 0.05, 0.7), 3, 1.2, rng)
    out = unit(out) + rng.uniform(0.05, 0.25) * whine + 0.35 * tyres(seconds, rng)
    if rng.random() < 0.35:
        at = rng.uniform(0, seconds * 0.8)
        hiss = np.where(t > at, np.exp(-np.maximum(t - at, 0) / rng.uniform(0.15, 0.5)), 0)
        out = out + 1.5 * hiss * band(rng.normal(size=len(t)), 2500, 11000)
    return out


def truck(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a heavy lorry: clattering diesel, body rattle, many tyres."""
    rattle = wander(seconds, rng, 0.6, 14) * band(rng.normal(size=round(seconds * RATE)), 150, 900)
    return (
        unit(_diesel(seconds, rng, (35, 90)))
        + rng.uniform(0.2, 0.6) * unit(rattle)
        + rng.uniform(0.2, 0.8) * tyres(seconds, rng)
    )


def motorcycle(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) raspy one to four cylinders with gear changes; distortion makes the exhaust's bark."""
    t = times(seconds)
    gears = np.interp(t, np.sort(rng.uniform(0, seconds, 5)), rng.uniform(0.7, 1.35, 5))
    low, high = ((25, 70), (90, 260))[int(rng.integers(2))]
    rate = rng.uniform(low, high) * gears
    cylinders = int(rng.choice([1, 2, 4]))
    tone = unit(harmonics(rate / cylinders, 16 * cylinders, 0.35, rng, 0.8))
    tone = np.tanh(rng.uniform(1.5, 4) * tone)
    return unit(band(tone, 60, rng.uniform(3000, 8000))) + 0.15 * noise(seconds, rng, 1)


def train(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) steam, diesel or electric, always with wheels on rails."""
    t, count = times(seconds), round(seconds * RATE)
    gap, lag = rng.uniform(0.35, 1.1), rng.uniform(0.12, 0.3)
    clack = repeated(
        seconds,
        np.sort(np.concatenate([np.arange(0, seconds, gap), np.arange(lag, seconds, gap)])),
        lambda _: (
            rng.uniform(0.6, 1)
            * band(rng.normal(size=2400), 300, 4500)
            * np.exp(-np.arange(2400) / rng.uniform(300, 700))
        ),
    )
    rumble = band(rng.normal(size=count), 40, rng.uniform(200, 500))
    roll = band(rng.normal(size=count), 800, rng.uniform(3000, 6000))
    out = unit(rumble) + rng.uniform(0.2, 0.6) * unit(roll) + rng.uniform(0.4, 1.2) * unit(clack)
    kind = rng.integers(3)
    if kind == 0:
        chuff = np.clip(np.sin(2 * np.pi * rng.uniform(2, 7) * t), 0, 1) ** rng.integers(2, 5)
        return out + rng.uniform(1, 3) * unit(chuff * band(rng.normal(size=count), 200, 3000))
    if kind == 1:
        return out + rng.uniform(0.4, 1.2) * unit(_diesel(seconds, rng, (20, 45)))
    squeal = band(rng.normal(size=count), 2200, 2600, 4) * wander(seconds, rng, 0.8, 3)
    hum = harmonics(np.full(count, rng.uniform(80, 400)) * wander(seconds, rng, 0.05), 6, 1, rng)
    return out + rng.uniform(0.1, 0.5) * unit(hum) + rng.uniform(0, 0.4) * unit(squeal)


def airplane(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) a jet (roar and turbine whine) or a propeller (blade harmonics that beat)."""
    count = round(seconds * RATE)
    roar = unit(band(rng.normal(size=count), rng.uniform(50, 120), rng.uniform(500, 1500)))
    crackle = unit(band(rng.normal(size=count), 800, rng.uniform(3000, 8000)))
    if rng.random() < 0.6:
        out = roar + rng.uniform(0.15, 0.6) * crackle * wander(seconds, rng, 0.15, 8)
        for _ in range(rng.integers(1, 4)):
            whine = np.full(count, rng.uniform(1200, 5500)) * wander(seconds, rng, 0.004)
            out = out + rng.uniform(0.02, 0.2) * harmonics(whine, 2, 1, rng)
        return out
    blade = rng.uniform(60, 125)
    one = harmonics(np.full(count, blade) * wander(seconds, rng, 0.01), 25, 0.7, rng)
    two = harmonics(np.full(count, blade + rng.uniform(0.3, 3)), 25, 0.7, rng)
    return unit(one + rng.choice([0.0, 0.9]) * two) + rng.uniform(0.1, 0.4) * roar


def helicopter(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) blade slap, 8 to 26 a second, over a turbine and a tail rotor."""
    t, count = times(seconds), round(seconds * RATE)
    phase = (t * rng.uniform(8, 26)) % 1
    slap = np.exp(-phase / rng.uniform(0.08, 0.3)) * wander(seconds, rng, 0.1)
    thump = slap * band(rng.normal(size=count), rng.uniform(30, 80), rng.uniform(300, 1500))
    hiss = slap**0.5 * band(rng.normal(size=count), 1000, 6000)
    tail = harmonics(np.full(count, rng.uniform(60, 120)), 12, 0.9, rng)
    whine = np.sin(2 * np.pi * rng.uniform(1500, 6000) * t)
    return (
        unit(thump)
        + rng.uniform(0.1, 0.4) * unit(hiss)
        + rng.uniform(0.05, 0.4) * unit(tail)
        + rng.uniform(0, 0.12) * whine
    )


def boat(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) an outboard or a slow ship's engine, in splashing water."""
    count = round(seconds * RATE)
    swell = wander(seconds, rng, 0.5, rng.uniform(1.5, 4))
    splash = swell * band(rng.normal(size=count), rng.uniform(300, 900), rng.uniform(3000, 8000))
    if rng.random() < 0.6:
        engine, _ = _firing(seconds, rng, (60, 170), 2, 0.05)
        engine = engine * (0.7 + 0.3 * swell)
    else:
        beat = np.clip(np.sin(2 * np.pi * rng.uniform(2.5, 7) * times(seconds)), 0, 1) ** 2
        engine = beat * band(rng.normal(size=count), 40, 350)
    return unit(engine) + rng.uniform(0.4, 1.2) * unit(splash)


def siren(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) wail, yelp or two tones."""
    t = times(seconds)
    kind = rng.integers(3)
    if kind == 2:
        low = rng.uniform(380, 700)
        pitch = np.where(
            (t / rng.uniform(0.4, 0.9)).astype(int) % 2, low, low * rng.uniform(1.2, 1.45)
        )
    else:
        period = rng.uniform(2.5, 8) if kind == 0 else rng.uniform(0.2, 0.5)
        low, high = rng.uniform(450, 800), rng.uniform(1000, 1700)
        rise = (1 - np.cos(2 * np.pi * (t / period + rng.random()))) / 2
        pitch = low * (high / low) ** rise
    tone = np.tanh(rng.uniform(1, 4) * harmonics(pitch, 5, rng.uniform(0.8, 1.6), rng))
    return band(tone, 300, rng.uniform(3500, 8000))


def horn(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) honks: a car's pair of tones, a train's chord or a ship's deep note."""
    kind = rng.choice(3, p=(0.6, 0.2, 0.2))
    notes, length = (
        (rng.uniform(330, 520) * np.array([1, rng.uniform(1.17, 1.28)]), (0.12, 1.2)),
        (rng.uniform(220, 330) * np.array([1, 1.19, 1.5]), (0.6, 2.5)),
        (np.array([rng.uniform(70, 190)]), (1.0, 3.5)),
    )[kind]

    def honk(_: int) -> np.ndarray:
        count = round(rng.uniform(*length) * RATE)
        tones = [
            harmonics(np.full(count, f * (1 + 0.002 * rng.normal())), 24, slope, rng)
            for f, slope in zip(notes, rng.uniform(0.3, 0.9, len(notes)), strict=True)
        ]
        envelope = np.minimum(
            1, np.minimum(np.arange(count), count - np.arange(count)) / (0.02 * RATE)
        )
        return np.tanh(0.6 * unit(np.sum(tones, axis=0))) * envelope

    gaps = rng.uniform(0.25, 2.0, 12) * length[1] / 1.2
    return repeated(seconds, rng.uniform(0, 0.3) + np.cumsum(gaps) - gaps[0], honk)


def bell(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) church, hand, bicycle or crossing bell: inharmonic partials that die away."""
    kind = rng.choice(4)
    pitch = rng.uniform(*((120, 450), (500, 1400), (1500, 3200), (600, 1200))[kind])
    gap = rng.uniform(*((1.0, 2.5), (0.4, 1.5), (0.12, 0.8), (0.25, 0.5))[kind])
    decay = rng.uniform(*((1.5, 4), (0.5, 2), (0.3, 1.0), (0.2, 0.6))[kind])
    partials = np.array([0.5, 1, 1.19, 1.5, 2, 2.52, 2.67, 3.01, 4.1, 5.4]) * rng.uniform(
        0.985, 1.015, 10
    )
    levels = rng.uniform(0.2, 1, 10)

    def strike(_: int) -> np.ndarray:
        t = times(min(4 * decay, 6.0))
        tone = sum(
            level * np.exp(-t * (0.6 + 0.4 * p) / decay) * np.sin(2 * np.pi * pitch * p * t)
            for p, level in zip(partials, levels, strict=True)
            if pitch * p < 0.45 * RATE
        )
        return rng.uniform(0.7, 1) * tone

    return repeated(seconds, np.arange(rng.uniform(0, 0.3), seconds, gap), strike)


def footsteps(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) heel and sole on hard floor, gravel or wood."""
    gap, top = rng.uniform(0.32, 0.75), rng.uniform(1200, 7000)
    ring, gravel = rng.uniform(60, 300), rng.random() < 0.35

    def step(_: int) -> np.ndarray:
        count = round(rng.uniform(0.08, 0.22) * RATE)
        t = np.arange(count) / RATE
        thud = np.sin(2 * np.pi * ring * t) * np.exp(-t / 0.02)
        click = band(rng.normal(size=count), 500, top) * np.exp(-t / rng.uniform(0.004, 0.02))
        sole = 0.0 * click
        if gravel:
            grains = (rng.random(count) < 0.01) * rng.normal(size=count)
            sole = 5 * band(grains, 900, 9000) * np.sin(np.pi * t / t[-1])
        return rng.uniform(0.6, 1) * (rng.uniform(0.3, 1) * thud + click + sole)

    starts = np.arange(rng.uniform(0, gap), seconds, gap)
    return repeated(seconds, starts + rng.normal(0, 0.015, len(starts)), step)


def rain(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) hiss of many drops and the patter of near ones."""
    count = round(seconds * RATE)
    hiss = band(rng.normal(size=count), rng.uniform(400, 1500), rng.uniform(7000, 14000))
    drops = (rng.random(count) < rng.uniform(0.0003, 0.004)) * rng.exponential(1, count)
    patter = band(drops, rng.uniform(800, 2500), rng.uniform(4000, 12000))
    return unit(hiss) * wander(seconds, rng, 0.08, 1) + rng.uniform(0.2, 1.5) * unit(patter)


def applause(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) many hands."""
    count = round(seconds * RATE)
    claps = (rng.random(count) < rng.uniform(30, 600) / RATE) * rng.uniform(0.2, 1, count)
    shaped = band(claps, rng.uniform(600, 1200), rng.uniform(2500, 6000), 1)
    return unit(shaped) * wander(seconds, rng, 0.15, 1)


def telephone(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) an old bell or an electronic warble, on and off."""
    t = times(seconds)
    on = (t / rng.uniform(1.2, 3.0) + rng.random()) % 1 < rng.uniform(0.35, 0.6)
    if rng.random() < 0.5:
        strike = np.exp(-((t * rng.uniform(18, 26)) % 1) * 1.5)
        gong = rng.uniform(900, 1800)
        tone = sum(np.sin(2 * np.pi * gong * p * t) for p in (1, 1.26, 2.1, 2.9, 4.2))
        return strike * tone * on
    low = rng.uniform(500, 1400)
    pitch = np.where((t * rng.uniform(8, 25)).astype(int) % 2, low, low * rng.uniform(1.15, 1.4))
    return harmonics(pitch, 4, 1, rng) * on


def clock(seconds: float, rng: Rng) -> np.ndarray:
    """(n,) ticking, two clicks that differ."""
    gap, pitches = rng.uniform(0.2, 0.55), rng.uniform(1500, 6000, 2)

    def tick(k: int) -> np.ndarray:
        t = np.arange(1600) / RATE
        click = rng.normal(size=1600) * np.exp(-t / 0.0012)
        return click + np.sin(2 * np.pi * pitches[k % 2] * t) * np.exp(-t / 0.004)

    return repeated(seconds, np.arange(rng.uniform(0, gap), seconds, gap), tick)


SYNTHS: dict[str, Synth] = {
    "car": car,
    "bus": bus,
    "truck": truck,
    "motorcycle": motorcycle,
    "train": train,
    "airplane": airplane,
    "helicopter": helicopter,
    "boat": boat,
    "siren": siren,
    "horn": horn,
    "bell": bell,
    "footsteps": footsteps,
    "rain": rain,
    "crowd": applause,
    "telephone": telephone,
    "clock": clock,
}
