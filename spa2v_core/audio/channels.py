"""Two channels as they should have been recorded, before anything is measured in them.

Real channels break what measuring rests on: one is inverted, late, drifting away, dead, or holds
something else. What can be told from the sound is undone for measuring (never for the export) and
said in a note; what can't be told for sure is said with what to choose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .clip import AudioClip
from .signals import high_pass
from .spectra import Spectra, band_sums, stereo_spectra
from .weighted import decibel, weighted_median

#: Under this is no sound to measure: DC, handling, wind and rumble, Hz.
RUMBLE_HZ = 35.0
#: What is taken out below that is said if it was so much louder than the rest, dB.
MUCH_RUMBLE_DB = 3.0
#: A channel that far under the other is dead, dB; nearer it is if it has nothing in common.
DEAD_DB, DEAD_UNRELATED_DB = 50.0, 30.0
#: Largest delay looked for, and the largest that microphones of one pair make, s.
LARGEST_DELAY_S, PAIR_DELAY_S = 0.03, 1.2e-3
#: Length of the blocks that delays are followed in, s, and the band they are read in, Hz.
BLOCK_S, BAND_HZ = 0.5, (150.0, 8000.0)
#: Height of a peak (1: all frequencies agree on a delay) that counts, how much higher than any
#: other explanation it must be, and the height below which channels have nothing in common.
CLEAR, CLEARER, UNRELATED = 0.15, 1.5, 0.05
#: Most that a drifting delay strays from a straight line, s.
STRAY_S = 2e-4
#: Bits a second of linear time code at 24 to 30 frames of 80 bits (SMPTE 12M), most that its level
#: changes, dB, and the correlation of a channel that is something else.
TIMECODE_BITS, EVEN_DB, UNLIKE = (1880.0, 2440.0), 2.0, 0.2


@dataclass(frozen=True)
class Delay:
    """How one channel lies to the other.

    late_s: at the clip's start, how much later than the left the right channel is; drift: how much
    later it gets a second. sign: -1 if one of them is inverted. height: of the peak, 0..1.
    """

    late_s: float
    drift: float
    sign: int
    height: float


def condition(clip: AudioClip, mend: bool = True) -> tuple[AudioClip, tuple[str, ...]]:
    """(the clip to measure, notes): without rumble, and with what is wrong undone.

    mend: look for faults between the channels; else they are taken as they are.
    """
    heard = high_passed(clip)
    notes = _rumble_notes(clip, heard)
    if clip.channels != 2 or not mend or not np.any(heard.samples):
        return heard, tuple(notes)
    one, note = _only_channel(heard)
    if one is not None:
        return heard.with_samples(heard.samples[one : one + 1]), (*notes, note)
    delay, bands = find_delay(heard), _coarse(heard)
    if delay is None:
        return heard, (*notes, *_doubts(heard, bands))
    return _undone(heard, delay), (*notes, *_delay_notes(delay), *_middle_and_side(bands))


def high_passed(clip: AudioClip) -> AudioClip:
    """Without DC and rumble."""
    if clip.rate < 4 * RUMBLE_HZ:
        return clip.with_samples(clip.samples - clip.samples.mean(1, keepdims=True))
    return clip.with_samples(high_pass(clip.samples, clip.rate, RUMBLE_HZ, 6))


def level_of(samples: np.ndarray) -> float:
    """RMS of (channels, n) samples, or of any other shape, dB re full scale."""
    return float(decibel(np.mean(np.square(samples, dtype=np.float64))))


def _rumble_notes(clip: AudioClip, heard: AudioClip) -> list[str]:
    before, after = level_of(clip.samples), level_of(heard.samples)
    if before < -100 or before - after < MUCH_RUMBLE_DB:
        return []
    return [f"a constant offset or rumble under {RUMBLE_HZ:.0f} Hz is left out of what is measured"]


def _only_channel(clip: AudioClip) -> tuple[int | None, str]:
    """(the channel that holds the recording, note) if the other is dead or a time code."""
    names = ("left", "right")
    level = np.array([level_of(samples) for samples in clip.samples])
    quiet = int(level.argmin())
    difference = float(abs(level[0] - level[1]))
    if difference > DEAD_DB or (
        difference > DEAD_UNRELATED_DB and not _related(clip, _coarse(clip))
    ):
        note = f"the {names[quiet]} channel is dead: the {names[1 - quiet]} one is taken as mono"
        return 1 - quiet, f"{note} (channels plain takes both)"
    codes = [is_timecode(samples, clip.rate) for samples in clip.samples]
    if sum(codes) == 1 and abs(float(np.corrcoef(clip.samples)[0, 1])) < UNLIKE:
        code = codes.index(True)
        note = f"the {names[code]} channel is time code: the {names[1 - code]} one is taken"
        return 1 - code, f"{note} as mono"
    return None, ""


def is_timecode(samples: np.ndarray, rate: int) -> bool:
    """Whether (n,) samples are linear time code (SMPTE 12M): biphase marks, so that the signal
    crosses zero after half a bit or a whole bit and after nothing else."""
    edges = np.flatnonzero(np.diff(np.signbit(samples)))
    seconds = len(samples) / rate
    parts = np.array_split(samples, 16)
    if np.ptp([level_of(part) for part in parts]) > EVEN_DB:
        return False
    if not TIMECODE_BITS[0] * 0.9 < len(edges) / seconds < TIMECODE_BITS[1] * 2.1:
        return False
    step = np.diff(edges) / rate
    whole = float(np.quantile(step, 0.8))
    if not 1 / TIMECODE_BITS[1] * 0.9 < whole < 1 / TIMECODE_BITS[0] * 1.1:
        return False
    near = np.minimum(np.abs(step - whole), np.abs(step - whole / 2))
    return float(np.mean(near < whole / 5)) > 0.95


def find_delay(clip: AudioClip) -> Delay | None:
    """How the channels lie to each other, None if they have nothing in common.

    By GCC-PHAT (Knapp and Carter, 1976) of both signs, in blocks: a delay that lasts is as high
    in their mean as in each block; one that drifts is a straight line through the blocks' own.
    """
    lags, blocks, weight = _correlations(clip)
    mean = weight @ blocks / max(float(weight.sum()), 1e-12)
    if np.abs(mean).max() < CLEAR:
        return _drift(lags, blocks, weight)
    pair = np.abs(lags) <= PAIR_DELAY_S
    inside, outside = np.abs(mean[pair]).max(), np.abs(mean[~pair]).max()
    late = 0.0
    if outside > CLEARER * inside:
        late = float(lags[~pair][np.abs(mean[~pair]).argmax()])
        pair = np.abs(lags - late) <= PAIR_DELAY_S
    drifting = _drift(lags, blocks, weight)
    if drifting is not None and drifting.height > CLEARER * max(inside, outside):
        return drifting
    inverted = -mean[pair].min() > max(CLEARER * mean[pair].max(), CLEAR)
    return Delay(late, 0.0, -1 if inverted else 1, float(np.abs(mean[pair]).max()))


def _correlations(clip: AudioClip) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(lags (L,) s that the right channel is late, (K, L) GCC-PHAT of K blocks, their weight)."""
    size = min(round(BLOCK_S * clip.rate), clip.samples.shape[1])
    count = clip.samples.shape[1] // size
    parts = clip.samples[:, : count * size].reshape(2, count, size)
    length = 2 ** int(np.ceil(np.log2(size + LARGEST_DELAY_S * clip.rate)))
    left, right = np.fft.rfft(parts * np.hanning(size).astype(np.float32), length, axis=-1)
    frequencies = np.fft.rfftfreq(length, 1 / clip.rate)
    cross = right * left.conj()
    power = np.abs(cross)
    audible = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    audible = audible & (power > 1e-4 * power.max(1, keepdims=True))
    phase = np.where(audible, cross / np.maximum(power, 1e-20), 0)
    peaks = np.fft.irfft(phase, length, axis=1) * length / 2
    peaks /= np.maximum(audible.sum(1, keepdims=True), 1)
    reach = min(round(LARGEST_DELAY_S * clip.rate), length // 2 - 1)
    around = np.concatenate([peaks[:, -reach:], peaks[:, : reach + 1]], axis=1)
    loudness = np.square(parts, dtype=np.float64).mean((0, 2))
    weight = np.where(loudness > 1e-4 * loudness.max(), loudness**0.3, 0.0)
    return np.arange(-reach, reach + 1) / clip.rate, around, weight


def _drift(lags: np.ndarray, blocks: np.ndarray, weight: np.ndarray) -> Delay | None:
    """A delay that grows or shrinks steadily beyond what one pair of microphones makes."""
    highest = np.abs(blocks).argmax(1)
    height = np.abs(blocks)[np.arange(len(blocks)), highest]
    sure = (weight > 0) & (height > CLEAR)
    if sure.sum() < 4:
        return None
    t = ((np.arange(len(blocks)) + 0.5) * BLOCK_S)[sure]
    lag = lags[highest][sure]
    first, second = np.triu_indices(len(t), 1)
    slope = float(np.median((lag[second] - lag[first]) / (t[second] - t[first])))  # Theil, 1950
    offset = float(np.median(lag - slope * t))
    close = np.abs(lag - offset - slope * t) < STRAY_S
    ends = offset, offset + slope * len(blocks) * BLOCK_S
    if close.mean() < 0.7 or max(map(abs, ends)) < PAIR_DELAY_S:
        return None
    if abs(ends[1] - ends[0]) < 2 * STRAY_S:
        return None
    value = blocks[np.arange(len(blocks)), highest][sure][close]
    return Delay(offset, slope, 1 if np.median(value) > 0 else -1, float(np.median(np.abs(value))))


def _undone(clip: AudioClip, delay: Delay) -> AudioClip:
    """The channels turned and moved onto each other, alike for both; nothing where one ends."""
    left, right = clip.samples[0], clip.samples[1] * np.float32(delay.sign)
    if delay.drift:
        return clip.with_samples(_drawn_together(left, right, delay, clip.rate))
    late = round(delay.late_s * clip.rate)
    moved = np.zeros_like(clip.samples)
    count = len(left) - abs(late)
    moved[0, :count] = left[max(-late, 0) :][:count]
    moved[1, :count] = right[max(late, 0) :][:count]
    return clip.with_samples(moved)


def _drawn_together(left: np.ndarray, right: np.ndarray, delay: Delay, rate: int) -> np.ndarray:
    """(2, n) with a growing delay taken half from each."""
    from scipy.ndimage import map_coordinates

    n = np.arange(len(left))
    late = n * delay.drift + delay.late_s * rate
    moved = [
        map_coordinates(side, (n + way * late / 2)[None], order=3, mode="constant")
        for side, way in ((left, -1), (right, 1))
    ]
    return np.stack(moved)


def _delay_notes(delay: Delay) -> list[str]:
    notes = []
    if delay.sign < 0:
        notes.append("one channel is inverted: it is turned back for measuring")
    late = "right" if delay.late_s > 0 else "left"
    if delay.drift:
        notes.append(
            f"the channels drift apart by {1000 * abs(delay.drift):.2f} ms a second: "
            "this is undone for measuring"
        )
    elif delay.late_s:
        notes.append(
            f"the {late} channel is {1000 * abs(delay.late_s):.1f} ms late throughout: "
            "this is undone for measuring"
        )
    return notes


def _middle_and_side(bands: Spectra) -> list[str]:
    """A note if the second channel looks like a side signal: always the softer, and with the same
    sound now in phase and now out of phase."""
    power = bands.left + bands.right
    weight = np.where(power > 1e-4 * power.max(), power**0.3, 0.0)
    alike = weight * (np.abs(bands.cross) > 0.6 * np.sqrt(bands.left * bands.right))
    in_phase = np.abs(bands.cross.real) > 0.9 * np.abs(bands.cross)

    def share(part: np.ndarray, of: np.ndarray) -> float:
        return float((of * part).sum() / max(float(of.sum()), 1e-12))

    turned = share(bands.cross.real < 0, alike * in_phase)
    softer = share(bands.right < bands.left, weight)
    likely = alike.sum() > 0.25 * weight.sum() and share(in_phase, alike) > 0.8
    if likely and 0.1 < turned < 0.9 and softer > 0.95:
        return ["the channels may be middle and side: if so choose channels mid-side"]
    return []


def _doubts(clip: AudioClip, bands: Spectra) -> list[str]:
    """Notes on channels that have no delay in common."""
    found = _middle_and_side(bands)
    if found or _related(clip, bands):
        return found
    return [
        "the channels have nothing in common: if one of them is not part of the recording "
        "choose channels left or right"
    ]


def _related(clip: AudioClip, bands: Spectra) -> bool:
    """Whether anything is in both channels: a delay, or the low frequencies, which reach
    microphones of any pair alike, or the same rises and falls of level."""
    _, blocks, weight = _correlations(clip)
    if np.abs(weight @ blocks).max() > UNRELATED * max(float(weight.sum()), 1e-12):
        return True
    low = slice(0, 3)
    together = np.abs(bands.cross[low].sum(1))
    apart = np.sqrt(bands.left[low].sum(1) * bands.right[low].sum(1))
    if float(weighted_median(together / np.maximum(apart, 1e-20), apart + 1e-20)) > 0.35:
        return True
    one, other = (decibel(side.sum(0) + 1e-12) for side in (bands.left, bands.right))
    return bool(np.std(one) > 1 and np.std(other) > 1 and np.corrcoef(one, other)[0, 1] > 0.5)


def _coarse(clip: AudioClip) -> Spectra:
    """Twelve bands from 60 Hz to 10 kHz in 64 slots."""
    edges = tuple(float(f) for f in np.geomspace(60, 10_000, 13))
    return band_sums(stereo_spectra(clip, 64)[0], edges)
