"""Drawn scenes to stereo sound, on the GPU.

Every source is split once into a low and a high part (a first-order pair that sums to itself), so
that walls, air and a head act on both by changing gains alone: a spherical head's shadow is exactly
such a pair (Brown and Duda, 1998). Delays and gains are laid out at `CONTROL` points a second for
all images of all sources at once (image sources up to two walls: Allen and Berkley, 1979) and read
by one fused kernel.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import torch

from ...audio.directional import RATE
from ...units import SPEED_OF_SOUND
from .bank import Bank
from .scenes import BINAURAL, MONO, PAN, Dice, Pair, Scenes

#: Dry sound is read from a copy at so many times the rate, so that moving it loses little.
FINER = 2
#: Points a second at which delays and gains are laid out.
CONTROL = 100
STEP = RATE // CONTROL
#: Samples of a dry sound before the scene's start; the lengths that transform fast.
BEFORE = 10_400
LENGTHS = (2**15, 3 * 2**14, 2**16, 3 * 2**15, 2**17, 3 * 2**16, 2**18)
NEAREST_M = 0.5
TAIL_AFTER_S, TAIL_S = 0.03, 0.88
#: Where the low and the high part meet without a head, Hz, and how much more of the high part the
#: air takes, dB a metre.
SPLIT_HZ, AIR_DB_PER_M = 1500.0, 0.03
#: Incidence at which a head's shadow is deepest, and how much of the high part is left there.
SHADOW_AT, SHADOW_LEAST = math.radians(150), 0.1
#: Share of wide sources, and the largest spread of their parts: dB and about 8.7 times radians.
WIDE, WIDE_DB, WIDE_PHASE = 0.3, 3.0, 4.0
#: What a source needs of the scene's energy to be counted.
HEARD_DB = -24.0


@cache
def wall_hits() -> tuple[tuple[int, int, int], ...]:
    """Images up to two walls: how often each of the three pairs of walls was met, signed."""
    axis = range(-2, 3)
    near = [h for h in itertools.product(axis, axis, axis) if sum(map(abs, h)) <= 2]
    return tuple(sorted(near, key=lambda h: sum(map(abs, h))))


def fast_length(count: int) -> int:
    """Of a dry sound for a scene of `count` samples, with room for a tail."""
    return next(n for n in LENGTHS if n >= count + round(TAIL_S * RATE) + 1000)


@dataclass(frozen=True)
class Ways:
    """How M sources reach two microphones by I images, at K points of time.

    delay: (M, I, 2, K) samples at the finer rate, relative to the direct sound's first arrival.
    low, high: (M, I, 2, K) gains.
    """

    delay: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor


def render(scenes: Scenes, bank: Bank) -> tuple[torch.Tensor, torch.Tensor]:
    """((B, 2, n) the sources as recorded, without noise and faults; (B, S) which can be heard)."""
    device = scenes.present.device
    count = round(scenes.seconds * RATE)
    out = torch.zeros(len(scenes.present), 2, count, device=device)
    power = torch.zeros(scenes.present.shape, device=device)
    for in_room in (False, True):
        scene, source = torch.nonzero(
            scenes.present & (scenes.in_room == in_room)[:, None], as_tuple=True
        )
        if len(scene):
            low, high = dry_parts(scenes, bank, scene, source)
            found = blurred(pick_up(low, high, ways(scenes, scene, source, in_room), count))
            power[scene, source] = found.square().mean((1, 2))
            out.index_add_(0, scene, found)
            if in_room:
                out += _tails(scenes, scene, source, low + high, count)
    mono = scenes.pair.kind == MONO
    out = torch.where(mono[:, None, None], out.mean(1, keepdim=True), out)
    heard = power > 10 ** (HEARD_DB / 10) * power.sum(1, keepdim=True)
    return out, scenes.present & heard


def dry_parts(
    scenes: Scenes, bank: Bank, scene: torch.Tensor, source: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Low and high part (M, FINER * n) of random sounds for M sources, at 1 m."""
    length = fast_length(round(scenes.seconds * RATE))
    sound = drawn_sounds(bank, len(scene), length)
    at = (torch.arange(length, device=sound.device) - BEFORE) / (scenes.seconds * RATE)
    first, last = scenes.first[scene, source], scenes.last[scene, source]
    steep = scenes.seconds / Dice(len(scene), sound.device).log_uniform(0.01, 0.4)
    inside = torch.minimum(at - first[:, None], last[:, None] - at) * steep[:, None]
    sometimes = (first > 0) | (last < 1)
    sound = torch.where(sometimes[:, None], sound * inside.clamp(0, 1), sound)
    nearest = torch.minimum(
        *(end[scene, source].norm(dim=-1) for end in (scenes.paths.start, scenes.paths.stop))
    )
    loud = nearest * 10 ** (scenes.loud_db[scene, source] / 20)
    level = sound.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    spectrum = torch.fft.rfft(sound * (loud[:, None] / level)) * FINER
    hz = torch.linspace(0, RATE / 2, spectrum.shape[1], device=sound.device)
    spectrum = spectrum * random_curve(len(scene), hz, 5.0)
    split = torch.where(
        scenes.pair.kind == BINAURAL,
        SPEED_OF_SOUND / (math.pi * scenes.pair.radius_m),
        torch.full_like(scenes.pair.radius_m, SPLIT_HZ),
    )[scene]
    low = spectrum / torch.complex(torch.ones_like(hz), hz / split[:, None])
    parts = (torch.fft.irfft(part, FINER * length) for part in (low, spectrum - low))
    return next(parts), next(parts)


