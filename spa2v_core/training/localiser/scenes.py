"""What is drawn for a batch of training scenes: sources, paths, rooms, microphones and faults.

As in `simulation/acoustics.py` the listener looks along +z with a picture of 90 degrees; places
are in half picture widths, 0 in the middle and +-1 at the edges (the tangent of the azimuth). All
draws are tensors over B scenes and S sources; what is not used in a scene is drawn all the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

#: Sources at most; kinds of microphones and of motion, in the order of the answers.
SOURCES = 4
MICROPHONES = ("pan", "coincident", "spaced", "binaural", "mono")
PAN, COINCIDENT, SPACED, BINAURAL, MONO = range(5)
MOTIONS = ("still", "crossing", "approaching", "receding")
STILL, CROSSING, APPROACHING, RECEDING = range(4)
#: Share of scenes with 0, 1 .. sources, of microphones, and of the first and the other sources'
#: motions (the last is any straight way).
COUNTS = (0.05, 0.40, 0.32, 0.14, 0.09)
PAIRS = (0.36, 0.22, 0.20, 0.12, 0.10)
FIRST = (0.40, 0.26, 0.13, 0.13, 0.08)
OTHERS = (0.76, 0.10, 0.05, 0.05, 0.04)
#: Share of mixed scenes (panned, mono) and of recorded ones that have walls: what microphones hear
#: in the open without a reflection is rare.
MIXED_IN_ROOM, RECORDED_IN_ROOM = 0.45, 0.85
#: The nearest and farthest that a thing comes, m, and how many times farther the other end of an
#: approach is.
NEAR_M, FARTHER = (0.8, 15.0), (1.6, 5.5)
#: Growth and travel from which a motion has its name, as in `layout/category.py`.
GROWTH, TRAVEL, FAR_TRAVEL = math.sqrt(2), 0.25, 0.5


@dataclass(frozen=True)
class Room:
    """Walls around the listener, metres from the ears, for every scene.

    low, high: (B, 3) of the walls to the left, below and behind; to the right, above and in front.
    reflect, dull: (B,) share of the amplitude that a wall gives back, and how much less of the
    high frequencies. decay_s, critical_m: (B,) reverberation time and critical distance.
    """

    low: torch.Tensor
    high: torch.Tensor
    reflect: torch.Tensor
    dull: torch.Tensor
    decay_s: torch.Tensor
    critical_m: torch.Tensor


@dataclass(frozen=True)
class Paths:
    """start, stop: (B, S, 2) x and z, m. begin, end: (B, S) share of the time at which it moves.
    ease: (B, S) 0 for a constant speed, 1 for one that swells and fades."""

    start: torch.Tensor
    stop: torch.Tensor
    begin: torch.Tensor
    end: torch.Tensor
    ease: torch.Tensor

    def at(self, share: torch.Tensor) -> torch.Tensor:
        """(B, S, K, 2) where they are at (K,) shares of the time."""
        begin, end = self.begin[..., None], self.end[..., None]
        way = ((share - begin) / (end - begin)).clamp(0, 1)
        ease = self.ease[..., None]
        way = (1 - ease) * way + ease * way**2 * (3 - 2 * way)
        return self.start[:, :, None] + (self.stop - self.start)[:, :, None] * way[..., None]


@dataclass(frozen=True)
class Pair:
    """Two microphones, for every scene.

    kind: (B,) index into MICROPHONES. spacing_m: (B,) between them; omni: (B,) 1 omnidirectional
    .. 0.5 cardioid .. 0 figure of eight; angle: (B,) of each from the middle, radians;
    radius_m: (B,) of a head.
    """

    kind: torch.Tensor
    spacing_m: torch.Tensor
    omni: torch.Tensor
    angle: torch.Tensor
    radius_m: torch.Tensor

    def width(self) -> torch.Tensor:
        """(B,) what share of a full panning range the picture takes up: of a coincident pair the
        panned position of a source at the picture's edge, else 1."""
        right, left = (
            self.omni + (1 - self.omni) * torch.cos(math.pi / 4 - side * self.angle)
            for side in (1, -1)
        )
        panned = 4 / math.pi * torch.atan2(right, left.clamp(min=0)) - 1
        return torch.where(self.kind == COINCIDENT, panned, torch.ones_like(panned))


@dataclass(frozen=True)
class Scenes:
    """Everything that is drawn but the sounds.

    seconds: of every scene. present: (B, S). in_room: (B,). first, last: (B, S) share of the time
    between which a source sounds. loud_db: (B, S) at its nearest point.
    """

    seconds: float
    present: torch.Tensor
    in_room: torch.Tensor
    room: Room
    paths: Paths
    pair: Pair
    first: torch.Tensor
    last: torch.Tensor
    loud_db: torch.Tensor

    @property
    def count(self) -> torch.Tensor:
        """(B,) sounding sources of each scene."""
        return self.present.sum(1)


