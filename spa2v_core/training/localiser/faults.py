"""What recordings add and lose: ambience, noise, unequal channels, codecs, levels."""

from __future__ import annotations

import math

import torch

from ...audio.directional import RATE
from .acoustics import alike, diffuse, drawn_sounds, random_curve
from .bank import Bank
from .scenes import MONO, Dice, Scenes


def recorded(sources: torch.Tensor, scenes: Scenes, bank: Bank) -> torch.Tensor:
    """(B, 2, n) sound of the sources with everything that recording does to it."""
    sound = sources + _ambience(sources, scenes, bank) + _noise(sources)
    sound = _channels(sound)
    sound = _levels(sound)
    mono = (scenes.pair.kind == MONO)[:, None, None]
    sound = torch.where(mono, sound.mean(1, keepdim=True).expand_as(sound), sound)
    return sound / sound.abs().amax((1, 2), keepdim=True).clamp(min=1e-6)


def _level(sound: torch.Tensor) -> torch.Tensor:
    """(B, 1, 1) RMS, 1 where there is nothing."""
    level = sound.square().mean((1, 2), keepdim=True).sqrt()
    return torch.where(level > 1e-6, level, torch.ones_like(level))


def _ambience(sound: torch.Tensor, scenes: Scenes, bank: Bank) -> torch.Tensor:
    """A bed from all around, 2 to 35 dB under the sources: noise of any colour that swells and
    fades, or other sounds far off in a diffuse field; alone where there is no source."""
    count, _, length = sound.shape
    dice = Dice(count, sound.device)
    spectrum = torch.fft.rfft(dice.normal(2, length))
    hz = torch.linspace(0, RATE / 2, spectrum.shape[-1], device=sound.device)
    tilt = dice.uniform(0, 1.1, 1)
    colour = random_curve(count, hz, 4.0) * hz.clamp(min=60) ** -tilt
    noise = torch.fft.irfft(alike(spectrum, scenes.pair) * colour[:, None], length)
    knots = torch.nn.functional.interpolate(
        dice.normal(1, max(2, round(1.5 * scenes.seconds) + 1)),
        length,
        mode="linear",
        align_corners=True,
    )
    noise = noise * 10 ** (dice.uniform(0, 4, 1, 1) * knots / 20)
    far = drawn_sounds(bank, count, length) + drawn_sounds(bank, count, length)
    wide = diffuse(far, scenes.pair, dice.uniform(0.4, 3), dice.uniform(1, 1))
    bed = torch.where(dice.chance(0.6, 1, 1), noise / _level(noise), wide / _level(wide))
    empty = (scenes.count == 0)[:, None, None]
    under = 10 ** (-dice.uniform(2, 35, 1, 1) / 20) * dice.chance(0.65, 1, 1)
    return bed * torch.where(empty, 1.0, _level(sound) * under)


def _noise(sound: torch.Tensor) -> torch.Tensor:
    """Unrelated noise of two microphones, white to brown, and wind below 200 Hz."""
    dice = Dice(len(sound), sound.device)
    length = sound.shape[-1]
    hz = torch.linspace(0, RATE / 2, length // 2 + 1, device=sound.device).clamp(min=30)
    coloured, windy = (torch.fft.rfft(dice.normal(2, length)) for _ in range(2))
    white = torch.fft.irfft(coloured * hz ** -dice.uniform(0, 1, 1, 1), length)
    wind = torch.fft.irfft(windy / (1 + (hz / 120) ** 2), length)
    some = 10 ** (-dice.uniform(8, 50, 1, 1) / 20) * dice.chance(0.5, 1, 1)
    gust = 10 ** (-dice.uniform(0, 25, 1, 1) / 20) * dice.chance(0.15, 1, 1)
    return (white / _level(white) * some + wind / _level(wind) * gust) * _level(sound)


def _channels(sound: torch.Tensor) -> torch.Tensor:
    """Unequal gains, a lasting difference at low frequencies, curves, a codec's cut and its
    narrower stereo above some frequency."""
    count, _, length = sound.shape
    dice = Dice(count, sound.device)
    spectrum = torch.fft.rfft(sound)
    hz = torch.linspace(0, RATE / 2, spectrum.shape[-1], device=sound.device)
    both = random_curve(count, hz, 3.0)[:, None]
    each = torch.stack([random_curve(count, hz, 0.8) for _ in range(2)], 1)
    each = torch.where(dice.chance(0.4, 1, 1), each, 1.0)
    gain = 10 ** (0.4 * dice.normal(2, 1) * dice.chance(0.6, 1, 1) / 20)
    low = 1 / (1 + (hz / dice.log_uniform(200, 700, 1)) ** 2)
    bias = (10 ** (dice.uniform(-4, 4, 1) / 20) - 1) * dice.chance(0.5, 1)
    spectrum = spectrum * both * each * gain
    side = torch.stack([torch.ones_like(low), 1 + bias * low], 1)
    spectrum = spectrum * torch.where(dice.chance(0.5, 1, 1), side, side.flip(1))
    cut = torch.where(dice.chance(0.3, 1), dice.uniform(3500, 11_000, 1), 2.0 * RATE)
    spectrum = spectrum * (hz < cut)[:, None]
    from_hz = torch.where(dice.chance(0.15, 1), dice.uniform(2500, 9000, 1), 2.0 * RATE)
    narrow = torch.where(hz > from_hz, dice.uniform(0, 0.6, 1), 1.0)
    middle, apart = spectrum.sum(1) / 2, (spectrum[:, 0] - spectrum[:, 1]) / 2 * narrow
    return torch.fft.irfft(torch.stack([middle + apart, middle - apart], 1), length)


def _levels(sound: torch.Tensor) -> torch.Tensor:
    """Slow compression, fades of the whole, and clipping; the same for both channels."""
    count, _, length = sound.shape
    dice = Dice(count, sound.device)
    power = sound.square().mean(1, keepdim=True)
    window = round(0.1 * RATE)
    slow = torch.nn.functional.avg_pool1d(
        power, 2 * window + 1, window, window, count_include_pad=False
    )
    slow = torch.nn.functional.interpolate(slow, length, mode="linear").clamp(min=1e-12)
    relative = slow / slow.amax(-1, keepdim=True)
    squeeze = dice.uniform(0.1, 0.35, 1, 1) * dice.chance(0.2, 1, 1)
    sound = sound * relative.clamp(min=1e-4) ** -squeeze
    ramp = torch.linspace(-0.5, 0.5, length, device=sound.device)
    fade = dice.uniform(-10, 10, 1, 1) * dice.chance(0.1, 1, 1)
    sound = sound * 10 ** (fade * ramp / 20)
    sound = sound / sound.abs().amax((1, 2), keepdim=True).clamp(min=1e-9)
    drive = torch.where(dice.chance(0.12, 1, 1), dice.log_uniform(1, 6, 1, 1), 0.01)
    return torch.tanh(drive * sound) / math.tanh(1.0)