def drawn_sounds(bank: Bank, count: int, samples: int) -> torch.Tensor:
    """(count, samples) random sounds, from a random place, a little faster or slower; short ones
    again and again with pauses."""
    device = bank.samples.device
    dice = Dice(count, device)
    row = torch.multinomial(bank.weight, count, replacement=True)
    first, length = bank.first[row, None], bank.length[row, None]
    pause = torch.where(
        length < 1.5 * RATE, dice.uniform(0.05, 0.7, 1) * RATE, torch.zeros(1, device=device)
    )
    period = length + pause
    start = dice.uniform(0, 1, 1) * period
    speed = dice.log_uniform(0.8, 1.25, 1)
    at = (start + speed * torch.arange(samples, device=device)) % period
    index = at.long().clamp(max=bank.samples.shape[0] - 2)
    inside = torch.minimum(index, length - 2).clamp(min=0) + first
    here, after = bank.samples[inside].float(), bank.samples[inside + 1].float()
    edge = (torch.minimum(at, length - 2 - at) / 120).clamp(0, 1)  # no clicks where it repeats
    share = at - index
    return (here * (1 - share) + after * share) * edge


def random_curve(count: int, hz: torch.Tensor, spread_db: float, knots: int = 7) -> torch.Tensor:
    """(count, len(hz)) smooth random gains over the logarithm of frequency."""
    drawn = spread_db * torch.randn(count, knots, device=hz.device)
    at = (torch.log(hz.clamp(min=60) / 60) / math.log(200) * (knots - 1)).clamp(0, knots - 1.001)
    index = at.long()
    curve = drawn[:, index] * (1 - (at - index)) + drawn[:, index + 1] * (at - index)
    return 10 ** (curve / 20)


def ways(scenes: Scenes, scene: torch.Tensor, source: torch.Tensor, in_room: bool) -> Ways:
    """Delays and gains of M sources by their images (the source alone where there is no room)."""
    points = round(scenes.seconds * CONTROL) + 1
    share = torch.linspace(0, 1, points, device=scene.device)
    path = scenes.paths.at(share)[scene, source]
    at = torch.stack([path[..., 0], torch.zeros_like(path[..., 0]), path[..., 1]], 1)
    hits = torch.tensor(wall_hits()[: None if in_room else 1], device=scene.device)
    place = _images(scenes, scene, at, hits)
    distance = place.norm(dim=2)
    late, low, high = _ears(scenes.pair, scene, place, distance)
    met = hits.abs().sum(1)
    reflect, dull = scenes.room.reflect[scene, None] ** met, scenes.room.dull[scene, None] ** met
    air = 10 ** (-AIR_DB_PER_M / 20 * distance)
    gain = (reflect[..., None] / distance.clamp(min=NEAREST_M))[:, :, None]
    delay = late - distance[:, :1, None, :1]
    return Ways(
        delay=delay * (FINER * RATE / SPEED_OF_SOUND),
        low=gain * low,
        high=gain * high * (dull[..., None] * air)[:, :, None],
    )