class Dice:
    """Random numbers for `count` scenes on a device."""

    def __init__(self, count: int, device: torch.device) -> None:
        self.count, self.device = count, device

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """(B, *shape) between `low` and `high`."""
        return torch.rand(self.count, *shape, device=self.device) * (high - low) + low

    def log_uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """(B, *shape) between `low` and `high`, even in the logarithm."""
        return self.uniform(math.log(low), math.log(high), *shape).exp()

    def normal(self, *shape: int) -> torch.Tensor:
        """(B, *shape) of a standard normal distribution."""
        return torch.randn(self.count, *shape, device=self.device)

    def chance(self, probability: float, *shape: int) -> torch.Tensor:
        """(B, *shape) bool, true with that probability."""
        return torch.rand(self.count, *shape, device=self.device) < probability

    def choice(self, shares: tuple[float, ...], *shape: int) -> torch.Tensor:
        """(B, *shape) indices, each as often as its share."""
        weights = torch.tensor(shares, device=self.device)
        drawn = torch.multinomial(weights, self.count * math.prod(shape), replacement=True)
        return drawn.view(self.count, *shape)

    def sign(self, *shape: int) -> torch.Tensor:
        """(B, *shape) -1 or 1."""
        return torch.where(self.chance(0.5, *shape), 1.0, -1.0)


def draw_scenes(count: int, seconds: float, device: torch.device) -> Scenes:
    """Random scenes of equal length."""
    dice = Dice(count, device)
    paths = _paths(dice, seconds)
    present = torch.arange(SOURCES, device=device) < dice.choice(COUNTS)[:, None]
    pair = _pair(dice)
    mixed = (pair.kind == PAN) | (pair.kind == MONO)
    in_room = torch.where(mixed, dice.chance(MIXED_IN_ROOM), dice.chance(RECORDED_IN_ROOM))
    pieces = dice.chance(0.22, SOURCES)
    length = dice.uniform(0.2, 0.9, SOURCES)
    first = torch.where(pieces, dice.uniform(0, 1, SOURCES) * (1 - length), 0.0)
    return Scenes(
        seconds=seconds,
        present=present,
        in_room=in_room,
        room=_room(dice, paths),
        paths=paths,
        pair=pair,
        first=first,
        last=torch.where(pieces, first + length, 1.0),
        loud_db=dice.uniform(-8, 3, SOURCES),
    )


def _paths(dice: Dice, seconds: float) -> Paths:
    shape = (SOURCES,)
    near, place = dice.log_uniform(*NEAR_M, *shape), _places(dice)
    motion = torch.cat([dice.choice(FIRST, 1), dice.choice(OTHERS, SOURCES - 1)], 1)
    if seconds < 1.5:  # too short to go anywhere
        motion = torch.zeros_like(motion)
    far = near * dice.log_uniform(*FARTHER, *shape)
    way = dice.sign(*shape)
    # where it is seen at both ends: still; crossing; on an approach; anywhere
    wide = dice.chance(0.3, *shape)
    drift = torch.where(wide, place * dice.uniform(0.3, 1, *shape), 0.5 * place)
    ends = dice.uniform(0.35, 1.15, 2, *shape)
    at_far, at_near = 0.5 * place * dice.uniform(0, 1, *shape), drift
    anywhere = dice.uniform(-1.2, 1.2, 2, *shape)
    across = torch.where(dice.chance(0.2, *shape), dice.log_uniform(0.4, 2.5, *shape), 1.0)
    deep = across * dice.log_uniform(0.8, 1.25, *shape)
    options = (
        (place, place, near, near),
        (-way * ends[:, 0], way * ends[:, 1], near, near * deep),
        (at_far, at_near, far, near),
        (at_near, at_far, near, far),
        (anywhere[:, 0], anywhere[:, 1], near, near * dice.log_uniform(0.5, 2, *shape)),
    )
    u0, u1, z0, z1 = (
        torch.stack(values).gather(0, motion[None])[0] for values in zip(*options, strict=True)
    )
    parts = dice.chance(0.3, *shape)
    return Paths(
        start=torch.stack([u0 * z0, z0], -1),
        stop=torch.stack([u1 * z1, z1], -1),
        begin=torch.where(parts, dice.uniform(0, 0.35, *shape), 0.0),
        end=torch.where(parts, dice.uniform(0.6, 1.0, *shape), 1.0),
        ease=torch.where(dice.chance(0.6, *shape), 0.0, dice.uniform(0, 1, *shape)),
    )


def _places(dice: Dice, gap: float = 0.26, widest: float = 0.97) -> torch.Tensor:
    """(B, S) places that differ by at least `gap`, in random order."""
    free = 2 * widest - gap * (SOURCES - 1)
    places = dice.uniform(0, free, SOURCES).sort(1).values - widest
    places = places + gap * torch.arange(SOURCES, device=dice.device)
    return places.gather(1, dice.uniform(0, 1, SOURCES).argsort(1))


