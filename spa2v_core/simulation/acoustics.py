"""Moving sources to stereo with an exact, true layout.

The listener and the camera stand at the origin and look along +z (right-handed, x to the right,
metres); the camera is a pinhole with a horizontal field of view of 90 degrees. A source's sound
arrives with the delay r / c (so a moving source is Doppler-shifted), the gain 1 / r and the air's
absorption, directly and by the early reflections of a room (image sources: Allen and Berkley,
1979, by pyroomacoustics), into one of three pairs of microphones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import butter, fftconvolve, sosfiltfilt

from ..audio.clip import AudioClip
from ..errors import InputError
from ..layout import Box, ObjectTrack, VideoSceneLayout
from ..layout.keyframes import sparse
from ..layout.picture import ASPECT
from ..units import SPEED_OF_SOUND, frame_time

#: Half the picture's width at a depth of 1 m: tan(45 degrees).
HALF_WIDTH = 1.0
NEAREST_M = 0.5
#: Air at 20 degrees and 50% humidity (ISO 9613-1): dB a metre above each frequency, Hz.
AIR_DB_PER_M = {3000.0: 0.02, 6000.0: 0.08}
#: Distance of the spaced omnidirectional pair, m.
SPACING_M = 0.18
#: Below this the channels of real recordings often differ for good, Hz.
BIAS_HZ = 400.0
#: The diffuse tail of a room starts after this time, s.
TAIL_AFTER_S = 0.03

#: Seconds (n,) to metres: x (n,), z (n,).
Path = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
#: "pan": constant power by where it is in the picture (mixed sound); "coincident": two cardioids
#: at +-45 degrees; "spaced": two omnidirectional microphones.
Microphones = Literal["pan", "coincident", "spaced"]


@dataclass(frozen=True)
class Source:
    """A sounding object.

    Attributes
    ----------
    name
        of its track.
    signal
        (n,) its dry sound at 1 m.
    path
        where it is over time.
    width_m, height_m
        its size.
    base_m
        height of its lower edge above the camera's axis, negative is below (a car on the ground:
        about -1.2).
    """

    name: str
    signal: np.ndarray
    path: Path
    width_m: float
    height_m: float
    base_m: float = -1.2
    appearance: str = ""


@dataclass(frozen=True)
class Room:
    """A box around the listener: width and depth and height in m, the share of energy that walls
    absorb (0..1), the listener's distance from the wall behind and height above the floor."""

    size_m: tuple[float, float, float]
    absorption: float
    behind_m: float = 2.0
    ears_m: float = 1.3

    @property
    def decay_s(self) -> float:
        """Reverberation time RT60 in s by Eyring's formula (1930)."""
        width, depth, height = self.size_m
        surface = 2 * (width * depth + width * height + depth * height)
        return -0.161 * width * depth * height / (surface * np.log(1 - self.absorption))

    @property
    def critical_m(self) -> float:
        """Distance in m at which the diffuse sound is as loud as the direct one (Kuttruff, "Room
        Acoustics": 0.057 sqrt(V / RT60))."""
        return 0.057 * float(np.sqrt(np.prod(self.size_m) / self.decay_s))


@dataclass(frozen=True)
class Acoustics:
    """How a scene is recorded.

    Attributes
    ----------
    microphones
        the pair.
    room
        None for free field.
    noise_db
        level of unrelated noise in both channels under the sound, None for none.
    bias_db
        how much louder the right channel is below `BIAS_HZ` throughout (wind, walls).
    seed
        of the room's tail and the noise.
    """

    microphones: Microphones = "pan"
    room: Room | None = None
    noise_db: float | None = None
    bias_db: float = 0.0
    seed: int = 0


DRY = Acoustics()


def still(x: float, z: float) -> Path:
    """A source that stays."""
    return lambda t: (np.full_like(t, x), np.full_like(t, z))