def _images(
    scenes: Scenes, scene: torch.Tensor, at: torch.Tensor, hits: torch.Tensor
) -> torch.Tensor:
    """(M, I, 3, K) places of the images of (M, 3, K) sources."""
    low, high = scenes.room.low[scene, None], scenes.room.high[scene, None]
    even = (hits % 2 == 0)[None]
    size = high - low
    offset = torch.where(even, hits * size, 2 * high + (hits - 1) * size)
    sign = torch.where(even, 1.0, -1.0)
    return sign[..., None] * at[:, None] + offset[..., None]


def _ears(
    pair: Pair, scene: torch.Tensor, place: torch.Tensor, distance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Distance travelled, low and high gain (M, I, 2, K) at the left and the right microphone."""
    kind, spacing, omni, angle, radius = (
        value[scene].view(-1, 1, 1, 1)
        for value in (pair.kind, pair.spacing_m, pair.omni, pair.angle, pair.radius_m)
    )
    side = torch.tensor([-1.0, 1.0], device=place.device).view(1, 1, 2, 1)
    x, y, z = (place[:, :, k, None] for k in range(3))
    whole = distance[:, :, None]
    late = torch.sqrt((x - side * spacing / 2) ** 2 + y**2 + z**2)
    lateral = (x / whole).clamp(-1, 1)
    # Woodworth's path around a sphere
    around = whole - side * radius * (torch.asin(lateral) + lateral) / 2
    incidence = torch.acos(side * lateral)
    shadow = (1 + SHADOW_LEAST / 2) + (1 - SHADOW_LEAST / 2) * torch.cos(
        incidence / SHADOW_AT * math.pi
    )
    towards = (side * x * torch.sin(angle) + z * torch.cos(angle)) / whole
    turned = omni + (1 - omni) * towards
    # what comes from behind is panned as from the front
    panned = (x / z.abs().clamp(min=1e-3)).clamp(-1, 1) * (math.pi / 4)
    power = torch.cos(math.pi / 4 - side * panned)
    plain = torch.where((kind == PAN) | (kind == MONO), power, turned)
    head = kind == BINAURAL
    low = torch.where(head, torch.ones_like(plain), plain)
    return torch.where(head, around, late), low, torch.where(head, shadow, plain)


def _pick_up(
    low: torch.Tensor,
    high: torch.Tensor,
    delay: torch.Tensor,
    gain_low: torch.Tensor,
    gain_high: torch.Tensor,
    count: int,
) -> torch.Tensor:
    device, length = low.device, low.shape[1]
    n = torch.arange(count, device=device)
    point, share = n // STEP, (n % STEP).float() / STEP

    def at(values: torch.Tensor) -> torch.Tensor:
        return values[..., point] * (1 - share) + values[..., point + 1] * share

    late = at(delay)
    whole = torch.ceil(late)
    f = whole - late
    index = (FINER * (n + BEFORE) - whole.long()).clamp(1, length - 3)
    index = index + (torch.arange(len(low), device=device) * length)[:, None, None, None]
    weights = (
        -f * (f - 1) * (f - 2) / 6,
        (f + 1) * (f - 1) * (f - 2) / 2,
        -(f + 1) * f * (f - 2) / 2,
        (f + 1) * f * (f - 1) / 6,
    )
    flat_low, flat_high = low.flatten(), high.flatten()
    part_low = sum(w * flat_low[index + k - 1] for k, w in enumerate(weights))
    part_high = sum(w * flat_high[index + k - 1] for k, w in enumerate(weights))
    return (at(gain_low) * part_low + at(gain_high) * part_high).sum(1)


@cache
def _fused():
    return torch.compile(_pick_up, dynamic=True)


def pick_up(low: torch.Tensor, high: torch.Tensor, by: Ways, count: int) -> torch.Tensor:
    """(M, 2, count) sound of (M, n) parts by all ways (third-order Lagrange interpolation)."""
    work = _fused() if low.is_cuda else _pick_up
    return work(low, high, by.delay, by.low, by.high, count)


def blurred(sound: torch.Tensor) -> torch.Tensor:
    """(M, 2, n) where about a third of the sources are wide: their parts of the spectrum lie a
    little to both sides of the middle, in level and phase."""
    dice = Dice(len(sound), sound.device)
    wide = torch.nonzero(dice.chance(WIDE))[:, 0]
    if not len(wide):
        return sound
    spectrum = torch.fft.rfft(sound[wide])
    hz = torch.linspace(0, RATE / 2, spectrum.shape[-1], device=sound.device)
    size = torch.rand(2, len(wide), 1, device=sound.device)
    tilt = random_curve(len(wide), hz, 1.0, knots=30).log() * size[0] * WIDE_DB
    turn = random_curve(len(wide), hz, 1.0, knots=30).log() * size[1] * WIDE_PHASE
    change = torch.exp(torch.complex(tilt, turn))
    left, right = spectrum[:, 0] * change, spectrum[:, 1] / change
    both = torch.fft.irfft(torch.stack([left, right], 1), sound.shape[-1])
    return sound.index_copy(0, wide, both)


def _tails(
    scenes: Scenes, scene: torch.Tensor, source: torch.Tensor, sound: torch.Tensor, count: int
) -> torch.Tensor:
    """(B, 2, count) diffuse reverberation: as loud as the direct sound at the critical distance,
    and less from far away (Barron and Lee, 1988)."""
    share = torch.linspace(0, 1, count, device=sound.device)
    index = (share * 100).long()
    distance = scenes.paths.at(torch.linspace(0, 1, 101, device=sound.device))[scene, source]
    decay = scenes.room.decay_s[scene, None]
    fade = torch.exp(-0.02 * distance.norm(dim=-1) / decay)[:, index]
    sent = sound[:, FINER * BEFORE :: FINER][:, :count] * fade
    total = torch.zeros(len(scenes.present), count, device=sound.device).index_add_(0, scene, sent)
    return diffuse(total, scenes.pair, scenes.room.decay_s, scenes.room.critical_m)


def diffuse(
    sound: torch.Tensor, pair: Pair, decay_s: torch.Tensor, critical_m: torch.Tensor
) -> torch.Tensor:
    """(B, 2, n) a diffuse field of (B, n) sound, its channels as alike as the pair hears them."""
    dice, length = Dice(len(sound), sound.device), fast_length(sound.shape[-1])
    t = torch.arange(round(TAIL_S * RATE), device=sound.device) / RATE
    response = dice.normal(2, len(t)) * 10 ** (-3 * t / decay_s[:, None, None])
    response = response * (t > TAIL_AFTER_S)
    response = response / response.square().sum(-1, keepdim=True).sqrt()
    spectrum = alike(torch.fft.rfft(response / critical_m[:, None, None], length), pair)
    hz = torch.linspace(0, RATE / 2, spectrum.shape[-1], device=sound.device)
    dark = dice.log_uniform(2000, 30_000, 1, 1)
    spectrum = spectrum / torch.sqrt(1 + (hz / dark) ** 2)
    sent = torch.fft.rfft(sound, length)[:, None]
    return torch.fft.irfft(sent * spectrum, length)[..., : sound.shape[-1]]


def alike(spectrum: torch.Tensor, pair: Pair) -> torch.Tensor:
    """Two unrelated channels (B, 2, F) made as coherent as a diffuse field is in a pair: falling
    with frequency where the microphones are apart, the same at all frequencies where they are not;
    in many scenes they stay unrelated."""
    dice = Dice(len(spectrum), spectrum.device)
    hz = torch.linspace(0, RATE / 2, spectrum.shape[-1], device=spectrum.device)
    apart = torch.where(pair.kind == BINAURAL, 2.2 * pair.radius_m, pair.spacing_m)[:, None]
    share = torch.where(dice.chance(0.4), 0.0, dice.uniform(0.2, 0.95))[:, None]
    coherence = share * torch.sinc(2 * hz * apart / SPEED_OF_SOUND)
    left, right = spectrum[:, 0], spectrum[:, 1]
    return torch.stack([left, coherence * left + torch.sqrt(1 - coherence**2) * right], 1)