def _room(dice: Dice, paths: Paths) -> Room:
    """A room, or a street's walls, that hold every path with a metre to spare."""
    ends = torch.stack([paths.start, paths.stop], 1)
    aside, ahead = ends[..., 0].abs().amax((1, 2)), ends[..., 1].amax((1, 2))
    street = (torch.maximum(aside, ahead) > 9) ^ dice.chance(0.1)
    behind, ears = dice.uniform(1.5, 5), dice.uniform(1.0, 1.8)
    width, depth = 2 * aside + dice.uniform(2, 7), ahead + behind + dice.uniform(1, 6)
    height = torch.where(street, dice.uniform(5, 14), dice.uniform(2.4, 5))
    absorb = torch.where(street, dice.uniform(0.5, 0.85), dice.uniform(0.12, 0.55))
    aside_of_middle = dice.uniform(-0.4, 0.4)  # metres that the listener is off the middle
    volume = width * depth * height
    surface = 2 * (width * depth + width * height + depth * height)
    decay = -0.161 * volume / (surface * torch.log(1 - absorb))
    return Room(
        low=torch.stack([-width / 2 + aside_of_middle, -ears, -behind], 1),
        high=torch.stack([width / 2 + aside_of_middle, height - ears, depth - behind], 1),
        reflect=torch.sqrt(1 - absorb),
        dull=dice.uniform(0.75, 1.0),
        decay_s=decay.clamp(0.1, 4.0),
        critical_m=0.057 * torch.sqrt(volume / decay),
    )


def _pair(dice: Dice) -> Pair:
    kind = dice.choice(PAIRS)
    spaced, coincident = kind == SPACED, kind == COINCIDENT
    # a spaced pair may have directional microphones turned outwards (ORTF, NOS), or parallel ones
    turned = dice.chance(0.4)
    omni = torch.where(turned, dice.uniform(0.35, 0.7), dice.uniform(0.5, 1.0))
    omni = torch.where(dice.chance(0.45) & ~turned, 1.0, omni)
    angle = torch.where(turned, dice.uniform(0.55, 1.05), dice.uniform(0, 0.4))
    spacing = torch.where(turned, dice.uniform(0.1, 0.34), dice.log_uniform(0.1, 0.6))
    crossed = torch.where(dice.chance(0.35), 0.785 + 0.02 * dice.normal(), dice.uniform(0.5, 1.15))
    pattern = torch.where(dice.chance(0.45), 0.5 + 0.02 * dice.normal(), dice.uniform(0, 0.62))
    return Pair(
        kind=kind,
        spacing_m=torch.where(spaced, spacing, 0.0),
        omni=torch.where(coincident, pattern, omni),
        angle=torch.where(coincident, crossed, angle),
        radius_m=dice.uniform(0.075, 0.1),
    )


@dataclass(frozen=True)
class Truth:
    """What the localiser should answer, at T times.

    presence: (B, S, T) bool. place: (B, S, T), -1..1 at the picture's edges. distance: (B, S, T)
    natural log of metres. count: (B,). motion: (B, S) index into MOTIONS. microphones: (B,).
    width: (B,).
    """

    presence: torch.Tensor
    place: torch.Tensor
    distance: torch.Tensor
    count: torch.Tensor
    motion: torch.Tensor
    microphones: torch.Tensor
    width: torch.Tensor


def truth_of(scenes: Scenes, present: torch.Tensor, times: int) -> Truth:
    """present: (B, S) sources that can be heard at all."""
    share = (torch.arange(times, device=present.device) + 0.5) / times
    at = scenes.paths.at(share)
    sounding = (share >= scenes.first[..., None]) & (share <= scenes.last[..., None])
    return Truth(
        presence=sounding & present[..., None],
        place=at[..., 0] / at[..., 1],
        distance=at.norm(dim=-1).log(),
        count=present.sum(1),
        motion=_motion(at, sounding),
        microphones=scenes.pair.kind,
        width=scenes.pair.width(),
    )


def _motion(at: torch.Tensor, sounding: torch.Tensor) -> torch.Tensor:
    """(B, S) category, without its side, of what each does while it sounds."""
    index = torch.arange(at.shape[2], device=at.device)
    first = torch.where(sounding, index, at.shape[2] - 1).amin(-1)
    last = torch.where(sounding, index, 0).amax(-1)
    begin, end = (
        at.gather(2, k[..., None, None].expand(*k.shape, 1, 2))[:, :, 0] for k in (first, last)
    )
    travel = (end[..., 0] / end[..., 1] - begin[..., 0] / begin[..., 1]).abs() / 2
    nearer = begin[..., 1] / end[..., 1]
    motion = torch.where(travel > TRAVEL, CROSSING, STILL)
    motion = torch.where(nearer > GROWTH, APPROACHING, motion)
    motion = torch.where(nearer < 1 / GROWTH, RECEDING, motion)
    return torch.where(travel > FAR_TRAVEL, CROSSING, motion)