def straight(start: tuple[float, float], stop: tuple[float, float], duration_s: float) -> Path:
    """A source that moves from (x, z) to (x, z) at constant speed."""

    def path(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        share = t / duration_s
        return start[0] + (stop[0] - start[0]) * share, start[1] + (stop[1] - start[1]) * share

    return path


def screen_x(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Where a point at (x, z) is in the picture: 0 left edge, 1 right edge."""
    return 0.5 + 0.5 * x / (z * HALF_WIDTH)


def constant_power(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right gains (...,) for positions 0 (left) to 1 (right): cos and sin of a quarter
    turn."""
    angle = np.clip(position, 0, 1) * np.pi / 2
    return np.cos(angle), np.sin(angle)


def render_source(
    source: Source, duration_s: float, rate: int, acoustics: Acoustics = DRY
) -> np.ndarray:
    """(2, n) stereo of one source as heard at the origin."""
    t = np.arange(round(duration_s * rate)) / rate
    x, z = source.path(t)
    # time starts when the direct sound arrives
    heard = _Heard(source.signal, rate, float(np.hypot(x[0], z[0])), acoustics.microphones)
    if acoustics.room is None:
        return heard.along(x, np.zeros_like(x), z)
    stereo = np.zeros((2, len(t)))
    for position, gain in _images(acoustics.room, x, z):
        stereo += gain * heard.along(*position)
    return stereo + _tail(source.signal, np.hypot(x, z), rate, acoustics)


def mix(
    sources: list[Source],
    duration_s: float,
    rate: int,
    peak: float = 0.7,
    acoustics: Acoustics = DRY,
) -> AudioClip:
    """All sources together, scaled to `peak`."""
    parts = [render_source(source, duration_s, rate, acoustics) for source in sources]
    stereo = np.sum(parts, axis=0)
    if acoustics.noise_db is not None:
        rng = np.random.default_rng((acoustics.seed, 1))
        level = np.sqrt(np.mean(stereo**2)) * 10 ** (-acoustics.noise_db / 20)
        stereo = stereo + level * _pink(rng, stereo.shape)
    if acoustics.bias_db:
        low = sosfiltfilt(butter(1, BIAS_HZ, fs=rate, output="sos"), stereo[1])
        stereo[1] += low * (10 ** (acoustics.bias_db / 20) - 1)
    stereo = stereo * (peak / max(float(np.abs(stereo).max()), 1e-9))
    return AudioClip(stereo.astype(np.float32), rate, "simulated")


@dataclass(frozen=True)
class _Heard:
    """How a point source's signal is picked up; sound from `start_m` away arrives at time 0."""

    signal: np.ndarray
    rate: int
    start_m: float
    microphones: Microphones

    def along(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """(2, n) for a path: delay, 1/r, air and the pair's response."""
        if self.microphones == "spaced":
            sides = (-SPACING_M / 2, SPACING_M / 2)
            return np.stack([self._from(np.sqrt((x - s) ** 2 + y**2 + z**2)) for s in sides])
        sound = self._from(np.sqrt(x**2 + y**2 + z**2))
        if self.microphones == "coincident":
            azimuth = np.arctan2(x, z)
            gains = [(1 + np.cos(azimuth - side)) / 2 for side in (-np.pi / 4, np.pi / 4)]
            return np.stack(gains) * sound
        in_front = np.maximum(np.abs(z), 1e-3)  # what comes from behind is heard as from the front
        return np.stack(constant_power(screen_x(x, in_front))) * sound

    def _from(self, distance: np.ndarray) -> np.ndarray:
        """The signal over a (changing) distance."""
        late = (distance - self.start_m) / SPEED_OF_SOUND * self.rate
        position = np.arange(len(distance)) - late
        sound = np.interp(position, np.arange(len(self.signal)), self.signal, left=0.0)
        return _air(sound, distance, self.rate) / np.maximum(distance, NEAREST_M)


def _air(sound: np.ndarray, distance: np.ndarray, rate: int) -> np.ndarray:
    """High frequencies absorbed by the way through the air."""
    lost = 0.0
    for edge, absorbed in AIR_DB_PER_M.items():
        if edge < 0.45 * rate and distance.max() > 2:
            high = sosfiltfilt(butter(1, edge, "highpass", fs=rate, output="sos"), sound - lost)
            lost = lost + high * (1 - 10 ** (-absorbed * distance / 20))
    return sound - lost


def _images(room: Room, x: np.ndarray, z: np.ndarray) -> list[tuple[tuple, float]]:
    """((x, y, z), gain) of the source and its reflections, up to two walls.

    Images move in straight lines with the source, so four of its positions give all of them.
    """
    try:
        import pyroomacoustics
    except ImportError as error:
        raise InputError("rooms need one more package: pip install pyroomacoustics") from error
    width, depth, height = room.size_m
    if np.abs(x).max() > width / 2 or z.min() < -room.behind_m or z.max() > depth - room.behind_m:
        raise InputError(f"the source leaves the room of {width:g} x {depth:g} m")
    ears = np.array([width / 2, room.behind_m, room.ears_m])

    def images_of(at: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        box = pyroomacoustics.ShoeBox(
            room.size_m,
            fs=16_000,
            max_order=2,
            materials=pyroomacoustics.Material(room.absorption),
            air_absorption=False,
        )
        box.add_source([at[0] + ears[0], at[1] + ears[1], ears[2]])
        box.add_microphone(ears)
        box.image_source_model()
        return box.sources[0].images - ears[:, None], box.sources[0].damping[0]

    here, gains = images_of((0.0, 0.5))
    along_x, _ = images_of((1.0, 0.5))
    along_z, _ = images_of((0.0, 1.5))
    found = []
    for k, gain in enumerate(gains):
        moved = [
            here[axis, k]
            + (along_x[axis, k] - here[axis, k]) * x
            + (along_z[axis, k] - here[axis, k]) * (z - 0.5)
            for axis in range(3)
        ]
        found.append(((moved[0], moved[2], moved[1]), float(gain)))
    return found


def _tail(signal: np.ndarray, distance: np.ndarray, rate: int, acoustics: Acoustics) -> np.ndarray:
    """(2, n) diffuse reverberation, unrelated in both channels: as loud as the direct sound at
    the critical distance, and less from far away (Barron and Lee, 1988: exp(-0.04 r / RT60))."""
    room, count = acoustics.room, len(distance)
    if room is None:
        return np.zeros((2, count))
    rng = np.random.default_rng((acoustics.seed, 2))
    t = np.arange(round(1.2 * room.decay_s * rate)) / rate
    response = rng.normal(size=(2, len(t))) * 10 ** (-3 * t / room.decay_s) * (t > TAIL_AFTER_S)
    response /= np.sqrt((response**2).sum(1, keepdims=True)) * room.critical_m
    sent = np.pad(signal, (0, max(0, count - len(signal))))[:count]
    sent = sent * np.exp(-0.02 * distance / room.decay_s)
    return fftconvolve(sent[None], response, axes=1)[:, :count]


def _pink(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise with 3 dB less an octave, unit RMS."""
    spectrum = np.fft.rfft(rng.normal(size=shape), axis=-1)
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[-1]), 8))
    sound = np.fft.irfft(spectrum, shape[-1], axis=-1)
    return sound / np.sqrt(np.mean(sound**2))


def true_layout(
    sources: list[Source], duration_s: float, frame_count: int = 16, caption: str = ""
) -> VideoSceneLayout:
    """The exact layout of the scene; nearer sources are in front."""
    nearest_last = sorted(sources, key=lambda source: -float(source.path(np.zeros(1))[1][0]))
    return VideoSceneLayout(
        duration_s=duration_s,
        frame_count=frame_count,
        caption=caption,
        reasoning="Simulated: the boxes are where the sources are.",
        objects=[
            _track(index, source, duration_s, frame_count)
            for index, source in enumerate(nearest_last)
        ],
    )


def _track(index: int, source: Source, duration_s: float, frame_count: int) -> ObjectTrack:
    times = np.array([frame_time(k, frame_count, duration_s) for k in range(frame_count)])
    xs, zs = source.path(times)
    boxes = []
    for x, z in zip(xs, zs, strict=True):
        half, per_metre = 0.5 * source.width_m / (2 * HALF_WIDTH * z), ASPECT / (2 * HALF_WIDTH * z)
        centre = float(screen_x(x, z))
        bottom = 0.5 - source.base_m * per_metre
        boxes.append(
            Box(centre - half, bottom - source.height_m * per_metre, centre + half, bottom)
        )
    return ObjectTrack(
        id=index,
        name=source.name,
        appearance=source.appearance,
        start=0,
        end=frame_count - 1,
        keyframes=sparse(boxes, tolerance=0.005),
    )
